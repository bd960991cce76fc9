// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Testing

/// What the program says about itself.
@Suite struct HelpTests {
    @Test(arguments: [
        (["--help"], ["copy", "demo", "forecast", "simulate", "status", "work", "Carries Amazon RDS and Aurora"]),
        (["work", "--help"], ["SNAPFERRY_QUEUE_URL", "SNAPFERRY_POLICY", "SIGTERM", "Exit status", "--clock"]),
        (["simulate", "--help"], ["AWS_ENDPOINT_URL", "--port", "--speed", "--seed-data", "ready url="]),
        (["copy", "--help"], ["<snapshot>", "--to", "--yes", "Exit status"]),
        (["dashboard", "--help"], ["--listen", "SNAPFERRY_ALLOWED_HOSTS", "Examples", "Exit status"]),
        (["health", "--help"], ["--url", "--ready", "SNAPFERRY_LISTEN", "Examples", "Exit status"]),
        (["status", "--help"], ["--json", "dead letters", "Exit status"]),
        (["check", "--help"], ["--json", "--problems", "Exit status"]),
        (["forecast", "--help"], ["--file", "--rpo", "Examples", "backup", "Exit status"]),
        (["sweep", "--help"], ["--dry-run", "--since", "--max", "--yes", "Exit status"]),
        (["demo", "--help"], ["--plain", "queue"]),
        (["--version"], ["0."]),
    ])
    func helpNamesWhatMatters(arguments: [String], words: [String]) async throws {
        let ended = try await Self.run(arguments)
        #expect(ended.status == .exited(0))
        #expect(ended.words.errors.isEmpty)
        let text = ended.words.output.joined(separator: "\n")
        for word in words { #expect(text.contains(word), "\(word) is missing") }
    }

    @Test(arguments: [
        (["wrok"], "wrok"), (["work", "--clock", "yesterday"], "clock"), (["work", "--log-level", "loud"], "loud"),
        (["simulate", "--port", "70000"], "--port"), (["simulate", "--seed-data", "/nonexistent"], "/nonexistent"),
    ])
    func argumentsThatMakeNoSenseAreNamed(arguments: [String], word: String) async throws {
        let ended = try await Self.run(arguments)
        #expect(ended.status == .exited(2))
        #expect(ended.words.errors.joined(separator: "\n").contains(word))
    }

    private static func run(_ arguments: [String]) async throws -> ChildProcess.Ended {
        try await ChildProcess.run(arguments, environment: [:]) { child in
            try await eventually("\(arguments) ends") { child.hasEnded }
        }
    }
}
