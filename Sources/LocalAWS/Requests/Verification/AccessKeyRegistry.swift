// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Whose access keys the embedded AWS knows beside those that STS gives out.
///
/// `test` is there for account 000000000000, and `AKIALOCAL` with twelve digits after it for the account of that number.
/// All of these have the secret `test`.
package struct AccessKeyRegistry: Sendable {
    /// A long-term key.
    package struct AccessKey: Hashable, Sendable {
        package var secretAccessKey: String
        package var caller: ModelCaller

        package init(secretAccessKey: String, caller: ModelCaller) {
            self.secretAccessKey = secretAccessKey
            self.caller = caller
        }
    }

    /// The account of requests that nobody signed, where that is allowed.
    package static let defaultAccount = "000000000000"
    private static let builtInSecret = "test"

    private var keys: [String: AccessKey] = [:]

    package init() {
        self.keys["test"] = Self.builtIn(account: Self.defaultAccount, user: "test")
    }

    /// Adds a key, or replaces it.
    package mutating func add(_ accessKeyID: String, _ key: AccessKey) {
        self.keys[accessKeyID] = key
    }

    /// The key of this id; `nil` for one that nobody knows.
    package func key(_ accessKeyID: String) -> AccessKey? {
        if let key = self.keys[accessKeyID] { return key }
        guard accessKeyID.hasPrefix("AKIALOCAL") else { return nil }
        let account = accessKeyID.dropFirst("AKIALOCAL".count)
        guard account.utf8.count == 12, account.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Self.builtIn(account: String(account), user: "local")
    }

    private static func builtIn(account: String, user: String) -> AccessKey {
        AccessKey(
            secretAccessKey: Self.builtInSecret,
            caller: ModelCaller(account: account, arn: "arn:aws:iam::\(account):user/\(user)")
        )
    }
}
