// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a preflight says of one thing that it looked at.
package struct Finding: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable, CaseIterable {
        case ok
        /// It works, and is hardly what somebody wanted.
        case warning
        /// It could not be looked at.
        case unknown
        /// Something would fail.
        case error
    }

    /// What kind of thing was looked at; bounded.
    package enum Subject: String, Hashable, Sendable, CaseIterable {
        case policy, identity, queue
        case deadLetterQueue = "dead-letter-queue"
        case slotTable = "slot-table"
        case source, databases
        case sourceKey = "source-key"
        case hopKey = "hop-key"
        case destination, key
        case optionGroup = "option-group"
        case quota, retention, slots
    }

    package var severity: Severity
    package var subject: Subject
    /// Which of them: a place, a name; empty where there is one alone.
    package var name: String
    /// What was found, for people.
    package var found: String
    /// What to do about it; `nil` where nothing is to be done.
    package var remedy: String?

    package init(
        _ severity: Severity,
        _ subject: Subject,
        _ name: String = "",
        _ found: String,
        remedy: String? = nil
    ) {
        self.severity = severity
        self.subject = subject
        self.name = name
        self.found = found
        self.remedy = remedy
    }
}

extension [Finding] {
    /// 0 when everything is fine or at least works, 1 when something would fail, 2 when something could not be looked at.
    package var exitStatus: Int32 {
        if self.contains(where: { $0.severity == .error }) { return 1 }
        return self.contains { $0.severity == .unknown } ? 2 : 0
    }
}
