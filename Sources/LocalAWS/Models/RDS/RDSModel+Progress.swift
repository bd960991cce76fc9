// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension RDSModel {
    /// Puts a copy behind those of the same database, and begins it if there are none.
    mutating func enqueue(_ copy: RDSSnapshot.Copy, _ name: RDSName, at now: Instant) {
        self.lanes[copy.lane, default: []].append(name)
        if self.lanes[copy.lane]?.first == name { self.begin(name, at: now) }
    }

    /// Takes a copy out of its lane, and begins the one behind it.
    mutating func leave(_ lane: RDSLane, _ name: RDSName, at now: Instant) {
        guard var names = self.lanes[lane], let position = names.firstIndex(of: name) else { return }
        names.remove(at: position)
        self.lanes[lane] = names.isEmpty ? nil : names
        if position == 0, let next = names.first { self.begin(next, at: now) }
    }

    private mutating func begin(_ name: RDSName, at now: Instant) {
        guard var snapshot = self.snapshot(name), var work = snapshot.work, let copy = work.copy else { return }
        work.begun = now
        snapshot.work = work
        snapshot.status = "copying"
        self.put(snapshot)
        if work.ending != .never {
            self.timeline.plan(.workEnds(name, token: work.token), at: now + work.duration)
        }
        self.raiseCopy(.started, snapshot, copy: copy, at: now)
    }

    mutating func endWork(of name: RDSName, token: Int, at now: Instant) {
        guard var snapshot = self.snapshot(name), let work = snapshot.work, work.token == token else { return }
        if work.ending == .failed { return self.fail(snapshot, at: now) }
        snapshot.work = nil
        snapshot.status = "available"
        self.put(snapshot)
        if let copy = work.copy {
            self.note(copy, of: name, endedAs: snapshot.status, at: now)
            self.raiseCopy(.finished, snapshot, copy: copy, at: now)
            if self.settings.finishedCopiesRaiseCreated { self.raise(.createdManual, snapshot, at: now) }
            self.leave(copy.lane, name, at: now)
        } else {
            self.raise(snapshot.type == "automated" ? .createdAutomated : .createdManual, snapshot, at: now)
            self.planAging(of: snapshot)
        }
    }

    /// Ends a copy as `failed`; RDS has no event for that.
    private mutating func fail(_ snapshot: RDSSnapshot, at now: Instant) {
        var snapshot = snapshot
        let copy = snapshot.work?.copy
        snapshot.finalProgress = snapshot.progress(at: now)
        snapshot.work = nil
        snapshot.status = "failed"
        self.put(snapshot)
        guard let copy else { return }
        self.note(copy, of: snapshot.name, endedAs: snapshot.status, at: now)
        self.leave(copy.lane, snapshot.name, at: now)
    }

    /// Fails the copies that are being made of a snapshot that is gone, or that some accounts see no more.
    mutating func failCopies(of source: RDSName, at now: Instant, by isConcerned: (String) -> Bool = { _ in true }) {
        let waiting = self.lanes.values.joined().filter {
            self.snapshot($0)?.work?.copy?.source == source && isConcerned($0.place.account)
        }
        let ordered = waiting.sorted {
            ($0.place.account, $0.place.region, $0.identifier) < ($1.place.account, $1.place.region, $1.identifier)
        }
        // The copies that wait are failed first, so that none of them begins only to fail.
        let running = ordered.filter { self.snapshot($0)?.work?.begun != nil }
        for name in ordered where !running.contains(name) { self.failIfPresent(name, at: now) }
        for name in running { self.failIfPresent(name, at: now) }
    }

    private mutating func failIfPresent(_ name: RDSName, at now: Instant) {
        if let snapshot = self.snapshot(name) { self.fail(snapshot, at: now) }
    }

    /// Decides how a copy will end, by the rules of the settings.
    mutating func ending(of target: RDSName, source: RDSSnapshot) -> RDSSnapshot.Work.Ending {
        self.copiesMade += 1
        let kind = target.place.kind
        let names = [
            target.identifier, RDSARN(target, resource: kind.snapshotResource).description, source.identifier,
            source.arn,
        ]
        if self.spends(self.settings.stallCopies, purpose: "stall", on: names) { return .never }
        if self.spends(self.settings.failCopies, purpose: "fail", on: names) { return .failed }
        let period = self.settings.failEveryNthCopy
        return period > 0 && self.copiesMade.isMultiple(of: period) ? .failed : .available
    }

    private mutating func spends(_ faults: [RDSSettings.CopyFault], purpose: String, on names: [String]) -> Bool {
        for fault in faults {
            let pattern = RDSPattern(fault.pattern)
            guard names.contains(where: pattern.matches) else { continue }
            let key = "\(purpose) \(fault.pattern)"
            let used = self.faultsUsed[key] ?? 0
            if let times = fault.times, used >= times { continue }
            self.faultsUsed[key] = used + 1
            return true
        }
        return false
    }
}
