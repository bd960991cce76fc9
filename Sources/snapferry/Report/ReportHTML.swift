// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A recovery report as one page that needs nothing else: no request leaves it.
///
/// All that comes from AWS is in a block of JSON, from which the script makes text nodes; none of it is ever markup.
struct ReportHTML: Sendable {
    let page: ReportPage

    /// The document.
    var text: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <link rel="icon" href="data:,">
        <title>Recovery points</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <a class="skip" href="#filter">To the databases</a>
        <header><h1>Recovery points</h1><p id="made"></p><button id="theme" type="button">Colours: auto</button></header>
        <main>
        <noscript><p>This page is drawn by its script, which is turned off. \(self.summary)</p></noscript>
        <section id="verdict" aria-label="Verdict"></section>
        <ul id="tiles" class="tiles" aria-label="Databases by standing; press to show them alone"></ul>
        <section id="trouble" class="problems" hidden><h2>Could not be looked at</h2><ul id="problems"></ul></section>
        <h2>The oldest of each route</h2>
        <ul id="routes" class="routes"></ul>
        <h2>Databases, the worst first</h2>
        <div class="controls" role="search">
        <input id="filter" type="search" placeholder="Filter: name, Region, engine, route … (/)" aria-label="Filter">
        <select id="standing" aria-label="Standing"><option value="">all standings</option>\
        <option value="breach">beyond their RPO</option></select>
        <select id="place" aria-label="Destination"><option value="">all destinations</option></select>
        <output id="count" aria-live="polite"></output>
        </div>
        <div class="scroll"><table id="table"><thead><tr id="heads"></tr></thead><tbody id="rows"></tbody></table></div>
        <section id="outside" hidden><h2>Databases that no route takes</h2>
        <div class="scroll"><table><thead><tr><th scope="col">Database</th><th scope="col">Kind</th><th scope="col">Where</th>\
        <th scope="col">Engine</th><th scope="col">Why</th></tr></thead><tbody id="uncovered"></tbody></table></div></section>
        </main>
        <footer>Ages are those of the data: from when the source's snapshot was taken, not from when it was copied. \
        Made by snapferry \(Version.current).</footer>
        <script id="data" type="application/json">\(self.data)</script>
        <script>\(Self.script)</script>
        </body>
        </html>

        """
    }

    /// Nothing but the page's own style and script may run, and nothing may be fetched.
    private static let policy =
        "default-src 'none'; style-src 'sha256-\(Self.hash(of: Self.style))'; script-src 'sha256-\(Self.hash(of: Self.script))'; "
        + "img-src data:; base-uri 'none'; form-action 'none'"

    private static func hash(of text: String) -> String { Base64.encode(Digest.sha256(Array(text.utf8))) }

    private var summary: String {
        "\(self.page.report.breaches) of \(self.page.report.lines.count) recovery points break their RPO."
    }

    /// JSON that can stand within an element: nothing in it can end the element.
    private var data: String {
        var text = ""
        for scalar in self.document.description.unicodeScalars {
            switch scalar {
            case "<": text += "\\u003c"
            case ">": text += "\\u003e"
            case "&": text += "\\u0026"
            case "\u{2028}": text += "\\u2028"
            case "\u{2029}": text += "\\u2029"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    // MARK: - Data

    private var document: JSONValue {
        var keys: [String: Int64] = [:]
        let rows = self.page.report.lines.map { self.row($0, &keys) }
        let names = keys.sorted { $0.value < $1.value }.map { JSONValue.string($0.key) }
        return [
            "now": .integer(self.page.report.now.wholeSeconds), "rows": .array(rows), "keys": .array(names),
            "routes": .array(self.page.report.routes.map { Self.document($0) }),
            "uncovered": .array(self.page.report.uncovered.map { Self.document($0) }),
            "problems": .array(self.page.problems.map { .string($0) }),
        ]
    }

    private func row(_ line: RecoveryLine, _ keys: inout [String: Int64]) -> JSONValue {
        let copies = line.confirmed.map { Self.document($0, &keys) }
        let open = line.inProgress.map { Self.document($0, &keys) }
        return [
            "database": .string(line.database.identifier), "kind": .string(line.database.kind.rawValue),
            "account": .string(line.database.account), "region": .string(line.database.region),
            "engine": .string(line.engine), "to": .string(line.destination.description),
            "route": line.route.map { .string($0) } ?? .null, "rpo": Self.seconds(line.rpo),
            "standing": .string(line.standing.rawValue), "breach": .bool(line.isBreach), "age": Self.seconds(line.age),
            "exposure": Self.seconds(line.exposure), "count": .integer(Int64(line.confirmedCount)),
            "copies": .array(copies), "open": .array(open), "failed": .integer(Int64(line.failedCount)),
        ]
    }

    private static func document(_ copy: RecoveryCopy, _ keys: inout [String: Int64]) -> JSONValue {
        var key = JSONValue.null
        if let name = copy.kmsKeyID {
            let number = keys[name] ?? Int64(keys.count)
            keys[name] = number
            key = .integer(number)
        }
        return [
            "id": .string(copy.identifier), "taken": Self.moment(copy.takenAt), "copied": Self.moment(copy.copiedAt),
            "gib": copy.sizeGiB.map { .integer(Int64($0)) } ?? .null, "took": Self.seconds(copy.took), "key": key,
            "held": .bool(copy.isHeld), "percent": copy.percent.map { .integer(Int64($0)) } ?? .null,
        ]
    }

    private static func document(_ point: RoutePoint) -> JSONValue {
        [
            "route": .string(point.route), "to": .string(point.destination.description),
            "rpo": Self.seconds(point.rpo), "age": Self.seconds(point.worstAge),
            "worst": .string(point.worst?.identifier ?? ""), "breached": .integer(Int64(point.breachedCount)),
        ]
    }

    private static func document(_ item: RecoveryReport.Uncovered) -> JSONValue {
        [
            "database": .string(item.database.identifier), "kind": .string(item.database.kind.rawValue),
            "account": .string(item.database.account), "region": .string(item.database.region),
            "engine": .string(item.engine), "why": .string(item.reason),
        ]
    }

    private static func seconds(_ duration: Duration?) -> JSONValue {
        duration.map { .integer(Int64($0.inSeconds)) } ?? .null
    }

    private static func moment(_ instant: Instant?) -> JSONValue {
        instant.map { .integer($0.wholeSeconds) } ?? .null
    }
}

/// RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for place in 0..<4 {
                let isThere = place <= group.count
                text.append(isThere ? self.alphabet[Int(word >> (18 - 6 * UInt32(place)) & 63)] : "=")
            }
        }
        return text
    }
}
