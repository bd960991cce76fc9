// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// What a preflight found, for people and for programs.
struct CheckPage: Sendable {
    let findings: [Finding]

    /// A table as wide as the terminal, whose last column is broken into lines and never cut.
    ///
    /// `problemsOnly` leaves out what is fine.
    func lines(width: Int, problemsOnly: Bool) -> [StyledLine] {
        var lines: [StyledLine] = []
        let shown = self.findings.filter { !problemsOnly || $0.severity != .ok }
        for finding in shown {
            var line = StyledLine(finding.severity.rawValue, Self.tone(finding.severity))
            line.pad(to: Self.subjectColumn)
            line.append(finding.subject.rawValue, .strong)
            line.pad(to: Self.textColumn)
            var words = StyledLine()
            if !finding.name.isEmpty { words.append("\(finding.name) ", .accent) }
            words.append(finding.found)
            if let remedy = finding.remedy { words.append(" → \(remedy)", .faint) }
            lines += Self.wrapped(words, behind: line, width: max(60, width))
        }
        lines.append(self.summary)
        return lines
    }

    private var summary: StyledLine {
        var line = StyledLine("")
        for (index, severity) in Finding.Severity.allCases.enumerated() {
            let count = self.findings.count { $0.severity == severity }
            if index > 0 { line.append(", ") }
            line.append("\(count) \(Self.plural(severity, count))", count > 0 ? Self.tone(severity) : .faint)
        }
        return line
    }

    private static func plural(_ severity: Finding.Severity, _ count: Int) -> String {
        switch severity {
        case .ok, .unknown: severity.rawValue
        case .warning, .error: severity.rawValue + (count == 1 ? "" : "s")
        }
    }

    private static func tone(_ severity: Finding.Severity) -> Tone {
        switch severity {
        case .ok: .good
        case .warning, .unknown: .warning
        case .error: .bad
        }
    }

    private static let subjectColumn = 9
    /// Behind the longest subject.
    private static let textColumn = 28

    /// Breaks words into lines, the first one behind its heading and the others below it.
    private static func wrapped(_ words: StyledLine, behind heading: StyledLine, width: Int) -> [StyledLine] {
        var lines: [StyledLine] = []
        var line = heading
        var isEmpty = true
        for piece in words.pieces {
            for word in piece.text.split(separator: " ").map(String.init) {
                if !isEmpty, line.width + 1 + DisplayWidth.of(word) > width {
                    lines.append(line)
                    line = StyledLine()
                    line.pad(to: self.textColumn)
                    isEmpty = true
                }
                line.append((isEmpty ? "" : " ") + word, piece.tone)
                isEmpty = false
            }
        }
        return lines + [line]
    }

    /// The same as one JSON document.
    var document: JSONValue {
        let findings = self.findings.map { finding -> JSONValue in
            .compact([
                "severity": .string(finding.severity.rawValue), "subject": .string(finding.subject.rawValue),
                "name": finding.name.isEmpty ? nil : .string(finding.name), "found": .string(finding.found),
                "remedy": finding.remedy.map { .string($0) },
            ])
        }
        let counts = Finding.Severity.allCases.map { severity in
            (severity.rawValue, JSONValue.integer(Int64(self.findings.count { $0.severity == severity })))
        }
        return ["findings": .array(findings), "counts": .object(Dictionary(counts) { first, _ in first })]
    }
}
