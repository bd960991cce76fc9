// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Asks RDS, the slot table and the queues about one snapshot; reads, and changes nothing.
struct ExplainSurvey: Sendable {
    /// How many dead letters are read at the most.
    private static let mostLetters = 500

    let post: OperatorPost
    let service: RDSSnapshotService
    /// `nil` where no table is shared.
    let ledger: DynamoDBSlotLedger?
    /// `nil` where no queue is named.
    let bridge: OperatorBridge?
    /// Whether dead letters are read one by one.
    let readsLetters: Bool

    /// Finds what an operator calls a snapshot by its identifier alone.
    ///
    /// - Parameters:
    ///   - identifier: With `rds:`, where it has one.
    ///   - regions: Where to look.
    ///   - kinds: Which kinds to ask for.
    /// - Returns: All that bear the name, in order.
    /// - Throws: What RDS refuses.
    func find(_ identifier: String, in regions: [String], kinds: [SnapshotKind]) async throws -> [Snapshot] {
        var found: [Snapshot] = []
        for region in regions.sorted() {
            for kind in kinds {
                let arn = SnapshotARN(
                    partition: RegionName.partition(of: region) ?? "aws",
                    region: region,
                    account: self.post.account,
                    kind: kind,
                    identifier: identifier
                )
                found += try await self.service.describe([arn], in: SourceGroup(arn))
            }
        }
        return found
    }

    func describe(_ arn: SnapshotARN) async throws -> Snapshot? {
        try await self.service.describe([arn], in: SourceGroup(arn)).first { $0.arn == arn }
    }

    func report(on arn: SnapshotARN, _ snapshot: Snapshot?) async -> ExplainReport {
        var report = ExplainReport(arn, snapshot: snapshot, policy: self.post.policy)
        for index in report.places.indices {
            let place = report.places[index]
            do {
                let found = try await self.service.describeTargets([place.target], in: place.pool)
                report.places[index].standing = ExplainReport.standing(of: place.target, copyOf: arn, among: found)
            } catch {
                report.problems.append("\(place.pool): \(error)")
            }
            guard let ledger = self.ledger, place.plan != nil else { continue }
            do throws(AWSError) {
                let limit = self.post.policy.usableSlots(in: place.pool)
                let item = try await ledger.slot(of: place.target, in: place.pool, limit: limit)
                report.places[index].slot = item.map { .held($0) } ?? .free
            } catch {
                report.problems.append("the slots of \(place.pool): \(error)")
            }
        }
        await self.addLetters(to: &report)
        return report
    }

    // MARK: - Dead letters

    private func addLetters(to report: inout ExplainReport) async {
        guard let bridge = self.bridge else { return }
        do {
            guard let url = try await bridge.findDeadLetterQueue() else { return }
            let queue = SQSDeadLetterQueue(sqs: bridge.sqs, url: url, account: bridge.account)
            let standing = try await queue.standing()
            report.deadLetterCount = standing.visible + standing.hidden
            if report.deadLetterCount == 0 {
                report.letters = []
            } else if self.readsLetters {
                let found = try await DeadLetterLook(queue, limit: Self.mostLetters, isQuick: true).entries()
                report.letters = found.entries.filter { Self.concerns($0, report.arn) }.map(ExplainReport.Letter.init)
            }
        } catch {
            report.problems.append("the dead-letter queue: \(error)")
        }
    }

    /// Whether a letter is about a snapshot; one that was never planned names it only in its event.
    private static func concerns(_ letter: DeadLetterEntry, _ arn: SnapshotARN) -> Bool {
        letter.source == arn || letter.body.contains("\"\(arn)\"")
    }
}

extension ExplainReport.Letter {
    fileprivate init(_ entry: DeadLetterEntry) {
        self.init(
            reason: entry.cause.name.excerpt(60),
            detail: entry.detail.excerpt(300),
            destination: (entry.destination?.description ?? "").excerpt(100)
        )
    }
}
