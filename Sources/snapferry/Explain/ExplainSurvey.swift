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
        do throws(AWSError) {
            guard let url = try await Self.deadLetterURL(bridge) else { return }
            let attributes = try await bridge.sqs.getQueueAttributes(queueURL: url, names: QueueDepth.attributeNames)
            let depth = QueueDepth(attributes: attributes)
            report.deadLetterCount = depth.visible + depth.inFlight + depth.delayed
            if depth.isEmpty {
                report.letters = []
            } else if self.readsLetters {
                report.letters = try await Self.letters(about: report.arn, url, bridge.sqs)
            }
        } catch {
            report.problems.append("the dead-letter queue: \(error)")
        }
    }

    private static func deadLetterURL(_ bridge: OperatorBridge) async throws(AWSError) -> String? {
        if let url = bridge.deadLetterURL { return url }
        let attributes = try await bridge.sqs.getQueueAttributes(queueURL: bridge.queueURL, names: ["RedrivePolicy"])
        guard let redrive = attributes["RedrivePolicy"].flatMap({ RedrivePolicy($0) }) else { return nil }
        return try await bridge.sqs.getQueueURL(name: redrive.queueName, owner: redrive.account)
    }

    /// Reads dead letters, which nobody else sees for half a minute.
    private static func letters(
        about arn: SnapshotARN,
        _ url: String,
        _ sqs: SQSClient
    ) async throws(AWSError) -> [ExplainReport.Letter] {
        var seen: Set<String> = []
        var letters: [ExplainReport.Letter] = []
        while seen.count < Self.mostLetters {
            let messages = try await sqs.receiveMessage(
                queueURL: url,
                wait: .zero,
                visibilityTimeout: .seconds(30)
            )
            let fresh = messages.filter { seen.insert($0.messageID).inserted }
            guard !fresh.isEmpty else { break }
            for message in fresh {
                let value = { (name: String) in message.messageAttributes[name]?.stringValue ?? "" }
                guard value(DeadLetterAttribute.source) == arn.description || message.body.contains("\"\(arn)\"")
                else { continue }
                letters.append(
                    ExplainReport.Letter(
                        reason: value(DeadLetterAttribute.reason).excerpt(60),
                        detail: value(DeadLetterAttribute.detail).excerpt(300),
                        destination: value(DeadLetterAttribute.destination).excerpt(100)
                    )
                )
            }
        }
        return letters
    }
}
