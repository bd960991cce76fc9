// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("Retention")
struct RetentionPlanTests {
    private static let now = Instant(iso8601: "2026-11-22T12:00:00Z") ?? Instant(microseconds: 0)

    private static func copies(days: ClosedRange<Int>, of database: String = "orders") -> [Snapshot] {
        days.map { RetentionWorld.copy(of: database, taken: Self.now - RetentionWorld.day * $0) }
    }

    @Test(
        "keeps what any rule wants, and the minimum",
        arguments: [
            (RetentionRule(keepNewest: 3, maxDeletesPerRun: 100), [0, 1, 2] as [Int64]),
            (RetentionRule(keepFor: .seconds(86_400 * 4), maxDeletesPerRun: 100), [0, 1, 2, 3]),
            (RetentionRule(keepNewest: 1, minimum: 4, maxDeletesPerRun: 100), [0, 1, 2, 3]),
            (RetentionRule(daily: 2, weekly: 3, maxDeletesPerRun: 100), [0, 1, 7, 14]),
            // The last of each month: 22 November, 31 October, 30 September.
            (RetentionRule(monthly: 3, maxDeletesPerRun: 100), [0, 22, 53]),
            (RetentionRule(keepNewest: 2, monthly: 2, maxDeletesPerRun: 100), [0, 1, 22]),
            (RetentionRule(yearly: 5, maxDeletesPerRun: 100), [0]),
        ]
    )
    func rules(rule: RetentionRule, kept: [Int64]) {
        // 22 November 2026 is a Sunday, so that weeks end on days 0, 7, 14, …
        let plan = RetentionWorld.plan(Self.copies(days: 0...60), rule, now: Self.now)
        #expect(plan.keptDays(before: Self.now) == kept)
        #expect(plan.deletions.count == 61 - kept.count)
    }

    @Test("keeps the newest available copy of each database, and counts each database by itself")
    func newest() {
        let copies = Self.copies(days: 40...45) + Self.copies(days: 90...91, of: "crm")
        let plan = RetentionWorld.plan(copies, RetentionRule(keepFor: RetentionWorld.day), now: Self.now)
        let kept = plan.verdicts.filter { !$0.isDeletion }
        #expect(kept.map(\.copy.database.identifier) == ["crm", "orders"])
        #expect(kept.allSatisfy { $0.reasons.first == .newest })
        #expect(plan.keptDays(before: Self.now) == [40, 90])
    }

    @Test(
        "lets no copy go on the strength of a newer one that is not confirmed",
        arguments: ["copying", "creating", "failed"]
    )
    func unconfirmed(status: String) {
        let copies =
            [RetentionWorld.copy(taken: Self.now, status: status)] + Self.copies(days: 1...3)
        let plan = RetentionWorld.plan(copies, RetentionRule(keepNewest: 1), now: Self.now)
        #expect(plan.keptDays(before: Self.now) == [0, 1])
        #expect(plan.verdicts.first?.reasons == [.notAvailable(status: status)])
        #expect(plan.deletions.compactMap(\.takenAt).map { $0.duration(to: Self.now).days } == [3, 2])
    }

    @Test("does not touch what is not ours, by tag, by name and by kind")
    func foreign() {
        let old = Self.now - RetentionWorld.day * 50
        var untagged = RetentionWorld.copy(taken: old)
        untagged.tags[TagMerge.sourceKey] = nil
        var unreadable = RetentionWorld.copy(taken: old)
        unreadable.tags[TagMerge.sourceKey] = "orders"
        var automated = RetentionWorld.copy(taken: old)
        automated.origin = .automated
        // Somebody copied our copy, tags and all, to keep it.
        let renamed = RetentionWorld.copy(taken: old, name: "before-migration")
        let copies = Self.copies(days: 0...1) + [untagged, unreadable, automated, renamed]
        let plan = RetentionWorld.plan(copies, RetentionRule(keepNewest: 1), now: Self.now)
        #expect(plan.verdicts.count == 2)
        #expect(plan.deletions.count == 1)
    }

    @Test("keeps what people hold, what has no believable age, and what no rule is for")
    func kept() {
        let old = Self.now - RetentionWorld.day * 50
        let held = RetentionWorld.copy(taken: old, tags: ["Snapferry:Hold": ""])
        let ageless = RetentionWorld.copy(taken: old - RetentionWorld.day, tags: [TagMerge.sourceCreatedKey: "lately"])
        let fromTheFuture = RetentionWorld.copy(
            taken: old - RetentionWorld.day * 2,
            tags: [TagMerge.sourceCreatedKey: "2099-01-01T00:00:00Z"]
        )
        let orphan = RetentionWorld.copy(taken: old - RetentionWorld.day * 3, route: "gone")
        let copies = Self.copies(days: 0...2) + [held, ageless, fromTheFuture, orphan]
        let plan = RetentionWorld.plan(copies, RetentionRule(keepNewest: 1), now: Self.now)
        let reasons = Dictionary(uniqueKeysWithValues: plan.verdicts.map { ($0.copy.snapshot.arn, $0.reasons) })
        #expect(reasons[held.arn] == [.held])
        #expect(reasons[ageless.arn] == [.ageUnknown])
        #expect(reasons[fromTheFuture.arn] == [.ageUnknown])
        #expect(reasons[orphan.arn] == [.noRule(route: "gone")])
        #expect(plan.deletions.count == 2)
    }

    @Test("keeps the copy that was made last, although tags say that an older one has the newest data")
    func madeLast() {
        let tagged = RetentionWorld.copy(taken: Self.now - RetentionWorld.day * 2)
        var last = RetentionWorld.copy(taken: Self.now - RetentionWorld.day * 9)
        last.createdAt = Self.now
        let plan = RetentionWorld.plan([tagged, last], RetentionRule(keepNewest: 1), now: Self.now)
        #expect(plan.deletions.isEmpty)
    }

    @Test("deletes no more than the cap, the oldest data first")
    func cap() {
        let rule = RetentionRule(keepNewest: 2, maxDeletesPerRun: 3)
        let plan = RetentionWorld.plan(Self.copies(days: 0...9), rule, now: Self.now)
        #expect(plan.deletions.compactMap(\.takenAt).map { $0.duration(to: Self.now).days } == [9, 8, 7])
        #expect(plan.verdicts.count { $0.reasons == [.cap(3)] } == 5)
    }

    @Test("takes the age of an instance's data from RDS before the tag")
    func ages() {
        var copy = RetentionWorld.copy(taken: Self.now - RetentionWorld.day * 3)
        copy.originalCreatedAt = Self.now - RetentionWorld.day * 5
        let plan = RetentionWorld.plan([copy], RetentionRule(keepNewest: 1), now: Self.now)
        #expect(plan.keptDays(before: Self.now) == [5])
    }
}
