// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import LocalAWS
import Synchronization

extension LocalAWSServer {
    /// Answers what is no AWS: the faults, the journal and the clock, under `/_local/`.
    ///
    /// Only where the request names a loopback host: a page in somebody's browser must not reach it by a name that
    /// resolves to this machine.
    func administer(_ request: IncomingRequest) -> OutgoingAnswer {
        guard Self.isLoopback(request.header("host") ?? "") else {
            return Self.problem(403, "this path answers on a loopback host only")
        }
        switch (request.method, request.path) {
        case ("GET", "/_local/health"): return Self.document(["status": "ok"])
        case ("GET", "/_local/state"):
            return Self.document(self.withWorld { world, now in world.summary(at: now) })
        case ("GET", "/_local/journal"): return self.journalLines(request)
        case ("GET", "/_local/faults"):
            return self.state.withLock { state in
                Self.document(["struck": .array(state.faults.struck.map { .integer(Int64($0)) })])
            }
        case ("PUT", "/_local/faults"):
            return self.change(request) { (document) throws(DocumentError) in
                self.setFaults(try FaultScript(document))
                return ["status": "ok"]
            }
        case ("PUT", "/_local/settings"):
            return self.change(request) { (document) throws(DocumentError) in
                try self.withWorld { (world, _) throws(DocumentError) in try world.apply(settings: document) }
                return ["status": "ok"]
            }
        case ("POST", "/_local/advance"):
            return self.change(request) { (document) throws(DocumentError) in
                let reader = try DocumentReader(document, at: "", members: ["seconds"])
                guard let seconds = try reader.number("seconds"), (0...1e9).contains(seconds) else {
                    throw DocumentError("seconds", "a number that is not negative belongs here")
                }
                return ["now": .string(self.advance(by: .seconds(seconds)).iso8601)]
            }
        case (_, "/_local/health"), (_, "/_local/state"), (_, "/_local/journal"), (_, "/_local/faults"),
            (_, "/_local/settings"), (_, "/_local/advance"):
            return Self.problem(405, "\(request.method) is not for this path")
        default: return Self.problem(404, "there is no \(request.path)")
        }
    }

    /// Moves the world's clock ahead, and everything in the world with it.
    ///
    /// - Returns: What the clock shows then.
    @discardableResult
    package func advance(by duration: Duration) -> Instant {
        let now = self.state.withLock { state in
            state.clockOffset += duration
            let now = state.now
            state.world.advance(to: now)
            return now
        }
        self.tellOfChange()
        return now
    }

    private func journalLines(_ request: IncomingRequest) -> OutgoingAnswer {
        let query = RequestDecoder.pairs(request.query)
        let after = query.first { $0.name == "after" }.flatMap { Int($0.value) } ?? 0
        let lines = self.journal(after: after).map { $0.document.description + "\n" }
        return OutgoingAnswer(headers: [("Content-Type", "application/jsonl")], body: Array(lines.joined().utf8))
    }

    private func change(
        _ request: IncomingRequest,
        _ body: (JSONValue) throws(DocumentError) -> JSONValue
    ) -> OutgoingAnswer {
        do {
            return Self.document(try body(try JSONValue(parsing: request.body, dialect: .relaxed)))
        } catch {
            return Self.problem(400, "\(error)")
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
        return name == "localhost" || name == "[::1]" || name.hasPrefix("127.") && Self.isAddress(name)
    }

    private static func isAddress(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count == 4 && labels.allSatisfy { UInt8($0) != nil }
    }

    private static func document(_ document: JSONValue) -> OutgoingAnswer {
        OutgoingAnswer(headers: [("Content-Type", "application/json")], body: document.serialized())
    }

    private static func problem(_ status: Int, _ text: String) -> OutgoingAnswer {
        var answer = Self.document(["error": .string(text)])
        answer.status = status
        return answer
    }
}
