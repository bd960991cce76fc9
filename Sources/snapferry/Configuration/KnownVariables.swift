// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The environment variables that mean something to snapferry.
enum KnownVariables {
    static let names: Set<String> = [
        "SNAPFERRY_QUEUE_URL", "SNAPFERRY_DEAD_LETTER_QUEUE_URL", "SNAPFERRY_POLICY",
        "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS", "SNAPFERRY_RECEIVE_WAIT_SECONDS", "SNAPFERRY_WAITING_ROOM",
        "SNAPFERRY_CONFIRM_SHORTEST_SECONDS", "SNAPFERRY_CONFIRM_LONGEST_SECONDS", "SNAPFERRY_ALLOW_PLAINTEXT",
        "SNAPFERRY_LOG_FORMAT", "SNAPFERRY_LOG_LEVEL", "SNAPFERRY_SOURCE_REGIONS", "SNAPFERRY_SOURCE_ACCOUNTS",
        "SNAPFERRY_HOP_KEY",
        "SNAPFERRY_DESTINATIONS", "SNAPFERRY_KMS_KEY", "SNAPFERRY_INCLUDE", "SNAPFERRY_EXCLUDE", "SNAPFERRY_TYPES",
        "SNAPFERRY_KINDS", "SNAPFERRY_NEWEST_ONLY", "SNAPFERRY_DESTINATION_ROLE", "SNAPFERRY_EXTERNAL_ID",
        "SNAPFERRY_SLOT_TABLE", "SNAPFERRY_RPO_SURVEY_SECONDS", "SNAPFERRY_LISTEN", "SNAPFERRY_ALLOWED_HOSTS",
        "SNAPFERRY_METRICS",
        "SNAPFERRY_NOTIFY_TOPIC", "SNAPFERRY_NOTIFY_BUS", "SNAPFERRY_NOTIFY_CONFIRMED",
        "SNAPFERRY_NOTIFY_INTERVAL_MINUTES", "SNAPFERRY_REPORT_MINUTES",
        // The conformance suites' own.
        "SNAPFERRY_BINARY",
    ]

    /// A line for each variable that begins with `SNAPFERRY_` and means nothing: a misspelt one would be ignored silently.
    static func warnings(for environment: [String: String]) -> [String] {
        environment.keys.filter { $0.hasPrefix("SNAPFERRY_") && !self.names.contains($0) }.sorted()
            .map { "\($0) is set, but snapferry knows no such variable" }
    }
}
