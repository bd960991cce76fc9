// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import AllocationCounter
import Benchmark
import SnapshotFleet

/// Calls of the allocator for each iteration, the same on every machine.
let allocations = BenchmarkMetric.custom("allocations", polarity: .prefersSmaller, useScalingFactor: true)

/// Measures `body`, run often enough that the clock can tell, and what it allocates.
///
/// - Parameters:
///   - name: What the table and the thresholds call it.
///   - scale: How many iterations are one measurement.
///   - make: Makes what `body` works on, outside of what is measured.
///   - body: One iteration.
func measure<State>(
    _ name: String,
    scale: BenchmarkScalingFactor = .kilo,
    make: @escaping () throws -> State,
    body: @escaping (inout State) throws -> Void
) {
    Benchmark(
        name,
        configuration: .init(
            metrics: [.cpuUser, .wallClock, allocations],
            warmupIterations: 2,
            scalingFactor: scale,
            maxDuration: .seconds(3),
            maxIterations: 200
        )
    ) { benchmark in
        var state = try make()
        let before = allocation_counter_read()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { try body(&state) }
        benchmark.stopMeasurement()
        benchmark.measurement(allocations, Int(allocation_counter_read() - before))
    }
}

let benchmarks: @Sendable () -> Void = {
    measure("sign a request of SQS", make: { Samples.unsigned }) { request in
        Samples.signer.sign(&request, at: Samples.now)
        blackHole(request)
    }
    measure("decode an event", make: { (SQSMessageDecoder(account: Samples.account), Array(Samples.event(7).utf8)) }) {
        blackHole($0.0.decode($0.1, sentAt: Samples.now))
    }
    measure("match a snapshot against 20 routes", make: { (try Samples.policy(routes: 20), Samples.facts) }) {
        blackHole($0.0.match($0.1))
    }
    measure("parse a page of 100 snapshots", scale: .one, make: { Samples.page }) { page in
        blackHole(try XMLNode(parsing: page))
    }
    Benchmark(
        "describe a page of 100 snapshots",
        configuration: .init(
            metrics: [.cpuUser, .wallClock, allocations],
            warmupIterations: 2,
            scalingFactor: .one,
            maxDuration: .seconds(3),
            maxIterations: 200
        )
    ) { benchmark in
        let rds = try Samples.client(answering: Samples.page)
        let before = allocation_counter_read()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            blackHole(try await rds.describeDBSnapshots(RDSClient.SnapshotQuery()))
        }
        benchmark.stopMeasurement()
        benchmark.measurement(allocations, Int(allocation_counter_read() - before))
    }
    for held in [100, 1000, 10_000] {
        measure("a step of the core, \(held) jobs in the waiting room", make: { try CoreStory(waiting: held) }) { story in
            blackHole(story.tick())
        }
    }
}
