// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `snapferry explain`: why a snapshot was, or was not, copied.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows each route with each of its tests on a snapshot, and where its copies stand.",
        discussion: """
            Reads and changes nothing. Takes an ARN, or an identifier, which is looked for in the source Regions of the \
            policy. Tells for each destination under which name the copy is, or would be, how far it is, and with a shared \
            slot table whether it holds a slot. --dead-letters reads the dead-letter queue, whose messages nobody else sees \
            meanwhile.

            Examples:
              snapferry explain rds:orders-2026-11-21-03-10
              snapferry explain orders-before-upgrade --region us-east-1 --kind cluster
              snapferry explain arn:aws:rds:us-east-1:111122223333:snapshot:orders --json

            Exit status: 0 when a route takes it and every copy is there or on its way; 1 when not, or there is no such \
            snapshot; 2 when something could not be looked at.
            """
    )

    @Argument(help: "The snapshot's ARN, or its identifier.")
    var snapshot: String

    @Option(help: "Where to look for an identifier; the source Regions of the policy by default.")
    var region: String?

    @Option(help: "Which kind to look for, instance or cluster; both by default.")
    var kind: KindOption?

    @Flag(help: "Look for the snapshot in the dead-letter queue.")
    var deadLetters = false

    @Flag(help: "Print one JSON document for each snapshot found.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        if let region = self.region, RegionName.partition(of: region) == nil {
            throw ValidationError("--region \(region.excerpt()) is no Region; write a name like us-east-1")
        }
    }

    func run() async throws {
        do {
            let time: any TimeSource = self.clock?.time ?? SystemTimeSource()
            let survey = try await self.survey(time)
            let reports = try await self.reports(survey)
            guard !reports.isEmpty else {
                LineOutput.standardError.write("snapferry: there is no snapshot \(self.snapshot.excerpt()) here")
                throw ExitCode(1)
            }
            var status: Int32 = 0
            for report in reports {
                self.show(ExplainPage(report: report, now: time.now()))
                status = max(status, report.exitStatus)
            }
            if status != 0 { throw ExitCode(status) }
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as AWSError {
            throw LookFailure("\(error)").exit
        }
    }

    private func survey(_ time: any TimeSource) async throws -> ExplainSurvey {
        let hasQueue = self.options.givenQueueURL != nil
        let bridge = hasQueue ? try await self.options.bridge() : nil
        let post: OperatorPost
        if let bridge { post = bridge.post } else { post = try await self.options.post() }
        var ledger: DynamoDBSlotLedger?
        if let table = ProcessInfo.processInfo.environment["SNAPFERRY_SLOT_TABLE"], !table.isEmpty {
            // The table is in the queue's Region.
            let region = bridge.flatMap { QueueURL.region(of: $0.queueURL) } ?? post.homeRegion
            ledger = DynamoDBSlotLedger(
                dynamoDB: try post.session.dynamoDB(region: region),
                table: table,
                settings: SlotTable.Settings(owner: "explain"),
                notifier: Nobody(),
                time: time
            )
        }
        return ExplainSurvey(
            post: post,
            service: try RDSSnapshotService(session: post.session, ownAccount: post.account, policy: post.policy),
            ledger: ledger,
            bridge: bridge,
            readsLetters: self.deadLetters
        )
    }

    private func reports(_ survey: ExplainSurvey) async throws -> [ExplainReport] {
        if let arn = SnapshotARN(self.snapshot) {
            return [await survey.report(on: arn, try await survey.describe(arn))]
        }
        if self.snapshot.hasPrefix("arn:") {
            throw LookFailure("\(self.snapshot.excerpt()) is no ARN of a snapshot")
        }
        let regions = self.region.map { [$0] } ?? Set(survey.post.policy.routes.flatMap(\.source.regions)).sorted()
        let kinds = self.kind.map { [$0.kind] } ?? SnapshotKind.allCases
        var reports: [ExplainReport] = []
        for snapshot in try await survey.find(self.snapshot, in: regions, kinds: kinds) {
            reports.append(await survey.report(on: snapshot.arn, snapshot))
        }
        return reports
    }

    private func show(_ page: ExplainPage) {
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else {
            let isTerminal = TerminalWindow.isTerminal
            let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
            let width = isTerminal ? TerminalWindow.current.width : 200
            for line in page.lines(width: width) { LineOutput.standardOutput.write(line.rendered(style)) }
        }
        for problem in page.report.problems {
            LineOutput.standardError.write("snapferry: could not look: \(problem)")
        }
    }
}

/// A kind of snapshot, as people name it.
struct KindOption: ExpressibleByArgument, Sendable {
    let kind: SnapshotKind

    init?(argument: String) {
        guard let kind = SnapshotKind(rawValue: argument) else { return nil }
        self.kind = kind
    }
}

/// Is told of renewals, of which there are none.
private struct Nobody: Notifier {
    func notify(_ event: FleetEvent, at now: Instant) {}
}
