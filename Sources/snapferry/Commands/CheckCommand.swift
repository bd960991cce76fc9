// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import Logging
import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `snapferry check`: what would fail, before the first event does.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Looks at everything that copies need, in every account of the policy, and says what would fail and why.",
        discussion: """
            The policy's own mistakes first; then the credentials and roles, the queue and its dead-letter queue, the table of \
            slots, each key at its place, option groups, the keys that databases are under, room for manual snapshots, and what \
            retention will keep of it. Reads and changes nothing. What can't be looked at is named, and hides nothing else.

            Beside what workers may do it asks for rds:DescribeDBInstances and rds:DescribeDBClusters at the sources, and \
            rds:DescribeAccountAttributes and rds:DescribeOptionGroups at the destinations; without one of them it knows less.

            Examples:
              snapferry check                            everything
              snapferry check --problems                 only what is not fine
              snapferry check --json | jq '.findings[] | select(.severity == "error")'

            Exit status: 0; 1 when something would fail; 2 when something could not be looked at.
            """
    )

    @OptionGroup var options: OperatorOptions

    @Option(help: ArgumentHelp("The table of slots; SNAPFERRY_SLOT_TABLE by default.", valueName: "name"))
    var slotTable: String?

    @Flag(help: "Leave out what is fine.")
    var problems = false

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let findings: [Finding]
        do {
            findings = try await self.look()
        } catch let failure as LookFailure {
            throw failure.exit
        }
        let page = CheckPage(findings: findings)
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else {
            let isTerminal = TerminalWindow.isTerminal
            let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
            let width = isTerminal ? TerminalWindow.current.width : 160
            for line in page.lines(width: width, problemsOnly: self.problems) {
                LineOutput.standardOutput.write(line.rendered(style))
            }
        }
        if findings.exitStatus != 0 { throw ExitCode(findings.exitStatus) }
    }

    private func look() async throws -> [Finding] {
        let environment = ProcessInfo.processInfo.environment
        do {
            let policy = try self.readPolicy(environment)
            let session = try await AWSConnection.session(
                environment: environment,
                queueURL: self.options.givenQueueURL,
                allowsPlaintext: self.options.allowPlaintext || environment["SNAPFERRY_ALLOW_PLAINTEXT"] == "true",
                logger: Logger(label: "snapferry") { _ in SwiftLogNoOpLogHandler() }
            )
            let identity = try await session.sts(region: session.region).getCallerIdentity()
            let survey = PreflightSurvey(
                session: session,
                policy: try policy.resolved(ownAccount: identity.account),
                identity: identity,
                queueURL: self.options.givenQueueURL,
                deadLetterURL: Self.given(environment["SNAPFERRY_DEAD_LETTER_QUEUE_URL"]),
                slotTable: Self.given(self.slotTable) ?? Self.given(environment["SNAPFERRY_SLOT_TABLE"])
            )
            var facts = await survey.look()
            facts.doubts = PolicyDoubts(policy).doubts
            return Preflight.findings(facts)
        } catch let error as PolicyError {
            return Preflight.findings(error)
        } catch let failure as LookFailure {
            throw failure
        } catch {
            throw LookFailure("\(error)")
        }
    }

    /// Reads the policy; unlike other commands this one tells of its mistakes as findings.
    private func readPolicy(_ environment: [String: String]) throws -> Policy {
        let path = Self.given(self.options.policy) ?? environment["SNAPFERRY_POLICY"]
        if let text = try PolicySource.text(path: path, input: PolicySource.standardInput) {
            return try PolicyDocument.parse(text.bytes, source: text.name)
        }
        guard let policy = try Policy.fromEnvironment(environment) else { throw LookFailure(PolicySource.nothing) }
        return policy
    }

    private static func given(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
