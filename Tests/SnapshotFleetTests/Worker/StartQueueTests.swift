// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite struct StartQueueTests {
    private static let oregon = Destination(account: CoreHarness.account, region: "us-west-2")

    private static func request(_ number: Int, to destination: Destination = CoreHarness.ireland) -> CopyRequest {
        let job = CoreHarness.job(CoreHarness.arn("orders-\(number)"), to: destination)
        return CopyRequest(
            job: job.id,
            source: CoreHarness.source(job.source),
            pool: job.pool,
            target: "copy-\(number)"
        )
    }

    private static func started(in batches: [ActionBatch]) -> [CopyRequest] {
        batches.compactMap { if case .single(.startCopy(let request)) = $0 { request } else { nil } }
    }

    @Test("so many copies are asked for at once, and the others in turn as answers come, whatever the answers are")
    func turns() {
        let requests = (0..<StartQueue.limit + 3).map { Self.request($0) }
        var queue = StartQueue()
        let first = Self.started(in: queue.admit(requests.map { .single(.startCopy($0)) }))
        #expect(first == Array(requests.prefix(StartQueue.limit)))
        queue.note(.copyStarted(first[0].job, first[0].source))
        #expect(Self.started(in: queue.admit([])) == [requests[StartQueue.limit]])
        queue.note(.copyRejected(first[1].job, Trouble(.throttled, detail: "slow down")))
        queue.note(.copyRejected(first[2].job, Trouble(.throttled, detail: "slow down")))
        let late = Self.request(1000)
        #expect(
            Self.started(in: queue.admit([.single(.startCopy(late))])) == Array(requests.suffix(2)),
            "those that have waited go first"
        )
        queue.note(.copyStarted(first[3].job, first[3].source))
        #expect(Self.started(in: queue.admit([])) == [late])
    }

    @Test("a destination that does not answer holds up no other one, and nothing but starts")
    func others() {
        var queue = StartQueue()
        let many = (0..<StartQueue.limit * 2).map { Self.request($0) }
        _ = queue.admit(many.map { .single(.startCopy($0)) })
        let elsewhere = Self.request(1, to: Self.oregon)
        let pool = SlotPool(destination: CoreHarness.ireland, kind: .instance)
        let admitted = queue.admit([
            .single(.startCopy(Self.request(2000))), .single(.startCopy(elsewhere)), .single(.surveyPool(pool)),
        ])
        #expect(Self.started(in: admitted) == [elsewhere])
        #expect(admitted.count == 2)
    }

    @Test("once all have ended there is room for as many again")
    func room() {
        var queue = StartQueue()
        let requests = (0..<StartQueue.limit).map { Self.request($0) }
        for _ in 0..<3 {
            let admitted = Self.started(in: queue.admit(requests.map { .single(.startCopy($0)) }))
            #expect(admitted == requests)
            for request in admitted { queue.note(.copyStarted(request.job, request.source)) }
        }
    }
}
