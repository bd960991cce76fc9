// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// How a plan is carried out: never by a look that is old.
@Suite struct PruneRoundTests {
    private static let now = CoreHarness.start
    private static let rule = RetentionRule(keepNewest: 1, maxDeletesPerRun: 10)

    private static func copies(_ count: Int, of database: String = "orders") -> [Snapshot] {
        (1...count).map { RetentionWorld.copy(of: database, taken: Self.now - RetentionWorld.day * Double($0)) }
    }

    private static func round(_ copies: [Snapshot]) -> PruneRound {
        PruneRound(RetentionWorld.plan(copies, Self.rule, now: Self.now), rules: ["prod": Self.rule])
    }

    /// What each step is, in a word and a name.
    private static func name(_ step: PruneRound.Step?) -> String {
        switch step {
        case .look(let names, _): "look at \(names.count)"
        case .delete(let copy): "delete \(copy.snapshot.arn.identifier)"
        case .passOver(let copy): "pass over \(copy.snapshot.arn.identifier)"
        case .spare(let copy, let reasons): "spare \(copy.snapshot.arn.identifier): \(reasons)"
        case nil: "end"
        }
    }

    @Test func looksOnceAtADatabaseAndDeletesTheOldestFirst() {
        let copies = Self.copies(3)
        var round = Self.round(copies)
        #expect(Self.name(round.next(at: Self.now)) == "look at 3")
        round.looked(copies, askedAt: Self.now)
        #expect(Self.name(round.next(at: Self.now)) == "delete \(copies[2].arn.identifier)")
        #expect(Self.name(round.next(at: Self.now)) == "delete \(copies[1].arn.identifier)")
        #expect(round.next(at: Self.now) == nil)
    }

    @Test func eachDatabaseHasALookOfItsOwn() {
        let (one, other) = (Self.copies(2, of: "crm"), Self.copies(2))
        var round = Self.round(one + other)
        #expect(Self.name(round.next(at: Self.now)) == "look at 2")
        round.looked(one, askedAt: Self.now)
        #expect(Self.name(round.next(at: Self.now)) == "delete \(one[1].arn.identifier)")
        #expect(Self.name(round.next(at: Self.now)) == "look at 2")
        round.looked(other, askedAt: Self.now)
        #expect(Self.name(round.next(at: Self.now)) == "delete \(other[1].arn.identifier)")
    }

    @Test func anOldLookIsTakenAgainAndDeletesNothing() {
        let copies = Self.copies(3)
        var round = Self.round(copies)
        _ = round.next(at: Self.now)
        round.looked(copies, askedAt: Self.now)
        #expect(round.mayDelete(at: Self.now + PruneRound.lookLife - .microseconds(1)))
        let later = Self.now + PruneRound.lookLife
        #expect(!round.mayDelete(at: later))
        #expect(Self.name(round.next(at: later)) == "look at 3")
        // Meanwhile somebody deleted the newest: one more has to stay.
        round.looked(Array(copies.dropFirst()), askedAt: later)
        #expect(Self.name(round.next(at: later)) == "delete \(copies[2].arn.identifier)")
        #expect(
            Self.name(round.next(at: later))
                == "spare \(copies[1].arn.identifier): [newest available, minimum, keepNewest]"
        )
    }

    @Test func aDatabaseThatIsNeverSeenInTimeIsLeftAlone() {
        let copies = Self.copies(2)
        var round = Self.round(copies)
        var now = Self.now
        var steps: [String] = []
        while let step = round.next(at: now), steps.count < 10 {
            steps.append(Self.name(step))
            let asked = now
            now = now + PruneRound.lookLife
            if case .look = step { round.looked(copies, askedAt: asked) }
        }
        #expect(steps.prefix(3).allSatisfy { $0 == "look at 2" })
        #expect(steps.dropFirst(3) == ["spare \(copies[1].arn.identifier): [not seen in time]"])
    }

    @Test func whatIsGoneIsPassedOver() {
        let copies = Self.copies(2)
        var round = Self.round(copies)
        _ = round.next(at: Self.now)
        round.looked([copies[0]], askedAt: Self.now)
        #expect(Self.name(round.next(at: Self.now)) == "pass over \(copies[1].arn.identifier)")
        #expect(round.next(at: Self.now) == nil)
    }
}
