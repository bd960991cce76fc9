// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Credentials of a role that a token in a file opens, as EKS gives one to each pod (IRSA).
///
/// The file is read for every call, since the token in it is replaced about once an hour. Put ``CachedCredentials``
/// around it.
package struct WebIdentityCredentials: CredentialsProvider {
    private let role: AssumedRole
    private let tokenFile: String
    private let readFile: FileReader
    private let sts: STSExchange

    /// Takes on `role` with the token in `tokenFile`.
    package init(role: AssumedRole, tokenFile: String, readFile: @escaping FileReader, sts: STSExchange) {
        self.role = role
        self.tokenFile = tokenFile
        self.readFile = readFile
        self.sts = sts
    }

    package func credentials() async throws(AWSError) -> Credentials {
        guard let bytes = try? self.readFile(self.tokenFile) else {
            throw AWSError(.noCredentials, message: "cannot read the web identity token in \(self.tokenFile)")
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmingWhitespace()
        guard !token.isEmpty else {
            throw AWSError(.noCredentials, message: "the web identity token in \(self.tokenFile) is empty")
        }
        return try await self.sts.assumeRoleWithWebIdentity(self.role, token: token)
    }
}
