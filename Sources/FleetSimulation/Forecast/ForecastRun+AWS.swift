// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What the core asks for, done at once and without fail.
extension ForecastRun {
    func perform(_ action: CoreAction) {
        switch action {
        case .receive(let count, _, _): self.poll(count)
        case .describeSources(let group, let asked):
            let found = asked.compactMap { self.sources[$0] }
            self.answer(.sourcesDescribed(group, asked: asked, found: found))
        case .surveyPool(let pool): self.survey(pool)
        case .acquireSlot, .occupySlot, .releaseSlot, .disownSlot, .learnLimit: self.ledger(action)
        case .auditSlots(let pool): self.audit(pool)
        case .startCopy(let request): self.start(request)
        case .describeTargets(let pool, let asked):
            let found = asked.compactMap { self.targets[pool]?[$0]?.snapshot(in: pool, at: self.now) }
            self.answer(.targetsDescribed(pool, asked: asked, found: found))
        case .hearOthers(let pool): self.answer(.heard(pool, nil))
        case .deleteTarget(let id, _): self.answer(.targetDeleted(id))
        case .handOver(let action): self.handOver(action)
        case .extend(let leases, _): self.answer(.leasesExtended(leases.mapValues { _ in .kept }))
        case .requeue(let token, let receiptHandle, let delay):
            self.queue.show(receiptHandle, at: self.now + delay)
            self.answer(.requeued(token, .kept))
        case .replace(let tokens, let messages):
            for message in messages { self.queue.send(message.body, at: self.now + message.delay) }
            self.answer(.replaced(tokens))
        case .deadLetter(let token, _): self.answer(.deadLettered(token))
        case .delete(let token, let receiptHandle):
            self.queue.delete(receiptHandle)
            self.answer(.deleted(token))
        case .sweep(let token, _): self.answer(.swept(token, SweepReport()))
        case .prune(let request): self.answer(.pruned(request, deleted: 0))
        case .report(let event): self.note(event)
        case .finished: break
        }
    }
}

/// Hops, which are there as soon as they are asked for.
extension ForecastRun {
    private func handOver(_ action: HandoverAction) {
        switch action {
        case .inspect(let question):
            let id = question.job
            let hop = Snapshot(
                arn: SnapshotARN(
                    partition: id.source.partition,
                    region: id.source.region,
                    account: id.source.account,
                    kind: id.source.kind,
                    identifier: question.hop
                ),
                database: question.source?.database ?? "",
                status: "available",
                tags: [
                    TagMerge.sourceKey: id.source.description, HandoverTags.hopKey: id.destination.description,
                ]
            )
            let target = self.targets[SlotPool(destination: id.destination, kind: id.source.kind)]?[question.target]
            let facts = HandoverFacts(
                target: target?.snapshot(
                    in: SlotPool(destination: id.destination, kind: id.source.kind),
                    at: self.now
                ),
                hop: hop,
                sharedWith: [id.destination.account]
            )
            self.answer(.handedOver(.inspected(id, facts)))
        case .share(let id, let arn): self.answer(.handedOver(.shared(id, arn)))
        case .makeHop(let request):
            self.answer(.handedOver(.failed(.makeHop(request), Trouble(.ours, detail: "it was there"))))
        case .describeHops(let group, let asked):
            self.answer(.handedOver(.hopsDescribed(group, asked: asked, found: [])))
        case .tidy(let id, _, _): self.answer(.handedOver(.tidied(id)))
        }
    }
}

/// A copy in the destination.
struct ForecastTarget {
    let identifier: String
    /// `nil` for one that was there before.
    let source: SnapshotARN?
    let database: String
    let starts: Instant
    let ends: Instant

    /// The copy as RDS describes it.
    func snapshot(in pool: SlotPool, at now: Instant) -> Snapshot {
        let elapsed = (now - self.starts).inSeconds
        let total = (self.ends - self.starts).inSeconds
        let isWhole = now >= self.ends
        return Snapshot(
            arn: SnapshotARN(
                partition: RegionName.partition(of: pool.destination.region) ?? "aws",
                region: pool.destination.region,
                account: pool.destination.account,
                kind: pool.kind,
                identifier: self.identifier
            ),
            database: self.database,
            status: isWhole ? "available" : "copying",
            percentProgress: isWhole ? 100 : min(99, Int(100 * elapsed / max(total, 1))),
            tags: self.source.map { [TagMerge.sourceKey: $0.description] } ?? [:],
            createdAt: self.starts,
            sourceARN: self.source?.description
        )
    }
}

/// A queue that loses and repeats nothing.
struct ForecastQueue {
    private struct Message {
        let body: String
        let sentAt: Instant
        var receives = 0
    }

    private var messages: [Int: Message] = [:]
    /// What can be received, the oldest first, and from when.
    private var visible: [(at: Instant, number: Int)] = []
    private var sent = 0

    /// Whether nothing is left that was sent.
    var isEmpty: Bool { self.messages.isEmpty }

    mutating func send(_ body: String, at visible: Instant) {
        self.sent += 1
        self.messages[self.sent] = Message(body: body, sentAt: visible)
        self.visible.append((visible, self.sent))
    }

    mutating func show(_ receiptHandle: String, at visible: Instant) {
        guard let number = Int(receiptHandle), self.messages[number] != nil else { return }
        self.visible.append((visible, number))
    }

    mutating func delete(_ receiptHandle: String) {
        if let number = Int(receiptHandle) { self.messages[number] = nil }
    }

    mutating func receive(_ most: Int, at now: Instant) -> [Delivery] {
        var deliveries: [Delivery] = []
        var left: [(at: Instant, number: Int)] = []
        for entry in self.visible {
            guard entry.at <= now, deliveries.count < most else {
                left.append(entry)
                continue
            }
            guard var message = self.messages[entry.number] else { continue }
            message.receives += 1
            self.messages[entry.number] = message
            deliveries.append(
                Delivery(
                    messageID: "message-\(entry.number)",
                    receiptHandle: "\(entry.number)",
                    body: message.body,
                    receiveCount: message.receives,
                    sentAt: message.sentAt
                )
            )
        }
        self.visible = left
        return deliveries
    }

    func nextVisible(after now: Instant) -> Instant? {
        self.visible.lazy.map(\.at).filter { $0 > now }.min()
    }
}
