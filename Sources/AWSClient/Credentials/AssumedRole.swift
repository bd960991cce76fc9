// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A role to take on, and under what terms.
package struct AssumedRole: Sendable, Hashable {
    package let arn: String
    /// What the role's owner asks outsiders for; `nil` when nothing.
    package let externalID: String?
    /// What CloudTrail calls the session, 2 to 64 characters of `[A-Za-z0-9_+=,.@-]`; `nil` for a name with the time in
    /// it.
    package let sessionName: String?
    /// How long the credentials last, 15 minutes to an hour.
    package let duration: Duration

    /// Describes a role.
    ///
    /// - Parameters:
    ///   - arn: Of the role, in any partition.
    ///   - externalID: What the role's owner asks outsiders for.
    ///   - sessionName: A name for the session; what may not stand in one becomes a hyphen, and what is too long is cut.
    ///   - duration: How long the credentials last; pinned to 15 minutes and an hour, the most that credentials which
    ///     come from a role themselves can get.
    /// - Throws: AWSError with code `configuration` for an ARN that names no role.
    package init(
        arn: String,
        externalID: String? = nil,
        sessionName: String? = nil,
        duration: Duration = .seconds(3600)
    ) throws(AWSError) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "iam", parts[5].hasPrefix("role/"),
            (20...2048).contains(arn.utf8.count), arn.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw AWSError(.configuration, message: "no ARN of a role: \"\(arn)\"") }
        self.arn = arn
        self.externalID = externalID.nonEmpty
        self.sessionName = sessionName.nonEmpty.map(Self.sanitized)
        self.duration = min(max(duration, .seconds(900)), .seconds(3600))
    }

    /// The account that the role is in.
    var accountID: String? {
        let parts = self.arn.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count > 4 && !parts[4].isEmpty ? String(parts[4]) : nil
    }

    private static func sanitized(_ name: String) -> String {
        let allowed = name.unicodeScalars.map { scalar in
            let isAllowed =
                scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_+=,.@-".contains(Character(scalar)))
            return isAllowed ? Character(scalar) : "-"
        }
        let cut = String(allowed.prefix(64))
        return cut.count < 2 ? cut + "-" : cut
    }
}
