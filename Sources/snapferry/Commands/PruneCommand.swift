// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry prune`: retention, planned or carried out.
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Shows which copies the policy's retention keeps and which it lets go, and with --yes deletes those.",
        discussion: """
            Only copies that carry the fleet's tag under the fleet's own name are ever touched. The newest available copy of a \
            database always stays, and so do as many as the route's minimum; a copy that is not available neither goes nor \
            counts. Tag a copy snapferry:hold to keep it. At each destination a run deletes at most maxDeletesPerRun copies of \
            a route, those of the oldest data first, and looks at each database once more right before.

            Examples:
              snapferry prune                            what would stay, and what would go
              snapferry prune --deletions                only what would go
              snapferry prune --to eu-west-1 --yes       delete it, at one destination
              snapferry prune --json | jq .copies        for programs

            Exit status: 0; 1 when something that should go could not be deleted, or no route has a retention; 2 when \
            something could not be looked at.
            """
    )

    @Option(
        help: ArgumentHelp(
            "One destination alone: a Region, or an account and a Region.",
            valueName: "[account/]region"
        )
    )
    var to: String?

    @Flag(help: "Leave out what stays.")
    var deletions = false

    @Flag(help: "Delete what goes.")
    var yes = false

    @Flag(help: "Print JSON: the plan as one document, then with --yes a line for each deletion.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func run() async throws {
        do {
            let post = try await self.options.post()
            let time: any TimeSource = self.clock?.time ?? SystemTimeSource()
            let status = try await self.prune(post, by: time)
            if status != 0 { throw ExitCode(status) }
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as AWSError {
            throw LookFailure("\(error)").exit
        }
    }

    /// - Returns: The exit status.
    private func prune(_ post: OperatorPost, by time: any TimeSource) async throws -> Int32 {
        let service = try RDSSnapshotService(session: post.session, ownAccount: post.account, policy: post.policy)
        let pruner = Pruner(shelf: service, policy: post.policy)
        guard pruner.hasRules else {
            LineOutput.standardError.write("snapferry: no route of the policy has a retention: every copy is kept")
            return 1
        }
        let destinations = try self.options.destinations(to: self.to, of: post.policy)
        var page = PrunePage(now: time.now())
        for destination in destinations {
            do {
                page.plans.append(try await pruner.plan(at: destination, now: page.now))
            } catch {
                page.problems.append("\(destination): \(error)")
            }
        }
        self.show(page)
        var refused = 0
        if self.yes {
            for plan in page.plans {
                do {
                    try await pruner.apply(plan, by: time) { copy, outcome in
                        if case .refused = outcome { refused += 1 }
                        let line = PruneLine(copy: copy, outcome: outcome, at: time.now())
                        LineOutput.standardOutput.write(self.json ? line.document.description : line.text)
                    }
                } catch {
                    page.problems.append("\(plan.destination): \(error)")
                }
            }
        }
        for problem in page.problems { LineOutput.standardError.write("snapferry: could not look: \(problem)") }
        return page.problems.isEmpty ? (refused > 0 ? 1 : 0) : 2
    }

    private func show(_ page: PrunePage) {
        if self.json {
            LineOutput.standardOutput.write(page.document(deletionsOnly: self.deletions).description)
            return
        }
        let isTerminal = TerminalWindow.isTerminal
        let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
        let width = isTerminal ? TerminalWindow.current.width : 160
        for line in page.lines(width: width, deletionsOnly: self.deletions) {
            LineOutput.standardOutput.write(line.rendered(style))
        }
        if !self.yes, page.plans.contains(where: { !$0.deletions.isEmpty }) {
            LineOutput.standardOutput.write("Nothing is deleted yet; --yes deletes.")
        }
    }
}
