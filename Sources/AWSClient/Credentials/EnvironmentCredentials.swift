// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The keys in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and their companions.
package struct EnvironmentCredentials: CredentialsProvider {
    private let value: Credentials

    /// Reads the variables; `nil` when neither key is set.
    ///
    /// An empty variable counts as not set.
    ///
    /// - Throws: ``AWSError/Code/configuration`` when only one of the two keys is set, or
    ///   `AWS_CREDENTIAL_EXPIRATION` is no ISO 8601 time.
    package init?(_ environment: [String: String]) throws(AWSError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let keyID = value("AWS_ACCESS_KEY_ID")
        let secret = value("AWS_SECRET_ACCESS_KEY")
        guard keyID != nil || secret != nil else { return nil }
        guard let keyID, let secret else {
            let (there, missing) =
                keyID == nil
                ? ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID") : ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            throw AWSError(.configuration, message: "\(there) is set and \(missing) is not")
        }
        let expiration = value("AWS_CREDENTIAL_EXPIRATION")
        let instant = expiration.flatMap { Instant(iso8601: $0) }
        guard expiration == nil || instant != nil else {
            throw AWSError(.configuration, message: "AWS_CREDENTIAL_EXPIRATION is no ISO 8601 time")
        }
        self.value = Credentials(
            accessKeyID: keyID,
            secretAccessKey: secret,
            sessionToken: value("AWS_SESSION_TOKEN") ?? value("AWS_SECURITY_TOKEN"),
            expiration: instant,
            accountID: value("AWS_ACCOUNT_ID")
        )
    }

    package func credentials() async throws(AWSError) -> Credentials { self.value }
}
