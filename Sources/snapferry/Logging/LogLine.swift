// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Logging
import Synchronization

/// How log lines look.
enum LogFormat: String, CaseIterable, Sendable {
    /// One JSON object a line, for programs.
    case json
    /// One readable line, for people.
    case text
}

/// Writes log lines to a file descriptor.
struct LineLogHandler: LogHandler {
    private let label: String
    private let format: LogFormat
    private let output: LineOutput

    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(label: String, format: LogFormat, level: Logger.Level, output: LineOutput) {
        self.label = label
        self.format = format
        self.logLevel = level
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var metadata = self.metadata
        if let more = event.metadata { metadata.merge(more) { _, new in new } }
        if let error = event.error { metadata["error"] = "\(error)" }
        let now = SystemTimeSource.systemNow()
        switch self.format {
        case .json: self.output.write(self.json(event, metadata, at: now))
        case .text: self.output.write(Self.text(event, metadata, at: now))
        }
    }

    private func json(_ event: LogEvent, _ metadata: Logger.Metadata, at now: Instant) -> String {
        var members: [String: JSONValue] = [
            "time": .string(now.iso8601), "level": .string(event.level.rawValue),
            "message": .string(event.message.description), "logger": .string(self.label),
        ]
        for (key, value) in metadata where members[key] == nil { members[key] = .string(value.description) }
        return JSONValue.object(members).description
    }

    private static func text(_ event: LogEvent, _ metadata: Logger.Metadata, at now: Instant) -> String {
        let fields = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([now.iso8601, event.level.rawValue, event.message.description] + fields).joined(separator: " ")
    }
}
