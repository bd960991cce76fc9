// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Credentials of a role that other credentials may take on.
///
/// Asks STS each time; put ``CachedCredentials`` around it.
package struct AssumeRoleCredentials: CredentialsProvider {
    private let role: AssumedRole
    private let source: any CredentialsProvider
    private let sts: STSExchange

    /// Takes on `role` with what `source` hands out.
    package init(role: AssumedRole, source: any CredentialsProvider, sts: STSExchange) {
        self.role = role
        self.source = source
        self.sts = sts
    }

    package func credentials() async throws(AWSError) -> Credentials {
        let credentials = try await self.source.credentials()
        do throws(AWSError) {
            return try await self.sts.assumeRole(self.role, signedWith: credentials)
        } catch {
            guard error.code == .expiredCredentials else { throw error }
            await self.source.invalidate(credentials)
            return try await self.sts.assumeRole(self.role, signedWith: self.source.credentials())
        }
    }
}
