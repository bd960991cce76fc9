// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// The answer to "why was it copied, or not" for people, and for programs.
struct ExplainPage: Sendable {
    let report: ExplainReport
    let now: Instant

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        var lines: [StyledLine] = [StyledLine(self.report.arn.description, .strong), self.summary]
        for route in self.report.decision.routes {
            lines.append("")
            var heading = StyledLine("route \(route.route)  ", .strong)
            heading.append(Self.word(route.outcome), Self.tone(route.outcome))
            lines.append(heading)
            lines += self.table(of: route.tests).lines(width: width)
        }
        if self.report.decision.routes.isEmpty { lines += ["", "The policy has no routes."] }
        let places = self.shownPlaces
        if !places.isEmpty { lines += ["" as StyledLine] + self.table(of: places).lines(width: width) }
        lines += ["" as StyledLine] + self.conclusions.map { StyledLine($0.text, $0.tone) }
        return lines.map { $0.truncated(to: width) }
    }

    // MARK: - The snapshot

    private var summary: StyledLine {
        guard let snapshot = self.report.snapshot else {
            return StyledLine("It does not exist, or is not visible from here; some tests can't tell.", .warning)
        }
        var parts = [
            "\(snapshot.origin?.rawValue ?? "unknown") snapshot of \(self.report.arn.kind.rawValue) \(snapshot.database)",
            snapshot.engine, snapshot.status, snapshot.isEncrypted ? "encrypted" : "not encrypted",
        ]
        if let size = snapshot.sizeGiB { parts.append(HumanUnits.size(gibibytes: size)) }
        if let taken = snapshot.originalCreatedAt ?? snapshot.createdAt {
            parts.append("taken \(taken.iso8601.prefix(16))Z, \(HumanUnits.duration(self.now - taken)) ago")
        }
        return StyledLine(parts.filter { !$0.isEmpty }.joined(separator: ", "))
    }

    // MARK: - The routes

    private static func word(_ outcome: MatchOutcome) -> String {
        switch outcome {
        case .matches: "takes it"
        case .doesNotMatch: "does not take it"
        case .unknown: "can't tell"
        }
    }

    private static func tone(_ outcome: MatchOutcome) -> Tone {
        switch outcome {
        case .matches: .good
        case .doesNotMatch: .bad
        case .unknown: .warning
        }
    }

    private func table(of tests: [PolicyDecision.Test]) -> TextTable {
        var table = TextTable([
            TextTable.Column(""), TextTable.Column("TEST"), TextTable.Column("WHAT WAS COMPARED", minimum: 20),
        ])
        for test in tests {
            let mark = test.outcome == .matches ? "✓" : test.outcome == .doesNotMatch ? "✗" : "?"
            let tone = Self.tone(test.outcome)
            table.add([
                TextTable.Cell(mark, tone), TextTable.Cell(test.name),
                TextTable.Cell(test.detail, test.outcome == .matches ? .faint : tone),
            ])
        }
        return table
    }

    // MARK: - The copies

    /// A destination that nothing leads to is of interest only where a copy is all the same.
    private var shownPlaces: [ExplainReport.Place] {
        self.report.places.filter { place in
            if case .ours = place.standing { true } else { place.plan != nil }
        }
    }

    private func table(of places: [ExplainReport.Place]) -> TextTable {
        var table = TextTable([
            TextTable.Column("TO"), TextTable.Column("AS", minimum: 16), TextTable.Column("BY ROUTE", minimum: 6),
            TextTable.Column("STANDS", minimum: 12), TextTable.Column("SLOT", minimum: 8, dropOrder: 1),
        ])
        for place in places {
            let standing = self.words(place.standing)
            table.add([
                TextTable.Cell(place.pool.destination.description), TextTable.Cell(place.target, .strong),
                TextTable.Cell(place.plan?.route ?? "none now"), TextTable.Cell(standing.text, standing.tone),
                TextTable.Cell(self.words(place.slot), .faint),
            ])
        }
        return table
    }

    private func words(_ standing: ExplainReport.Place.Standing) -> (text: String, tone: Tone) {
        switch standing {
        case .absent: return ("not there", .warning)
        case .notLooked: return ("could not be looked at", .bad)
        case .taken(let other):
            let holds = other.tags[TagMerge.sourceKey] ?? other.sourceARN ?? "something else"
            return ("name taken by a snapshot that holds \(holds.excerpt(120))", .bad)
        case .ours(let copy):
            let percent = copy.percentProgress.map { " \($0)%" } ?? ""
            switch copy.phase {
            case .available: return ("available", .good)
            case .inProgress:
                let since = copy.createdAt.map { ", for \(HumanUnits.duration(self.now - $0))" } ?? ""
                return (copy.status + percent + since, .accent)
            case .failed: return (copy.status + percent, .bad)
            }
        }
    }

    private func words(_ slot: ExplainReport.Place.Slot) -> String {
        switch slot {
        case .free: "none held"
        case .held(let item):
            "\(item.number) held by \(item.owner.excerpt(40)), lease to \(LocalTime.minute(item.expires))"
        case .unknown: "not known"
        }
    }

    // MARK: - What follows

    /// What it comes to, and what to do.
    private var conclusions: [(text: String, tone: Tone)] {
        var result: [(text: String, tone: Tone)] = []
        let report = self.report
        if report.decision.copies.isEmpty {
            result.append(("No route takes it: it is not copied.", .warning))
        } else if report.places.contains(where: { $0.plan != nil && $0.standing == .absent }) {
            result.append(
                (
                    "A copy that is not there waits on the queue, or nobody has asked for it: snapferry sweep, or "
                        + "snapferry copy, asks.", .warning
                )
            )
        }
        if let source = report.snapshot, source.phase == .inProgress, !report.decision.copies.isEmpty {
            result.append(("The snapshot itself is not available yet; its copies start when it is.", .warning))
        }
        for letter in report.letters ?? [] {
            let place = letter.destination.isEmpty ? "" : " to \(letter.destination)"
            result.append(("In the dead-letter queue\(place): \(letter.reason): \(letter.detail)", .bad))
        }
        switch (report.deadLetterCount, report.letters) {
        case (nil, _): result.append(("The dead-letter queue was not looked at.", .faint))
        case (0?, _): result.append(("The dead-letter queue is empty.", .faint))
        case (let count?, nil):
            let words = "The dead-letter queue holds \(count); --dead-letters looks for this snapshot among them."
            result.append((words, .faint))
        case (let count?, let letters?):
            if letters.isEmpty { result.append(("None of \(count) dead letters is about it.", .faint)) }
        }
        return result
    }

    // MARK: - For programs

    /// The same as one JSON document.
    var document: JSONValue {
        let snapshot = self.report.snapshot
        return [
            "snapshot": .string(self.report.arn.description),
            "exists": .bool(snapshot != nil),
            "status": snapshot.map { .string($0.status) } ?? .null,
            "database": snapshot.map { .string($0.database) } ?? .null,
            "type": snapshot?.origin.map { .string($0.rawValue) } ?? .null,
            "engine": snapshot.map { .string($0.engine) } ?? .null,
            "outcome": .string(self.report.decision.outcome.rawValue),
            "routes": .array(self.report.decision.routes.map { self.document(of: $0) }),
            "copies": .array(self.shownPlaces.map { self.document(of: $0) }),
            "deadLetterQueue": self.report.deadLetterCount.map { .integer(Int64($0)) } ?? .null,
            "deadLetters": self.report.letters.map { letters in
                .array(
                    letters.map {
                        [
                            "reason": .string($0.reason), "detail": .string($0.detail),
                            "destination": .string($0.destination),
                        ]
                    }
                )
            } ?? .null,
            "problems": .array(self.report.problems.map { .string($0) }),
        ]
    }

    private func document(of route: PolicyDecision.RouteDecision) -> JSONValue {
        [
            "route": .string(route.route), "outcome": .string(route.outcome.rawValue),
            "tests": .array(
                route.tests.map {
                    [
                        "name": .string($0.name), "outcome": .string($0.outcome.rawValue),
                        "detail": .string($0.detail),
                    ]
                }
            ),
        ]
    }

    private func document(of place: ExplainReport.Place) -> JSONValue {
        var standing = "not-looked"
        var found: Snapshot?
        switch place.standing {
        case .absent: standing = "absent"
        case .notLooked: break
        case .taken(let other): (standing, found) = ("name-taken", other)
        case .ours(let copy): (standing, found) = ("copy", copy)
        }
        var slot = JSONValue.null
        if case .held(let item) = place.slot {
            slot = [
                "number": .integer(Int64(item.number)), "owner": .string(item.owner),
                "expires": .string(item.expires.iso8601),
            ]
        }
        return [
            "destination": .string(place.pool.destination.description), "target": .string(place.target),
            "route": place.plan.map { .string($0.route) } ?? .null, "standing": .string(standing),
            "status": found.map { .string($0.status) } ?? .null,
            "percentProgress": found?.percentProgress.map { .integer(Int64($0)) } ?? .null, "slot": slot,
        ]
    }
}
