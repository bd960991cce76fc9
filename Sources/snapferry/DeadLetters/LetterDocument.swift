// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

extension DeadLetterEntry {
    /// Enough of the id for people to name it by.
    var shortID: String { String(self.id.prefix(8)) }

    /// What it is about, for a column: the snapshot's identifier, or how the body begins.
    var subject: String {
        if let source = self.source { return source.identifier }
        if case .sweep = self.content { return "a sweep" }
        return self.body.isEmpty ? "an empty message" : self.body.excerpt(40)
    }

    /// The letter as an object; times in UTC, what nobody knows is `null`.
    ///
    /// - Parameter retention: How long the queue keeps a message.
    /// - Returns: Its members by name.
    func document(retention: Duration?) -> [String: JSONValue] {
        let time = { (instant: Instant?) -> JSONValue in instant.map { .string($0.iso8601) } ?? .null }
        let text = { (text: String?) -> JSONValue in text.map { .string($0) } ?? .null }
        return [
            "id": .string(self.id), "reason": .string(self.cause.name), "detail": .string(self.detail),
            "remedy": .string(self.cause.remedy), "source": text(self.source?.description),
            "destination": text(self.destination?.description), "route": text(self.route),
            "database": text(self.database), "attempts": .integer(Int64(self.attempts)),
            "firstSeen": time(self.firstSeen), "sentAt": time(self.sentAt),
            "expiresAt": time(retention.flatMap { kept in self.sentAt.map { $0 + kept } }),
            "worker": text(self.worker),
        ]
    }
}

extension DeadLetterOutlook {
    var tone: Tone {
        switch self.standing {
        case .ready: .good
        case .obsolete: .faint
        case .blocked: .bad
        case .unknown: .warning
        }
    }

    /// `ready`, or `blocked: another snapshot is called …`.
    var text: String { self.why.isEmpty ? self.standing.rawValue : "\(self.standing.rawValue): \(self.why)" }

    var members: [String: JSONValue] {
        ["outlook": .string(self.standing.rawValue), "why": self.why.isEmpty ? .null : .string(self.why)]
    }
}
