// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A core whose destination is full, and with so many jobs in its waiting room.
struct CoreStory {
    private var core: WorkerCore
    private var now = Samples.now
    private var random = SystemRandomNumberGenerator()

    init(waiting: Int) throws {
        var settings = CoreSettings(ownAccount: Samples.account)
        settings.waitingRoom = waiting
        self.core = WorkerCore(settings: settings, policy: try Samples.policy(routes: 1))
        var number = 0
        while number < waiting {
            let batch = number..<min(number + 10, waiting)
            let deliveries = batch.map {
                Delivery(
                    messageID: "m\($0)",
                    receiptHandle: "r\($0)",
                    body: Samples.event($0),
                    receiveCount: 1,
                    sentAt: self.now
                )
            }
            self.answer(self.handle(.received(deliveries)))
            number = batch.upperBound
        }
    }

    /// A millisecond passes: nothing is due, and everything has to be found so.
    mutating func tick() -> Int {
        self.now = self.now + .milliseconds(1)
        return self.handle(.tick).count
    }

    private mutating func handle(_ input: CoreInput) -> [CoreAction] {
        self.core.handle(input, at: self.now, using: &self.random)
    }

    /// Says what AWS would: the sources are there, and no slot is free.
    private mutating func answer(_ actions: [CoreAction]) {
        for action in actions {
            switch action {
            case .describeSources(let group, let asked):
                let found = asked.compactMap { arn in
                    arn.identifier.split(separator: "-").dropFirst().first.flatMap { Int($0) }.map(Samples.source)
                }
                self.answer(self.handle(.sourcesDescribed(group, asked: asked, found: found)))
            case .surveyPool(let pool): self.answer(self.handle(.poolSurveyed(pool, inProgress: [])))
            case .acquireSlot(let job, _, _): self.answer(self.handle(.slotRefused(job)))
            default: break
            }
        }
    }
}
