// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A fleet's status for people, and for programs.
struct StatusPage: Sendable {
    let status: FleetStatus

    // MARK: - People

    /// Lines of at most `width` columns.
    func lines(width: Int) -> [StyledLine] {
        var lines = [self.depth("Queue", self.status.queue), self.deadLetters]
        for pool in self.status.pools {
            lines.append("")
            lines.append(Self.heading(pool))
            guard let copies = pool.copies, !copies.isEmpty else { continue }
            lines += self.table(copies, width: width)
        }
        if !self.status.problems.isEmpty { lines.append("") }
        lines += self.status.problems.map { StyledLine("could not look: \($0)", .bad) }
        return lines.map { $0.truncated(to: width) }
    }

    private func depth(_ title: String, _ depth: QueueDepth?) -> StyledLine {
        var line = StyledLine(title, .faint)
        line.pad(to: 14)
        guard let depth else {
            line.append("unknown", .bad)
            return line
        }
        line.append("\(depth.visible)", .strong)
        line.append(" visible, ")
        line.append("\(depth.inFlight)", .strong)
        line.append(" in flight, ")
        line.append("\(depth.delayed)", .strong)
        line.append(" delayed")
        return line
    }

    private var deadLetters: StyledLine {
        var line = StyledLine("Dead letters", .faint)
        line.pad(to: 14)
        guard let depth = self.status.deadLetters else {
            line.append("unknown", .warning)
            return line
        }
        let count = depth.visible + depth.inFlight + depth.delayed
        line.append("\(count)", count == 0 ? .good : .bad)
        return line
    }

    private static func heading(_ pool: FleetStatus.Pool) -> StyledLine {
        var line = StyledLine("\(pool.pool.destination)", .accent)
        line.append("  \(pool.pool.kind.rawValue)  ", .strong)
        guard let copies = pool.copies else {
            line.append("unknown", .bad)
            return line
        }
        let tone: Tone = copies.count >= pool.limit ? .warning : .good
        line.append(ProgressBar.slots(taken: copies.count, limit: pool.limit, width: 20), tone)
        line.append(" \(copies.count) of \(pool.limit) slots taken")
        return line
    }

    private func table(_ copies: [Snapshot], width: Int) -> [StyledLine] {
        var table = TextTable([
            TextTable.Column("COPY", minimum: 16), TextTable.Column("DATABASE", minimum: 8, dropOrder: 1),
            TextTable.Column("ENGINE", minimum: 6, dropOrder: 3), TextTable.Column("SIZE", .right, dropOrder: 2),
            TextTable.Column("PROGRESS", minimum: 8), TextTable.Column("", .right), TextTable.Column("FOR", .right),
            TextTable.Column("ROUTE", minimum: 6, dropOrder: 4),
        ])
        for copy in copies {
            table.add([
                TextTable.Cell(copy.arn.identifier, .strong), TextTable.Cell(copy.database),
                TextTable.Cell(copy.engine, .faint), TextTable.Cell(HumanUnits.size(gibibytes: copy.sizeGiB)),
                TextTable.Cell(ProgressBar(percent: copy.percentProgress).text(width: 20), .accent),
                "\(copy.percentProgress ?? 0)%",
                TextTable.Cell(HumanUnits.short(copy.createdAt.map { self.status.now - $0 }), .faint),
                copy.tags[TagMerge.routeKey].map { TextTable.Cell($0) } ?? TextTable.Cell("not ours", .warning),
            ])
        }
        return table.lines(width: width)
    }

    // MARK: - Programs

    /// The same as one JSON document.
    var document: JSONValue {
        [
            "time": .string(self.status.now.iso8601), "queueUrl": .string(self.status.queueURL),
            "queue": Self.document(self.status.queue), "deadLetterQueue": Self.document(self.status.deadLetters),
            "pools": .array(self.status.pools.map { Self.document($0) }),
            "problems": .array(self.status.problems.map { .string($0) }),
        ]
    }

    private static func document(_ depth: QueueDepth?) -> JSONValue {
        guard let depth else { return .null }
        return [
            "visible": .integer(Int64(depth.visible)), "inFlight": .integer(Int64(depth.inFlight)),
            "delayed": .integer(Int64(depth.delayed)),
        ]
    }

    private static func document(_ pool: FleetStatus.Pool) -> JSONValue {
        let copies = pool.copies.map { JSONValue.array($0.map { self.document($0) }) } ?? .null
        return [
            "account": .string(pool.pool.destination.account), "region": .string(pool.pool.destination.region),
            "kind": .string(pool.pool.kind.rawValue), "limit": .integer(Int64(pool.limit)),
            "taken": pool.copies.map { .integer(Int64($0.count)) } ?? .null, "copies": copies,
        ]
    }

    private static func document(_ copy: Snapshot) -> JSONValue {
        .compact([
            "arn": .string(copy.arn.description), "database": .string(copy.database), "engine": .string(copy.engine),
            "status": .string(copy.status), "percent": .integer(Int64(copy.percentProgress ?? 0)),
            "sizeGiB": copy.sizeGiB.map { .integer(Int64($0)) },
            "startedAt": copy.createdAt.map { .string($0.iso8601) },
            "source": copy.tags[TagMerge.sourceKey].map { .string($0) },
            "route": copy.tags[TagMerge.routeKey].map { .string($0) },
        ])
    }
}
