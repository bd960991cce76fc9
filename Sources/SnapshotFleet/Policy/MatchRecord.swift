// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A snapshot that is judged, and what all routes ask of it.
struct MatchSubject {
    let facts: SnapshotFacts
    let arn: SnapshotARN
    let origin: Snapshot.Origin?
    let lineage: CopyLineage

    init(_ facts: SnapshotFacts) {
        self.facts = facts
        self.arn = facts.arn
        self.origin = facts.effectiveOrigin
        self.lineage = CopyLineage(facts)
    }

    /// Whether a copy by this rule would be neither where the snapshot is, nor where it came from.
    func mayGo(by rule: DestinationRule) -> Bool {
        let account = rule.account ?? self.arn.account
        if rule.region == self.arn.region, account == self.arn.account { return false }
        return !self.lineage.leadsBack(to: rule.region, in: account)
    }
}

/// Takes down what tests find.
protocol MatchRecord {
    /// Whether no further test can change what is taken down.
    var isDecided: Bool { get }
    /// Takes down one test; `detail` is for people, and costs most of what a test does.
    mutating func note(_ name: String, _ outcome: MatchOutcome, _ detail: @autoclosure () -> String)
}

extension MatchRecord {
    mutating func note(_ name: String, _ isPassed: Bool, _ detail: @autoclosure () -> String) {
        self.note(name, isPassed ? .matches : .doesNotMatch, detail())
    }
}

extension MatchOutcome {
    /// What two tests come to.
    fileprivate func and(_ other: MatchOutcome) -> MatchOutcome {
        if self == .doesNotMatch || other == .doesNotMatch { return .doesNotMatch }
        return self == .unknown ? self : other
    }
}

/// Whether all tests are passed, and nothing else.
struct OutcomeAlone: MatchRecord {
    var outcome = MatchOutcome.matches

    var isDecided: Bool { self.outcome == .doesNotMatch }

    mutating func note(_ name: String, _ outcome: MatchOutcome, _ detail: @autoclosure () -> String) {
        self.outcome = self.outcome.and(outcome)
    }
}

/// All tests in words.
struct TestsInFull: MatchRecord {
    var outcome = MatchOutcome.matches
    var tests: [PolicyDecision.Test] = []

    var isDecided: Bool { false }

    mutating func note(_ name: String, _ outcome: MatchOutcome, _ detail: @autoclosure () -> String) {
        self.outcome = self.outcome.and(outcome)
        self.tests.append(.init(name: name, outcome: outcome, detail: detail()))
    }
}
