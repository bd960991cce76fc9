// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension World {
    /// Changes how the services behave.
    ///
    /// - Throws: ``DocumentError`` for a member that is unknown or out of its range; nothing has changed then.
    package mutating func apply(settings document: JSONValue) throws(DocumentError) {
        let reader = try DocumentReader(document, at: "", members: ["strictRoles"])
        if let strict = try reader.bool("strictRoles") { self.sts.allowsUndeclaredRoles = !strict }
    }

    /// What there is, for tests and for people.
    package func summary(at now: Instant) -> JSONValue {
        ["now": .string(now.iso8601)]
    }
}
