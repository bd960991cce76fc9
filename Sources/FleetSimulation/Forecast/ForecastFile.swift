// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Databases as people list them: in JSON, or as a table of comma-separated values.
///
///     { "databases": [ { "name": "orders", "kind": "instance", "region": "us-east-1", "sizeGiB": 800,
///                        "backup": "03:00-03:30", "rpo": "26h" } ] }
///
///     name,kind,region,sizeGiB,backup,copyTime
///     orders,instance,us-east-1,800,03:00-03:30,
///     stock,cluster,us-east-1,1200,02:00 14:00,3h
package enum ForecastFile {
    /// Why a file can't be used, with the place in it.
    package struct Problem: Error, Hashable, CustomStringConvertible {
        package let description: String

        init(_ place: String, _ problem: String) { self.description = "\(place): \(problem)" }
    }

    private static let fields = [
        "name", "kind", "region", "account", "engine", "sizeGiB", "backup", "copyTime", "rpo",
    ]

    /// Reads a file: JSON, in which comments are allowed, where it begins with a bracket, else a table.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - account: The account of databases that name none.
    /// - Returns: At least one database, in the order of the file.
    /// - Throws: ``Problem`` with the first thing that is wrong.
    package static func read(_ bytes: [UInt8], account: String) throws(Problem) -> [ForecastDatabase] {
        let text = String(decoding: bytes, as: UTF8.self)
        let first = text.first { !$0.isWhitespace }
        let isJSON = first == "{" || first == "[" || first == "/"
        let rows = isJSON ? try self.json(bytes) : try self.table(text)
        var databases: [ForecastDatabase] = []
        for (place, row) in rows { databases.append(try self.database(row, at: place, account: account)) }
        if databases.isEmpty { throw Problem("the file", "names no database") }
        var seen: Set<ForecastDatabase.ID> = []
        for (index, database) in databases.enumerated() where !seen.insert(database.id).inserted {
            throw Problem(rows[index].place, "the \(database.id.kind) \(database.id.name) stands there twice")
        }
        return databases
    }

    private typealias Row = (place: String, fields: [String: String])

    private static func json(_ bytes: [UInt8]) throws(Problem) -> [Row] {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes, dialect: .relaxed)
        } catch {
            throw Problem("line \(error.line), column \(error.column)", error.problem.excerpt())
        }
        guard let list = document.array ?? document["databases"]?.array else {
            throw Problem("the document", #"write { "databases": [ … ] }"#)
        }
        var rows: [Row] = []
        for (index, element) in list.enumerated() {
            let place = "databases[\(index)]"
            guard let members = element.object else {
                throw Problem(place, "\(element.kind) where an object should be")
            }
            var row: [String: String] = [:]
            for (name, value) in members.sorted(by: { $0.key < $1.key }) where value != .null {
                try self.check(name, at: place)
                row[name] = try self.text(value, at: "\(place).\(name)")
            }
            rows.append((place, row))
        }
        return rows
    }

    /// A text, a number, or texts that belong together.
    private static func text(_ value: JSONValue, at place: String) throws(Problem) -> String {
        if let text = value.string { return text }
        if value.double != nil { return value.description }
        if let parts = value.array, parts.allSatisfy({ $0.string != nil }) {
            return parts.compactMap(\.string).joined(separator: " ")
        }
        throw Problem(place, "\(value.kind) where a text or a number should be")
    }

    private static func table(_ text: String) throws(Problem) -> [Row] {
        var heading: [String]?
        var rows: [Row] = []
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            let place = "line \(index + 1)"
            let cells = self.cells(line)
            guard cells != [""], !line.hasPrefix("#") else { continue }
            guard let names = heading else {
                for name in cells { try self.check(name, at: place) }
                heading = cells
                continue
            }
            guard cells.count <= names.count else {
                throw Problem(place, "\(cells.count) values where the first line names \(names.count) columns")
            }
            rows.append((place, Dictionary(zip(names, cells).filter { !$0.1.isEmpty }) { _, last in last }))
        }
        return rows
    }

    /// The values of a line; in double quotes one may hold commas.
    private static func cells(_ line: Substring) -> [String] {
        var cells = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: cells.append("")
            default: cells[cells.count - 1].append(character)
            }
        }
        return cells.map { String($0.trimmed) }
    }

    private static func check(_ name: String, at place: String) throws(Problem) {
        guard !self.fields.contains(name) else { return }
        let known = self.fields.joined(separator: ", ")
        throw Problem(place, "\"\(name.excerpt(40))\" is not known here; known are \(known)")
    }

    // MARK: - One database

    private static func database(
        _ row: [String: String],
        at place: String,
        account: String
    ) throws(Problem) -> ForecastDatabase {
        func field(_ name: String, _ remedy: String) throws(Problem) -> String {
            guard let value = row[name] else { throw Problem(place, "\(name) is missing: \(remedy)") }
            return value
        }
        let kindText = row["kind"] ?? SnapshotKind.instance.rawValue
        guard let kind = SnapshotKind(rawValue: kindText) else {
            throw Problem(place, "kind \"\(kindText.excerpt(40))\" is neither instance nor cluster")
        }
        let region = try field("region", "name the Region it is in")
        guard RegionName.partition(of: region) != nil else {
            throw Problem(place, "\"\(region.excerpt(40))\" is no Region")
        }
        let owner = row["account"] ?? account
        guard owner.isAccountID else { throw Problem(place, "account \"\(owner.excerpt(40))\" is not 12 digits") }
        return ForecastDatabase(
            name: try field("name", "give its identifier"),
            kind: kind,
            account: owner,
            region: region,
            engine: row["engine"] ?? "",
            sizeGiB: try self.size(row["sizeGiB"], at: place),
            backups: try self.backups(try field("backup", "say when, as 03:10 or 03:00-03:30, in UTC"), at: place),
            rpo: try self.duration("rpo", row, at: place),
            copyTime: try self.duration("copyTime", row, at: place)
        )
    }

    private static func size(_ text: String?, at place: String) throws(Problem) -> Int? {
        guard let text else { return nil }
        guard let size = Int(text), (1...1_000_000).contains(size) else {
            throw Problem(place, "sizeGiB \"\(text.excerpt(40))\" is no whole number of GiB")
        }
        return size
    }

    private static func duration(
        _ name: String,
        _ row: [String: String],
        at place: String
    ) throws(Problem) -> Duration? {
        guard let text = row[name] else { return nil }
        guard let duration = Duration(policyText: text), duration > .zero else {
            throw Problem(place, "\(name) \"\(text.excerpt(40))\" is no duration; write it as 90m, 26h or 2d")
        }
        return duration
    }

    private static func backups(_ text: String, at place: String) throws(Problem) -> [Duration] {
        let words = text.split { $0 == " " || $0 == "," }
        let moments = words.compactMap { self.moment(String($0)) }
        guard moments.count == words.count, !moments.isEmpty else {
            let shown = text.excerpt(40)
            throw Problem(place, "backup \"\(shown)\" is no time of day; write 03:10, 03:00-03:30, or several of them")
        }
        return moments
    }

    /// Reads a time of day, or a backup window, by the end of which the snapshot is there.
    ///
    /// - Returns: The time since midnight; `nil` when the text is neither.
    package static func moment(_ text: String) -> Duration? {
        let times = text.split(separator: "-", omittingEmptySubsequences: false).map { time -> Duration? in
            let parts = time.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
                let minute = Int(parts[1]), (0...23).contains(hour), (0...59).contains(minute)
            else { return nil }
            return .seconds(hour * 3600 + minute * 60)
        }
        guard (1...2).contains(times.count), times.allSatisfy({ $0 != nil }) else { return nil }
        return times.last ?? nil
    }
}

extension String {
    fileprivate var trimmed: Substring {
        let start = self.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return start.prefix(0) }
        return start[...last]
    }
}
