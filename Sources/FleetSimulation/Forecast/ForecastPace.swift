// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
package import SnapshotFleet

/// How long copies take: as long as earlier ones did, else by size at a speed.
package struct ForecastPace: Sendable, Equatable {
    /// An earlier copy, from its start to its end.
    package struct Measured: Hashable, Sendable {
        package var lane: ForecastLane
        package var sizeGiB: Int?
        package var took: Duration

        package init(lane: ForecastLane, sizeGiB: Int?, took: Duration) {
            self.lane = lane
            self.sizeGiB = sizeGiB
            self.took = took
        }
    }

    /// Where a duration comes from.
    package enum Basis: String, Sendable, CaseIterable {
        /// Somebody says so.
        case stated
        /// The median of this database's own earlier copies there.
        case measured
        /// The size, at the median speed of other databases' copies of this kind there.
        case neighbours
        /// The size, at an assumed speed.
        case assumed
        /// Nothing is known, not even the size.
        case guessed
    }

    /// What is assumed of a copy of which nothing is known but its size.
    package var gibibytesPerHour: Double
    /// What each copy takes whatever its size.
    package var overhead: Duration
    /// What a copy of a database of unknown size takes.
    package var unknown: Duration = .seconds(3600)
    private var own: [ForecastLane: Duration] = [:]
    private var speeds: [SlotPool: Double] = [:]
    /// How many earlier copies there are to go by.
    package private(set) var samples: [SlotPool: Int] = [:]

    /// Makes a pace.
    ///
    /// - Parameters:
    ///   - gibibytesPerHour: Above 0.
    ///   - overhead: What a copy takes on top.
    ///   - measured: Earlier copies; those that took no time are passed over.
    package init(gibibytesPerHour: Double, overhead: Duration, measured: [Measured] = []) {
        self.gibibytesPerHour = gibibytesPerHour
        self.overhead = overhead
        let measured = measured.filter { $0.took > .zero }
        self.own = Dictionary(grouping: measured, by: \.lane).compactMapValues { Self.median($0.map(\.took)) }
        for (pool, copies) in Dictionary(grouping: measured, by: \.lane.pool) {
            self.samples[pool] = copies.count
            // A copy that took hardly longer than the overhead says nothing about speed.
            self.speeds[pool] = Self.median(
                copies.compactMap { copy in
                    let pure = (copy.took - overhead).inSeconds
                    guard let size = copy.sizeGiB, size > 0, pure > 0 else { return nil }
                    return Double(size) / pure * 3600
                }
            )
        }
    }

    /// The speed of a pool's earlier copies in GiB an hour; `nil` where there were none.
    package func speed(in pool: SlotPool) -> Double? { self.speeds[pool] }

    /// How long a copy will take, and why.
    package func time(of database: ForecastDatabase, to destination: Destination) -> (Duration, Basis) {
        let lane = ForecastLane(database: database.id, destination: destination)
        if let stated = database.copyTime { return (stated, .stated) }
        if let own = self.own[lane] { return (own, .measured) }
        guard let size = database.sizeGiB else { return (self.unknown, .guessed) }
        let (speed, basis) =
            self.speeds[lane.pool].map { ($0, Basis.neighbours) } ?? (self.gibibytesPerHour, Basis.assumed)
        return (self.overhead + .seconds((Double(size) / speed * 3600).rounded()), basis)
    }

    private static func median<Value: Comparable>(_ values: [Value]) -> Value? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }
}
