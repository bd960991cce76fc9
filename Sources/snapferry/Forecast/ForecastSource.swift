// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import Logging
import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A question for a forecast, and what is to be known about where it came from.
struct ForecastOutlook: Sendable {
    var question: ForecastQuestion
    /// Whether RDS was asked; else the databases are those of a file.
    var isOfAccount: Bool
    /// Databases without backups, which have nothing to copy.
    var withoutBackups: [String] = []
    /// What could not be looked at, and why, one line each.
    var problems: [String] = []
}

/// Where a forecast's question comes from.
struct ForecastSource: Sendable {
    var file: String?
    var policy: String?
    /// The fleet's own account where no credentials tell.
    var account: String
    /// Quotas other than the policy's.
    var slots: [SnapshotKind: Int]
    var start: Instant
    var days: Int
    var rpo: Duration?
    /// In GiB an hour.
    var assumedSpeed: Double
    var overhead: Duration
    var allowsPlaintext: Bool

    /// Reads the file, or asks RDS.
    ///
    /// - Throws: ``LookFailure`` in words that say what to change.
    func look() async throws -> ForecastOutlook {
        let environment = ProcessInfo.processInfo.environment
        let policy: Policy
        do {
            let path = [self.policy, environment["SNAPFERRY_POLICY"]].compactMap(\.self).first { !$0.isEmpty }
            policy = self.withSlots(try PolicySource.read(path: path, environment: environment))
        } catch {
            throw LookFailure("\(error)")
        }
        if let file { return try self.read(file, policy) }
        do {
            let isFree = self.allowsPlaintext || environment["SNAPFERRY_ALLOW_PLAINTEXT"] == "true"
            let session = try await AWSConnection.session(
                environment: environment,
                allowsPlaintext: isFree,
                logger: Logger(label: "snapferry") { _ in SwiftLogNoOpLogHandler() }
            )
            let account = try await session.accountID()
            let resolved = try policy.resolved(ownAccount: account)
            let service = try RDSSnapshotService(session: session, ownAccount: account, policy: resolved)
            return await ForecastSurvey(source: self, policy: resolved, account: account, service: service).look()
        } catch {
            throw LookFailure("\(error)")
        }
    }

    func question(
        _ policy: Policy,
        account: String,
        _ databases: [ForecastDatabase],
        pace: ForecastPace
    )
        -> ForecastQuestion
    {
        let databases = databases.map { database in
            var database = database
            database.rpo = database.rpo ?? self.rpo
            return database
        }
        return ForecastQuestion(
            policy: policy,
            ownAccount: account,
            databases: databases,
            pace: pace,
            start: self.start,
            days: self.days
        )
    }

    private func read(_ file: String, _ policy: Policy) throws(LookFailure) -> ForecastOutlook {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw LookFailure("the file \(file) can't be read")
        }
        do {
            let databases = try ForecastFile.read(Array(data), account: self.account)
            let pace = ForecastPace(gibibytesPerHour: self.assumedSpeed, overhead: self.overhead)
            let resolved = try policy.resolved(ownAccount: self.account)
            let question = self.question(resolved, account: self.account, databases, pace: pace)
            return ForecastOutlook(question: question, isOfAccount: false)
        } catch let problem as ForecastFile.Problem {
            throw LookFailure("\(file): \(problem)")
        } catch {
            throw LookFailure("\(error)")
        }
    }

    private func withSlots(_ policy: Policy) -> Policy {
        var policy = policy
        for route in policy.routes.indices {
            for rule in policy.routes[route].destinations.indices {
                policy.routes[route].destinations[rule].slots.merge(self.slots) { _, new in new }
            }
        }
        return policy
    }
}
