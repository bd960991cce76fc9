// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AllocationCounter
import Benchmark
import Pieces

/// Calls of the allocator for each iteration, the same on every machine; counted by us, and
/// the C library's own functions do the work.
let allocations = BenchmarkMetric.custom("allocations", polarity: .prefersSmaller, useScalingFactor: true)

let benchmarks: @Sendable () -> Void = {
    for piece in Piece.all { measure(piece) }
}

/// Measures a piece and what it allocates.
func measure(_ piece: Piece) {
    Benchmark(
        piece.name,
        configuration: .init(
            metrics: [.wallClock, allocations],
            warmupIterations: 3,
            scalingFactor: piece.iterations == 1 ? .one : .kilo,
            maxDuration: .seconds(2),
            maxIterations: 300
        ),
        closure: { (benchmark, run: (Int) async throws -> Void) in
            let before = allocation_counter_read()
            benchmark.startMeasurement()
            try await run(piece.iterations)
            benchmark.stopMeasurement()
            benchmark.measurement(allocations, Int(allocation_counter_read() - before))
        },
        setup: piece.prepare
    )
}
