// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What the queue and RDS answer.
extension HandoverWorld {
    func answer(to action: CoreAction, mayGoOn: (CopyJob.ID) -> Bool) -> CoreInput? {
        switch action {
        case .receive(let count, _, let timeout): return .received(self.receive(count, timeout))
        case .extend(let leases, let timeout):
            return .leasesExtended(leases.mapValues { self.change($0, to: timeout) ? .kept : .lost })
        case .requeue(let token, let handle, let delay):
            return .requeued(token, self.change(handle, to: delay) ? .kept : .lost)
        case .delete(let token, let handle):
            if let number = self.held(handle) { self.messages[number] = nil }
            return .deleted(token)
        case .replace(let tokens, let messages):
            for message in messages { self.send(message.body, delay: message.delay) }
            return .replaced(tokens)
        case .deadLetter(let token, let letter):
            self.letters.append(letter)
            return .deadLettered(token)
        case .acquireSlot(let id, _, _): return self.chance(85) ? .slotGranted(id) : .slotRefused(id)
        case .auditSlots(let pool): return .slotsAudited(pool)
        case .hearOthers(let pool): return .heard(pool, nil)
        case .sweep(let token, _): return .swept(token, SweepReport())
        case .occupySlot, .releaseSlot, .disownSlot, .learnLimit, .report, .finished: return nil
        default: return self.answerOfRDS(to: action, mayGoOn: mayGoOn)
        }
    }

    // MARK: - The queue

    private func receive(_ count: Int, _ timeout: Duration) -> [Delivery] {
        let visible = self.messages.filter { $0.value.visibleAt <= self.now }.keys.sorted().prefix(count)
        return visible.compactMap { number in
            // Now and then SQS delivers twice.
            if !self.isRough || !self.chance(5) { self.messages[number]?.visibleAt = self.now + timeout }
            self.messages[number]?.receipt += 1
            return self.messages[number].map {
                Delivery(
                    messageID: "\(number)",
                    receiptHandle: "\(number)/\($0.receipt)",
                    body: $0.body,
                    receiveCount: 1,
                    sentAt: CoreHarness.start
                )
            }
        }
    }

    private func held(_ handle: String) -> Int? {
        let parts = handle.split(separator: "/").compactMap { Int($0) }
        guard parts.count == 2, self.messages[parts[0]]?.receipt == parts[1] else { return nil }
        return parts[0]
    }

    private func change(_ handle: String, to timeout: Duration) -> Bool {
        guard let number = self.held(handle), let message = self.messages[number], message.visibleAt > self.now else {
            return false
        }
        self.messages[number]?.visibleAt = self.now + timeout
        return true
    }

    // MARK: - RDS

    private func answerOfRDS(to action: CoreAction, mayGoOn: (CopyJob.ID) -> Bool) -> CoreInput? {
        switch action {
        case .describeSources(let group, let asked):
            return .sourcesDescribed(group, asked: asked, found: asked.compactMap { self.sources[$0] })
        case .surveyPool(let pool):
            let all = self.targets.filter { $0.key.destination == pool.destination }.values
            let running = all.map { $0.seen(at: self.now) }.filter { $0.phase == .inProgress }
            return .poolSurveyed(pool, inProgress: running.sorted { $0.arn < $1.arn })
        case .describeTargets(let pool, let asked):
            let all = self.targets.filter { $0.key.destination == pool.destination }.values.map {
                $0.seen(at: self.now)
            }
            let found = all.filter { asked.contains($0.arn.identifier) }
            return .targetsDescribed(pool, asked: asked, found: found.sorted { $0.arn < $1.arn })
        case .deleteTarget(let id, _):
            if self.targets[id]?.seen(at: self.now).phase == .failed { self.targets[id] = nil }
            return .targetDeleted(id)
        case .startCopy(let request): return self.start(request)
        case .handOver(let action): return .handedOver(self.handOver(action, mayGoOn: mayGoOn))
        default: return nil
        }
    }

    private func start(_ request: CopyRequest) -> CoreInput {
        let id = request.job
        if self.targets[id] != nil {
            return .copyRejected(id, Trouble(.alreadyExists, detail: "it exists"))
        }
        let carrier = self.sources[request.carrier] ?? self.hop(request.carrier)
        guard let carrier, carrier.phase == .available,
            self.shares[request.carrier]?.contains(id.destination.account) == true
        else {
            return .copyRejected(id, Trouble(.sourceGone, reason: .sourceGone, detail: "not found"))
        }
        if request.tags[TagMerge.sourceKey] != id.source.description
            || request.tags[TagMerge.sourceCreatedKey] != CoreHarness.start.iso8601
        {
            self.violations.append("\(id): tags that do not name the original: \(request.tags)")
        }
        var target = CoreHarness.target(of: CoreHarness.job(id.source, to: id.destination))
        target.tags = request.tags
        let item = Item(
            snapshot: target,
            ready: self.now + self.some(300...3000),
            fails: self.isRough && self.chance(10),
            source: request.carrier
        )
        self.targets[id] = item
        return .copyStarted(id, item.seen(at: self.now))
    }

    private func hop(_ arn: SnapshotARN) -> Snapshot? { self.hops[arn.identifier]?.seen(at: self.now) }

    private func handOver(_ action: HandoverAction, mayGoOn: (CopyJob.ID) -> Bool) -> HandoverAnswer {
        let late = HandoverAnswer.failed(action, Trouble(.cancelled, detail: "too late"))
        switch action {
        case .inspect(let question): return .inspected(question.job, self.facts(question))
        case .describeHops(let group, let asked):
            let found = asked.compactMap { self.hops[$0]?.seen(at: self.now) }
            return .hopsDescribed(group, asked: asked, found: found)
        case .share(let id, let arn):
            guard mayGoOn(id) else { return late }
            guard self.sources[arn] != nil || self.hop(arn) != nil else {
                return .failed(action, Trouble(.sourceGone, reason: .sourceGone, detail: "not found"))
            }
            self.sources[arn]?.tags[HandoverTags.shareKey(for: id.destination)] = "x"
            self.shares[arn, default: []].insert(id.destination.account)
            return .shared(id, arn)
        case .makeHop(let request): return mayGoOn(request.job) ? self.make(request) : late
        case .tidy(let id, let hop, let failedOnly):
            guard mayGoOn(id) else { return late }
            self.tidy(id, hop, failedOnly: failedOnly)
            return .tidied(id)
        }
    }

    private func facts(_ question: HandoverQuestion) -> HandoverFacts {
        let id = question.job
        var facts = HandoverFacts(target: self.targets[id]?.seen(at: self.now))
        facts.hop = self.hops[question.hop]?.seen(at: self.now)
        facts.sharedWith = self.shares[facts.hop?.arn ?? id.source] ?? []
        return facts
    }

    private func make(_ request: HopRequest) -> HandoverAnswer {
        let id = request.job
        guard self.hops[request.identifier] == nil else {
            return .failed(.makeHop(request), Trouble(.alreadyExists, detail: "it exists"))
        }
        guard self.sources[id.source] != nil else {
            return .failed(.makeHop(request), Trouble(.sourceGone, reason: .sourceGone, detail: "not found"))
        }
        let arn = SnapshotARN(
            partition: "aws",
            region: id.source.region,
            account: id.source.account,
            kind: id.source.kind,
            identifier: request.identifier
        )
        let snapshot = Snapshot(arn: arn, database: "orders", status: "copying", tags: request.tags)
        let item = Item(
            snapshot: snapshot,
            ready: self.now + self.some(60...900),
            fails: self.isRough && self.chance(10),
            source: id.source
        )
        self.hops[request.identifier] = item
        self.hopsMade += 1
        return .hopStarted(id, item.seen(at: self.now))
    }

    private func tidy(_ id: CopyJob.ID, _ name: String, failedOnly: Bool) {
        if let hop = self.hops[name]?.seen(at: self.now), !failedOnly || hop.phase == .failed {
            if !failedOnly, self.targets[id]?.seen(at: self.now).phase != .available {
                self.violations.append("\(id): its hop is deleted before the copy is whole")
            }
            self.hops[name] = nil
            self.shares[hop.arn] = nil
            self.breakCopies(of: hop.arn)
        }
        guard !failedOnly, let source = self.sources[id.source] else { return }
        let undoing = HandoverTags.undoing(source.tags, for: id.destination)
        guard let tag = undoing.tag else { return }
        self.sources[id.source]?.tags[tag] = nil
        guard undoing.unshares else { return }
        self.shares[id.source]?.remove(id.destination.account)
        self.breakCopies(of: id.source, for: id.destination.account)
    }
}
