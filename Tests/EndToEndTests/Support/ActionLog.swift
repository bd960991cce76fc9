// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Glibc
import Synchronization

/// The actions that the built program called in all tests, for the test that compares them with the IAM policies.
final class ActionLog: Sendable {
    /// The log that `SNAPFERRY_ACTIONS` names a file for; `nil` where nobody asked for one.
    static let shared: ActionLog? = getenv("SNAPFERRY_ACTIONS").map { ActionLog(path: String(cString: $0)) }

    private let path: String
    private let known = Mutex<Set<String>>([])

    private init(path: String) { self.path = path }

    /// Adds what a journal shows of the program, each only once: command, role, service and operation, a line each.
    ///
    /// - Parameter journal: All requests; those of the tests themselves name no command, and are left out.
    /// - Throws: ``DeadlinePassed`` where the file can't be written.
    func add(_ journal: [JournalEntry]) throws {
        let lines = journal.compactMap(Self.line)
        try self.known.withLock { known in
            let new = Set(lines).subtracting(known)
            guard !new.isEmpty else { return }
            guard let file = fopen(self.path, "a") else {
                throw DeadlinePassed(description: "can't write \(self.path)")
            }
            defer { fclose(file) }
            for line in new.sorted() { fputs(line + "\n", file) }
            known.formUnion(new)
        }
    }

    private static func line(_ entry: JournalEntry) -> String? {
        guard let command = entry.userAgent.split(separator: " ").last(where: { $0.hasPrefix("command/") }) else {
            return nil
        }
        return "\(command.dropFirst(8)) \(self.role(entry.caller)) \(entry.service):\(entry.operation)"
    }

    /// The name of the role that somebody has taken on; `fleet` for the fleet's own key, `-` for nobody.
    private static func role(_ caller: String) -> String {
        let parts = caller.split(separator: "/")
        if parts.first?.hasSuffix(":assumed-role") == true, parts.count > 1 { return String(parts[1]) }
        return caller.isEmpty ? "-" : "fleet"
    }
}
