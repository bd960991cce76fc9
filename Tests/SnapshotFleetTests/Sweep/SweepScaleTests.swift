// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("A sweep over a large fleet")
struct SweepScaleTests {
    private typealias World = SweepWorld

    /// A snapshot of each of a thousand databases a day, newest first; page by page, as none of them is kept.
    @Sendable private static func sources(_ range: Range<Int>, days: Int) -> [Snapshot] {
        range.clamped(to: 0..<days * 1000).map { World.source("db\($0 % 1000)", hoursOld: 1 + $0 / 1000 * 24) }
    }

    private static func shelves(days: Int) -> PagedShelves {
        PagedShelves { listing, range in
            switch listing {
            case .own: self.sources(range, days: days)
            // Every other one is there.
            case .copies:
                range.clamped(to: 0..<days * 500).map {
                    World.copy(of: self.sources($0 * 2..<$0 * 2 + 1, days: days)[0])
                }
            case .shared: []
            }
        }
    }

    @Test("asks once for each hundred snapshots on each side, and enqueues no more than it may")
    func calls() async throws {
        let shelves = Self.shelves(days: 10)
        let report = try await Sweep(policy: World.policy(), request: SweepRequest()).look(with: shelves, at: World.now)
        #expect(report.sources == 10_000)
        #expect(report.targets == 5000)
        #expect(shelves.calls == 100 + 50)
        // Three days are within the horizon.
        #expect(report.available == 1500)
        #expect(report.missing.count == 1000)
        #expect(report.beyondLimit == 500)
        #expect(report.missing.prefix(500).allSatisfy { $0.isNewest })
        #expect(report.count(of: .tooOld) == 7000)
    }

    @Test("remembers what the horizon holds, however many snapshots there are", arguments: [4, 10, 35])
    func memory(days: Int) {
        var plan = SweepPlan(
            policy: World.policy(),
            request: SweepRequest(),
            ownAccount: World.account,
            now: World.now
        )
        var most = 0
        for start in stride(from: 0, to: days * 1000, by: 100) {
            plan.take(Self.sources(start..<start + 100, days: days))
            most = max(most, plan.held)
        }
        plan.endSources()
        #expect(most == 3000)
        #expect(plan.held == 3000)
    }

    @Test("ends where a list does not move on, or can't be read, and says so")
    func broken() async throws {
        let shelves = Self.shelves(days: 1)
        shelves.fail([World.copies: 3])
        let report = try await Sweep(policy: World.policy(), request: SweepRequest()).look(with: shelves, at: World.now)
        #expect(report.missing.isEmpty)
        #expect(report.count(of: .notLooked) == 1000)
        #expect(report.gaps.first?.description.hasPrefix("111122223333/eu-west-1/instance: ") == true)
        shelves.fail([.own(World.instances, origin: nil): 2])
        let half = try await Sweep(policy: World.policy(), request: SweepRequest()).look(with: shelves, at: World.now)
        #expect(half.sources == 200)
        #expect(half.missing.count == 100)
        #expect(half.gaps.count == 1)
    }

    @Test("does not go round in circles") func circles() async throws {
        let shelves = PagedShelves([.own(World.instances, origin: nil): [World.source(hoursOld: 5)]])
        shelves.goRound()
        let report = try await Sweep(policy: World.policy(), request: SweepRequest()).look(with: shelves, at: World.now)
        #expect(report.gaps.map(\.trouble.detail).allSatisfy { $0.contains("does not move on") })
        #expect(report.gaps.count == 2)
        // Two pages on each side. What two pages tell of is one snapshot, and where its copies are was not seen to the end.
        #expect(shelves.calls == 4)
        #expect(report.count(of: .notLooked) == 1)
    }
}
