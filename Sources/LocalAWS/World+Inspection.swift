// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// A look at the world from outside, past every service's own rules: nothing changes by it.
extension World {
    /// A message, wherever it stands.
    package struct MessageSight: Sendable {
        /// Names the message over all queues, and for ever.
        package let number: UInt64
        package let body: String
        package let receiveCount: Int
        /// Whether anybody could receive it now.
        package let isVisible: Bool
        /// Whether a redrive policy brought it here.
        package let isRedriven: Bool
        /// The message attributes that are text.
        package let attributes: [String: String]
    }

    /// A snapshot, as far as it matters to a copy.
    package struct SnapshotSight: Sendable {
        private let snapshot: RDSSnapshot

        init(_ snapshot: RDSSnapshot) { self.snapshot = snapshot }

        package var identifier: String { self.snapshot.identifier }
        package var account: String { self.snapshot.name.place.account }
        package var region: String { self.snapshot.name.place.region }
        package var arn: String { self.snapshot.arn }
        package var database: String { self.snapshot.database }
        /// `manual`, `automated` or `awsbackup`.
        package var type: String { self.snapshot.type }
        package var status: String { self.snapshot.status }
        package var created: Instant { self.snapshot.created }
        /// When the first snapshot in a row of copies was taken.
        package var originallyCreated: Instant { self.snapshot.originallyCreated }
        package var isEncrypted: Bool { self.snapshot.isEncrypted }
        /// The key; `nil` when unencrypted.
        package var keyARN: String? { self.snapshot.keyARN }
        package var optionGroup: String? { self.snapshot.optionGroup }
        package var engine: String { self.snapshot.traits.engine }
        package var sizeGiB: Int { self.snapshot.traits.allocatedStorage }
        /// Whether a copy out of another Region is still being made; this is what RDS's quota counts.
        package var isRemoteCopyInProgress: Bool { self.snapshot.isRemoteCopyInProgress }
        /// The snapshot that it was copied from.
        package var sourceARN: String? { self.snapshot.sourceARN }
        package var tags: [String: String] {
            Dictionary(self.snapshot.tags.map { ($0.key, $0.value) }) { _, last in last }
        }

        /// The value of one tag; `nil` when it has none of that name.
        package func tag(_ key: String) -> String? { self.snapshot.tags.last { $0.key == key }?.value }

        /// Whole percent, as `PercentProgress` shows them.
        package func progress(at now: Instant) -> Int { self.snapshot.progress(at: now) }
    }

    /// Answers a `DescribeDBSnapshots` or `DescribeDBClusterSnapshots` as ``handle(_:at:)`` does, without a document.
    ///
    /// - Throws: A ``ModelFailure`` for whatever RDS refuses.
    package mutating func describeSnapshots(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> (snapshots: [SnapshotSight], marker: String?) {
        self.advance(to: now)
        let page = try self.rds.describeSnapshots(request, keys: self.kms, at: now)
        return (page.snapshots.map { SnapshotSight($0) }, page.marker)
    }

    /// The messages of a queue, in the order in which they were first sent; none when there is no such queue.
    package func messages(queueARN: String) -> [MessageSight] {
        let contents = self.sqs.queues[queueARN].map { Array($0.contents) } ?? []
        return contents.sorted { $0.number < $1.number }.map { MessageSight($0) }
    }

    /// What is to be expected: when something next happens without being asked, when a hidden message of a queue next comes
    /// out, and whether a receive might bring a message, as of the latest moment the queue was told of: one that is
    /// visible, or one in flight that is delivered twice.
    ///
    /// Nothing changes; it is `mutating` because reading a part of a value in place takes no copy of the whole.
    package mutating func outlook(
        queueARN: String
    ) -> (change: Instant?, visibility: Instant?, mayHaveMessages: Bool) {
        let (visibility, count) = self.sqs.queues[queueARN]?.outlook() ?? (nil, 0)
        return (self.nextChange, visibility, count > 0)
    }

    /// The snapshots of one kind in an account and Region, in the order of their identifiers.
    package func snapshots(account: String, region: String, kind: RDSKind) -> [SnapshotSight] {
        guard let shelf = self.rds.shelves[RDSPlace(account: account, region: region, kind: kind)] else { return [] }
        return shelf.identifiers.compactMap { shelf[$0] }.map { SnapshotSight($0) }
    }

    /// One snapshot; `nil` when there is none of that name.
    package func snapshot(_ identifier: String, account: String, region: String, kind: RDSKind) -> SnapshotSight? {
        let place = RDSPlace(account: account, region: region, kind: kind)
        return self.rds.shelves[place]?[identifier].map { SnapshotSight($0) }
    }
}

extension World.MessageSight {
    init(_ message: SQSMessage) {
        self.init(
            number: message.number,
            body: message.body,
            receiveCount: message.receiveCount,
            isVisible: message.state == .visible,
            isRedriven: message.deadLetterSource != nil,
            attributes: message.attributes.compactMapValues { attribute in
                if case .text(let text) = attribute.value { text } else { nil }
            }
        )
    }
}
