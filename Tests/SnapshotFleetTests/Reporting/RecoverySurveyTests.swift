// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Synchronization
import Testing

/// Reading lists side by side, and telling of them.
@Suite("Recovery survey", .timeLimit(.minutes(1)))
struct RecoverySurveyTests {
    private typealias World = RecoveryWorld

    /// Lists from memory, three snapshots a page.
    private final class Shelf: RecoveryLister {
        let ownAccount = World.account
        let copies: [SlotPool: [Snapshot]]
        let databases: [SourceGroup: [DatabaseFacts]]
        let broken: Set<SlotPool>
        let calls = Mutex<[String]>([])

        init(
            copies: [SlotPool: [Snapshot]],
            databases: [SourceGroup: [DatabaseFacts]] = [:],
            broken: Set<SlotPool> = []
        ) {
            self.copies = copies
            self.databases = databases
            self.broken = broken
        }

        func page(of listing: SnapshotListing, after marker: String?) async throws -> SnapshotPage {
            self.calls.withLock { $0.append("\(listing)") }
            guard case .copies(let pool) = listing else { return SnapshotPage(snapshots: []) }
            if self.broken.contains(pool), marker != nil { throw AWSError(.throttled, message: "slow down") }
            let all = self.copies[pool] ?? []
            let start = marker.flatMap { Int($0) } ?? 0
            let end = min(all.count, start + 3)
            return SnapshotPage(snapshots: Array(all[start..<end]), marker: end < all.count ? "\(end)" : nil)
        }

        func facts(in group: SourceGroup) async throws -> [DatabaseFacts] {
            self.calls.withLock { $0.append("facts \(group.kind)") }
            guard let found = self.databases[group] else { throw AWSError(.unavailable, message: "no route to host") }
            return found
        }
    }

    private final class Ears: Notifier {
        let heard = Mutex<[FleetEvent]>([])
        func notify(_ event: FleetEvent, at now: Instant) { self.heard.withLock { $0.append(event) } }
        var points: [[RoutePoint]] {
            self.heard.withLock { $0 }.compactMap { if case .recoveryPoints(let points) = $0 { points } else { nil } }
        }
    }

    private struct StoppedClock: TimeSource {
        func now() -> Instant { World.now }
        func sleep(for duration: Duration) async throws {}
    }

    private func watch(_ shelf: Shelf, _ ears: Ears, policy: Policy = World.policy()) -> RecoveryPointWatch {
        RecoveryPointWatch(
            policy: policy,
            lister: shelf,
            notifier: ears,
            time: StoppedClock(),
            interval: .seconds(900)
        )
    }

    @Test("reads every page of every destination")
    func pages() async throws {
        let copies = (0..<10).map { World.copy("a-\($0)", hours: Double($0)) }
        let shelf = Shelf(
            copies: [World.pool: copies],
            databases: [World.group: copies.map { World.facts($0.database) }]
        )
        let survey = RecoverySurvey(policy: World.policy(regions: ["eu-west-1", "eu-central-1"]), width: 2)
        var (points, pages) = try await survey.look(with: shelf, sources: true, at: World.now)
        #expect(pages == 4 + 3)
        let report = points.report()
        #expect(report.lines.count == 20)
        #expect(report.unreadSources.map(\.listing.kind) == [.cluster])
        #expect(report.lines.count { $0.standing == .neverCopied } == 10)
    }

    @Test("a worker looks at destinations alone where all is well")
    func destinationsAlone() async {
        let shelf = Shelf(copies: [World.pool: [World.copy("a", hours: 3)]])
        let ears = Ears()
        await self.watch(shelf, ears).survey()
        #expect(ears.points.first?.first?.worstAge == World.hours(3))
        #expect(shelf.calls.withLock { $0.allSatisfy { !$0.hasPrefix("facts") } })
    }

    @Test("a worker asks whether a database that seems late is there", arguments: [true, false])
    func late(isThere: Bool) async throws {
        let databases = isThere ? [World.facts("a"), World.facts("never")] : [World.facts("never")]
        let shelf = Shelf(copies: [World.pool: [World.copy("a", hours: 50)]], databases: [World.group: databases])
        let ears = Ears()
        await self.watch(shelf, ears).survey()
        let point = try #require(ears.points.first?.first)
        #expect(point.breached == (isThere ? [World.database("a")] : []))
        #expect(point.worstAge == (isThere ? World.hours(50) : nil))
    }

    @Test("a source that can't be reached hides no breach")
    func unreachable() async throws {
        let ears = Ears()
        await self.watch(Shelf(copies: [World.pool: [World.copy("a", hours: 50)]]), ears).survey()
        #expect(ears.points.first?.first?.breachedCount == 1)
    }

    @Test("a destination that can't be read is trouble, and hides no other")
    func broken() async throws {
        let copies = (0..<10).map { World.copy("a-\($0)", hours: Double($0)) }
        let ears = Ears()
        let policy = World.policy(regions: ["eu-west-1", "eu-central-1"])
        await self.watch(Shelf(copies: [World.pool: copies], broken: [World.pool]), ears, policy: policy).survey()
        #expect(ears.points.first?.map(\.destination.region) == ["eu-central-1"])
        let troubles = ears.heard.withLock { $0 }.count { if case .trouble = $0 { true } else { false } }
        #expect(troubles == 1)
    }

    @Test("long lists are read less often", arguments: [(0, 900.0), (90, 900.0), (200, 2000.0)])
    func pause(pages: Int, seconds: Double) {
        var random = SeededGenerator(seed: 7)
        let pause = RecoveryPointWatch.pause(after: pages, interval: .seconds(900), using: &random).inSeconds
        #expect((seconds * 0.9...seconds * 1.1).contains(pause))
    }
}
