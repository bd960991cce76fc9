// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A recovery report for programs.
extension ReportPage {
    /// One JSON document; times in UTC, ages in seconds, `null` for what is unknown or is not there.
    var document: JSONValue {
        [
            "time": .string(self.report.now.iso8601), "breaches": .integer(Int64(self.report.breaches)),
            "rows": .array(self.shown.map { Self.document($0) }),
            "uncovered": .array(self.report.uncovered.map { Self.document($0) }),
            "routes": .array(self.report.routes.map { $0.document }),
            "looked": .integer(Int64(self.report.looked)), "notOurs": .integer(Int64(self.report.foreign)),
            "problems": .array(self.problems.map { .string($0) }),
        ]
    }

    private var shown: [RecoveryLine] { self.report.lines.filter { !self.breachesOnly || $0.isBreach } }

    private static func document(_ line: RecoveryLine) -> JSONValue {
        [
            "standing": .string(line.standing.rawValue), "breach": .bool(line.isBreach),
            "database": Self.document(line.database), "engine": .string(line.engine),
            "destination": [
                "account": .string(line.destination.account), "region": .string(line.destination.region),
            ],
            "route": line.route.map { .string($0) } ?? .null, "rpoSeconds": Self.seconds(line.rpo),
            "ageSeconds": Self.seconds(line.age), "exposureSeconds": Self.seconds(line.exposure),
            "newest": line.newest.map { Self.document($0) } ?? .null,
            "previous": .array(line.confirmed.dropFirst().map { Self.document($0) }),
            "confirmed": .integer(Int64(line.confirmedCount)), "failed": .integer(Int64(line.failedCount)),
            "inProgress": .array(line.inProgress.map { Self.document($0) }),
        ]
    }

    private static func document(_ database: SourceDatabase) -> JSONValue {
        [
            "account": .string(database.account), "region": .string(database.region),
            "kind": .string(database.kind.rawValue), "id": .string(database.identifier),
        ]
    }

    private static func document(_ copy: RecoveryCopy) -> JSONValue {
        .compact([
            "id": .string(copy.identifier), "source": .string(copy.source),
            "takenAt": copy.takenAt.map { .string($0.iso8601) }, "copiedAt": copy.copiedAt.map { .string($0.iso8601) },
            "sizeGiB": copy.sizeGiB.map { .integer(Int64($0)) }, "kmsKey": copy.kmsKeyID.map { .string($0) },
            "tookSeconds": copy.took.map { .integer(Int64($0.inSeconds)) },
            "percent": copy.phase == .inProgress ? copy.percent.map { .integer(Int64($0)) } : JSONValue?.none,
            "held": copy.isHeld ? .bool(true) : JSONValue?.none,
        ])
    }

    private static func document(_ item: RecoveryReport.Uncovered) -> JSONValue {
        [
            "database": Self.document(item.database), "engine": .string(item.engine), "reason": .string(item.reason),
        ]
    }

    private static func seconds(_ duration: Duration?) -> JSONValue {
        duration.map { .integer(Int64($0.inSeconds)) } ?? .null
    }

    // MARK: - Comma-separated values

    private static let headings = [
        "standing", "breach", "kind", "source_account", "source_region", "database", "engine", "destination_account",
        "destination_region", "route", "rpo_seconds", "age_seconds", "newest_copy", "newest_taken_at",
        "newest_copied_at", "size_gib", "kms_key", "took_seconds", "confirmed", "in_progress", "failed", "note",
    ]

    /// A heading and a line for each database and destination, then one for each database that no route takes; RFC 4180.
    var commaSeparated: [String] {
        var lines = [Self.headings.joined(separator: ",")]
        for line in self.shown {
            let database = line.database
            let newest = line.newest
            let cells: [String] = [
                line.standing.rawValue, "\(line.isBreach)", database.kind.rawValue, database.account, database.region,
                database.identifier, line.engine, line.destination.account, line.destination.region, line.route ?? "",
                Self.number(line.rpo), Self.number(line.age), newest?.identifier ?? "",
                newest?.takenAt?.iso8601 ?? "", newest?.copiedAt?.iso8601 ?? "",
                newest?.sizeGiB.map { "\($0)" } ?? "", newest?.kmsKeyID ?? "", Self.number(newest?.took),
                "\(line.confirmedCount)", "\(line.inProgress.count)", "\(line.failedCount)", "",
            ]
            lines.append(cells.map { Self.cell($0) }.joined(separator: ","))
        }
        for item in self.breachesOnly ? [] : self.report.uncovered {
            let database = item.database
            var cells = [
                "uncovered", "false", database.kind.rawValue, database.account, database.region, database.identifier,
                item.engine,
            ]
            cells += Array(repeating: "", count: Self.headings.count - cells.count - 1) + [item.reason]
            lines.append(cells.map { Self.cell($0) }.joined(separator: ","))
        }
        return lines
    }

    private static func number(_ duration: Duration?) -> String { duration.map { "\(Int64($0.inSeconds))" } ?? "" }

    /// A cell, quoted where it has to be; a spreadsheet must not take a name for a formula.
    static func cell(_ text: String) -> String {
        var text = text
        if let first = text.first, "=+-@\t\r".contains(first) { text = "'" + text }
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
