// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Retention against a rule written another way, and under random operations.
@Suite("Retention's contract")
struct RetentionContractTests {
    private static let start = Instant(iso8601: "2023-12-01T00:00:00Z") ?? Instant(microseconds: 0)

    /// Numbers that look random and are the same in every run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let word = (self.state ^ (self.state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
            return word ^ (word >> 33)
        }
    }

    /// A copy's moment and the names of its periods, cut out of its ISO 8601 text.
    private struct Moment {
        let taken: Instant
        let day: String
        let week: String
        let month: String
        let year: String

        init(_ taken: Instant) {
            let text = taken.iso8601
            self.taken = taken
            self.day = String(text.prefix(10))
            self.week = String(Int((taken.seconds / 86_400 + 3) / 7))
            self.month = String(text.prefix(7))
            self.year = String(text.prefix(4))
        }
    }

    /// What must stay of one database's available copies, copy by copy and without any order to rely on.
    private static func mustStay(_ mine: Moment, among all: [Moment], _ rule: RetentionRule, now: Instant) -> Bool {
        let younger = all.filter { $0.taken > mine.taken }
        if younger.count < max(rule.minimum, rule.keepNewest, 1) { return true }
        if let keepFor = rule.keepFor, mine.taken.duration(to: now) < keepFor { return true }
        let periods: [(Int, KeyPath<Moment, String>)] = [
            (rule.daily, \.day), (rule.weekly, \.week), (rule.monthly, \.month), (rule.yearly, \.year),
        ]
        return periods.contains { count, name in
            let names = Set(younger.map { $0[keyPath: name] })
            return !names.contains(mine[keyPath: name]) && names.count < count
        }
    }

    @Test("agrees with the other rule on two years of nightly and hourly copies", arguments: 1...8)
    func bruteForce(seed: UInt64) {
        var dice = Dice(state: seed)
        let now = Self.start + RetentionWorld.day * 731
        var taken: Set<Instant> = []
        for day in 0..<731 where Int.random(in: 0..<10, using: &dice) < 5 {
            for _ in 0..<Int.random(in: 1...2, using: &dice) {
                taken.insert(Self.start + RetentionWorld.day * day + .seconds(Int.random(in: 0..<86_000, using: &dice)))
            }
        }
        let rule = RetentionRule(
            keepNewest: Int.random(in: 0...9, using: &dice),
            keepFor: Bool.random(using: &dice) ? RetentionWorld.day * Int.random(in: 1...90, using: &dice) : nil,
            daily: Int.random(in: 0...14, using: &dice),
            weekly: Int.random(in: 0...8, using: &dice),
            monthly: Int.random(in: 0...18, using: &dice),
            yearly: Int.random(in: 0...3, using: &dice),
            minimum: Int.random(in: 1...5, using: &dice),
            maxDeletesPerRun: 10_000
        )
        let plan = RetentionWorld.plan(taken.map { RetentionWorld.copy(taken: $0) }, rule, now: now)
        let all = taken.map { Moment($0) }
        let expected = Set(all.filter { Self.mustStay($0, among: all, rule, now: now) }.map(\.taken))
        #expect(Set(plan.verdicts.filter { !$0.isDeletion }.compactMap(\.copy.takenAt)) == expected)
    }

    @Test("holds while copies come, fail, vanish and are pruned in any order", arguments: 1...20)
    func randomOperations(seed: UInt64) {
        var dice = Dice(state: seed &* 7_919)
        let rule = RetentionRule(
            keepNewest: Int.random(in: 0...3, using: &dice),
            daily: 1,
            minimum: Int.random(in: 1...3, using: &dice),
            maxDeletesPerRun: Int.random(in: 1...4, using: &dice)
        )
        var now = Self.start
        var world: [Snapshot] = []
        for _ in 0..<200 {
            now = now + .seconds(Int.random(in: 600...40_000, using: &dice))
            switch Int.random(in: 0..<10, using: &dice) {
            case 0...4:
                let status = ["available", "copying", "failed"].randomElement(using: &dice) ?? "available"
                let database = ["orders", "crm"].randomElement(using: &dice) ?? "orders"
                world.append(RetentionWorld.copy(of: database, taken: now - .seconds(7200), status: status))
            case 5 where !world.isEmpty:
                world[Int.random(in: world.indices, using: &dice)].status = "available"
            case 6 where !world.isEmpty:
                world.remove(at: Int.random(in: world.indices, using: &dice))
            case 7 where !world.isEmpty:
                world[Int.random(in: world.indices, using: &dice)].tags[CopyRecord.holdKey] = "yes"
            default:
                let plan = RetentionWorld.plan(world.shuffled(using: &dice), rule, now: now)
                Self.check(plan, rule, world)
                let gone = Set(plan.deletions.map(\.snapshot.arn))
                world.removeAll { gone.contains($0.arn) }
            }
        }
    }

    private static func check(_ plan: RetentionPlan, _ rule: RetentionRule, _ world: [Snapshot]) {
        #expect(plan.deletions.count <= rule.maxDeletesPerRun)
        for (database, before) in Dictionary(grouping: world, by: \.database) {
            let gone = plan.deletions.filter { $0.database.identifier == database }.map(\.snapshot)
            #expect(gone.allSatisfy { $0.status == "available" && $0.tags[CopyRecord.holdKey] == nil })
            let available = before.filter { $0.status == "available" }
            let newest = available.max { ($0.createdAt ?? Self.start) < ($1.createdAt ?? Self.start) }
            #expect(!gone.contains { $0.arn == newest?.arn })
            #expect(gone.isEmpty || available.count - gone.count >= rule.minimum)
        }
    }
}
