// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a request is signed with.
///
/// Its descriptions and its mirror show the access key id, which is no secret, and never the secret or the token.
package struct Credentials: Sendable, Equatable {
    /// The public half, such as `AKIDEXAMPLE`.
    package let accessKeyID: String
    /// The half that signs and is never sent.
    package let secretAccessKey: String
    /// Sent beside the signature of temporary credentials; `nil` for a user's long-lived keys.
    package let sessionToken: String?
    /// When AWS stops accepting them; `nil` when they don't expire by themselves.
    package let expiration: Instant?
    /// The account they belong to, where whoever issued them said so.
    package let accountID: String?

    /// Makes credentials; long-lived ones unless told otherwise.
    package init(
        accessKeyID: String,
        secretAccessKey: String,
        sessionToken: String? = nil,
        expiration: Instant? = nil,
        accountID: String? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
        self.accountID = accountID
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let expiry = self.expiration.map { ", expires \($0)" } ?? ""
        return "Credentials(\(self.accessKeyID)\(expiry))"
    }

    package var debugDescription: String { self.description }

    /// Only what the description shows, so that `dump` and reflection give no secret away either.
    package var customMirror: Mirror {
        Mirror(self, children: ["accessKeyID": self.accessKeyID, "expiration": self.expiration as Any])
    }
}
