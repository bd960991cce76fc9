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

/// What commands for operators have in common: which queue, which policy.
struct OperatorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The job queue; SNAPFERRY_QUEUE_URL by default.", valueName: "url"))
    var queueURL: String?

    @Option(
        help: ArgumentHelp(
            "The policy, - for standard input; SNAPFERRY_POLICY, or the SNAPFERRY_… variables.",
            valueName: "file"
        )
    )
    var policy: String?

    @Flag(help: "Allow plain http endpoints beyond this machine.")
    var allowPlaintext = false

    /// Reads the settings, flags first, and finds out whose credentials these are.
    ///
    /// - Throws: ``LookFailure`` in words that say what to change.
    func bridge() async throws -> OperatorBridge {
        guard let queueURL = self.givenQueueURL else {
            throw LookFailure("no job queue: set SNAPFERRY_QUEUE_URL, or pass --queue-url")
        }
        let post = try await self.post()
        do {
            return OperatorBridge(
                session: post.session,
                account: post.account,
                sqs: try post.session.sqs(region: QueueURL.region(of: queueURL) ?? post.homeRegion),
                policy: post.policy,
                queueURL: queueURL,
                queueRegion: QueueURL.region(of: queueURL) ?? post.homeRegion,
                deadLetterURL: Self.first(ProcessInfo.processInfo.environment["SNAPFERRY_DEAD_LETTER_QUEUE_URL"]),
                slotTable: Self.first(ProcessInfo.processInfo.environment["SNAPFERRY_SLOT_TABLE"])
            )
        } catch {
            throw LookFailure("\(error)")
        }
    }

    /// The same for a command that has no use for the queue.
    ///
    /// - Throws: ``LookFailure`` in words that say what to change.
    func post() async throws -> OperatorPost {
        let environment = ProcessInfo.processInfo.environment
        let isFree = self.allowPlaintext || environment["SNAPFERRY_ALLOW_PLAINTEXT"] == "true"
        do {
            let path = Self.first(self.policy, environment["SNAPFERRY_POLICY"])
            let policy = try PolicySource.read(path: path, environment: environment)
            let session = try await AWSConnection.session(
                environment: environment,
                queueURL: self.givenQueueURL,
                allowsPlaintext: isFree,
                logger: Logger(label: "snapferry") { _ in SwiftLogNoOpLogHandler() }
            )
            let caller = try await OwnAccount.find(
                from: session,
                elsewhere: policy.routes.flatMap(\.destinations).map(\.region)
            )
            return OperatorPost(
                session: caller.session,
                account: caller.account,
                policy: try policy.resolved(ownAccount: caller.account),
                homeRegion: session.region
            )
        } catch {
            throw LookFailure("\(error)")
        }
    }

    /// The destinations that `--to` means: a Region, or an account and a Region; all of the policy's without it.
    ///
    /// - Throws: ``LookFailure`` where the policy has no such destination.
    func destinations(to: String?, of policy: Policy) throws(LookFailure) -> [Destination] {
        guard let to else { return policy.destinations }
        let parts = to.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let wanted = policy.destinations.filter { destination in
            destination.region == parts.last && (parts.count == 1 || destination.account == parts[0])
        }
        if wanted.isEmpty {
            let known = policy.destinations.map(\.description).joined(separator: ", ")
            throw LookFailure("\(to) is no destination of the policy, which has \(known)")
        }
        return wanted
    }

    /// The job queue that a flag or the environment names; `nil` when neither does.
    var givenQueueURL: String? {
        Self.first(self.queueURL, ProcessInfo.processInfo.environment["SNAPFERRY_QUEUE_URL"])
    }

    private static func first(_ texts: String?...) -> String? {
        texts.compactMap(\.self).first { !$0.isEmpty }
    }
}

/// Where an operator's command stands: the session, and the policy with its accounts filled in.
struct OperatorPost: Sendable {
    let session: AWSSession
    /// The account of the session's credentials.
    let account: String
    let policy: Policy
    /// The Region that the environment names, also when STS had to be asked in another one.
    var homeRegion: String
}

/// Where an operator's command about the queue stands: the session, the queue, and the policy with its accounts filled in.
struct OperatorBridge: Sendable {
    let session: AWSSession
    /// The account of the session's credentials.
    let account: String
    let sqs: SQSClient
    let policy: Policy
    let queueURL: String
    let queueRegion: String
    /// `nil` takes the queue that the job queue's redrive policy names.
    let deadLetterURL: String?
    /// The DynamoDB table that the fleet shares its slots in, in the queue's Region; `nil` where there is none.
    var slotTable: String?

    /// The same without the queue.
    var post: OperatorPost {
        OperatorPost(
            session: self.session,
            account: self.account,
            policy: self.policy,
            homeRegion: self.queueRegion
        )
    }

}

extension OperatorBridge {
    /// The URL of the dead-letter queue: what the settings name, or else the job queue's redrive policy; `nil` where
    /// neither does.
    func findDeadLetterQueue() async throws(AWSError) -> String? {
        if let url = self.deadLetterURL { return url }
        let attributes = try await self.sqs.getQueueAttributes(queueURL: self.queueURL, names: ["RedrivePolicy"])
        guard let redrive = attributes["RedrivePolicy"].flatMap({ RedrivePolicy($0) }) else { return nil }
        return try await self.sqs.getQueueURL(name: redrive.queueName, owner: redrive.account)
    }
}

/// Why a command could not look, in one line that says what to change.
struct LookFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Says so on standard error; exit status 2.
    var exit: ExitCode {
        LineOutput.standardError.write("snapferry: \(self.description)")
        return ExitCode(2)
    }
}
