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
        package let arn: String
        package let database: String
        /// `manual`, `automated` or `awsbackup`.
        package let type: String
        package let status: String
        package let created: Instant
        package let isEncrypted: Bool
        /// Whether a copy out of another Region is still being made; this is what RDS's quota counts.
        package let isRemoteCopyInProgress: Bool
        /// The snapshot that it was copied from.
        package let sourceARN: String?
        package let tags: [String: String]
    }

    /// The messages of a queue, in the order in which they were first sent; none when there is no such queue.
    package func messages(queueARN: String) -> [MessageSight] {
        let contents = self.sqs.queues[queueARN].map { Array($0.contents) } ?? []
        return contents.sorted { $0.number < $1.number }.map { MessageSight($0) }
    }

    /// How many messages of a queue could be received now, as of the latest moment it was told of.
    package func visibleMessages(queueARN: String) -> Int { self.sqs.queues[queueARN]?.visibleCount ?? 0 }

    /// When a hidden message of a queue next comes out; `nil` when none is hidden.
    package func nextVisibility(queueARN: String) -> Instant? { self.sqs.queues[queueARN]?.nextVisibility }

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

extension World.SnapshotSight {
    init(_ snapshot: RDSSnapshot) {
        self.init(
            arn: snapshot.arn,
            database: snapshot.database,
            type: snapshot.type,
            status: snapshot.status,
            created: snapshot.created,
            isEncrypted: snapshot.isEncrypted,
            isRemoteCopyInProgress: snapshot.isRemoteCopyInProgress,
            sourceARN: snapshot.sourceARN,
            tags: Dictionary(snapshot.tags.map { ($0.key, $0.value) }) { _, last in last }
        )
    }
}
