// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A core, and a queue and an RDS that answer it at once.
struct CoreStory {
    private var core: WorkerCore
    private var now = Samples.now
    private var random = SeededGenerator(seed: 1)
    private var number = 0
    private var deleted = 0
    /// Whether slots are granted, and copies are whole at the next look.
    private var isOpen = false

    /// Fills a waiting room: each job has been looked into, and no slot is free.
    init(waiting: Int) throws {
        var settings = CoreSettings(ownAccount: Samples.account)
        settings.waitingRoom = max(waiting, 200)
        self.core = WorkerCore(settings: settings, policy: try Samples.policy(routes: 1))
        while self.number < waiting { self.deliver(min(10, waiting - self.number)) }
        self.isOpen = waiting == 0
    }

    /// A millisecond passes: nothing is due, and everything has to be found so.
    ///
    /// - Returns: How many actions came of it.
    mutating func tick() -> Int {
        self.now = self.now + .milliseconds(1)
        return self.handle(.tick).count
    }

    /// Ten jobs from their events to the deletion of their messages.
    mutating func carryTenJobs() throws {
        let before = self.deleted
        self.deliver(10)
        for _ in 0..<100 where self.deleted < before + 10 {
            self.now = self.now + .seconds(20)
            self.answer(self.handle(.tick))
        }
        guard self.deleted == before + 10 else { throw Surprise() }
    }

    private mutating func deliver(_ count: Int) {
        let deliveries = (self.number..<self.number + count).map {
            Delivery(
                messageID: "m\($0)",
                receiptHandle: "r\($0)",
                body: Samples.event($0),
                receiveCount: 1,
                sentAt: self.now
            )
        }
        self.number += count
        self.answer(self.handle(.received(deliveries)))
    }

    private mutating func handle(_ input: CoreInput) -> [CoreAction] {
        self.core.handle(input, at: self.now, using: &self.random)
    }

    private mutating func answer(_ actions: [CoreAction]) {
        for action in actions {
            if let input = self.reply(to: action) { self.answer(self.handle(input)) }
        }
    }

    private mutating func reply(to action: CoreAction) -> CoreInput? {
        switch action {
        case .describeSources(let group, let asked):
            return .sourcesDescribed(group, asked: asked, found: asked.map { Samples.source($0) })
        case .surveyPool(let pool): return .poolSurveyed(pool, inProgress: [])
        case .acquireSlot(let job, _, _): return self.isOpen ? .slotGranted(job) : .slotRefused(job)
        case .startCopy(let request):
            return .copyStarted(request.job, Samples.target(request.target, in: request.pool, status: "creating"))
        case .describeTargets(let pool, let asked):
            let found = asked.map { Samples.target($0, in: pool, status: "available") }
            return .targetsDescribed(pool, asked: asked, found: found)
        case .hearOthers(let pool): return .heard(pool, nil)
        case .extend(let leases, _): return .leasesExtended(leases.mapValues { _ in .kept })
        case .auditSlots(let pool): return .slotsAudited(pool)
        case .delete(let token, _):
            self.deleted += 1
            return .deleted(token)
        // A poll that finds nothing, for as long as the story lasts, and what nobody answers.
        default: return nil
        }
    }
}
