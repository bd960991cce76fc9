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

    @Option(help: ArgumentHelp("The policy; SNAPFERRY_POLICY, or the SNAPFERRY_… variables.", valueName: "file"))
    var policy: String?

    @Flag(help: "Allow plain http endpoints beyond this machine.")
    var allowPlaintext = false

    /// Reads the settings, flags first, and finds out whose credentials these are.
    ///
    /// - Throws: ``LookFailure`` in words that say what to change.
    func bridge() async throws -> OperatorBridge {
        let environment = ProcessInfo.processInfo.environment
        guard let queueURL = Self.first(self.queueURL, environment["SNAPFERRY_QUEUE_URL"]) else {
            throw LookFailure("no job queue: set SNAPFERRY_QUEUE_URL, or pass --queue-url")
        }
        let isFree = self.allowPlaintext || environment["SNAPFERRY_ALLOW_PLAINTEXT"] == "true"
        do {
            let path = Self.first(self.policy, environment["SNAPFERRY_POLICY"])
            let policy = try PolicySource.read(path: path, environment: environment)
            let session = try await AWSConnection.session(
                environment: environment,
                queueURL: queueURL,
                allowsPlaintext: isFree,
                logger: Logger(label: "snapferry") { _ in SwiftLogNoOpLogHandler() }
            )
            let account = try await session.accountID()
            return OperatorBridge(
                session: session,
                account: account,
                sqs: try session.sqs(region: QueueURL.region(of: queueURL) ?? session.region),
                policy: try policy.resolved(ownAccount: account),
                queueURL: queueURL,
                deadLetterURL: Self.first(environment["SNAPFERRY_DEAD_LETTER_QUEUE_URL"])
            )
        } catch {
            throw LookFailure("\(error)")
        }
    }

    private static func first(_ texts: String?...) -> String? {
        texts.compactMap(\.self).first { !$0.isEmpty }
    }
}

/// Where an operator's command stands: the session, the queue, and the policy with its accounts filled in.
struct OperatorBridge: Sendable {
    let session: AWSSession
    /// The account of the session's credentials.
    let account: String
    let sqs: SQSClient
    let policy: Policy
    let queueURL: String
    /// `nil` takes the queue that the job queue's redrive policy names.
    let deadLetterURL: String?
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
