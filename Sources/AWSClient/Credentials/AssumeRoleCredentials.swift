// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Credentials of a role that other credentials may take on.
///
/// Asks STS each time; put ``CachedCredentials`` around it.
package struct AssumeRoleCredentials: CredentialsProvider {
    private let role: AssumedRole
    private let source: any CredentialsProvider
    private let sts: STSExchange
    private let refusal: AWSError.Code

    /// Takes on `role` with what `source` hands out.
    ///
    /// - Parameters:
    ///   - role: The role.
    ///   - source: The credentials that may take it on.
    ///   - sts: Where to ask.
    ///   - refusal: What it is called when STS refuses: a matter of one's own credentials, or of that one role.
    package init(
        role: AssumedRole,
        source: any CredentialsProvider,
        sts: STSExchange,
        refusal: AWSError.Code = .noCredentials
    ) {
        self.role = role
        self.source = source
        self.sts = sts
        self.refusal = refusal
    }

    package func credentials() async throws(AWSError) -> Credentials {
        let credentials = try await self.source.credentials()
        do throws(AWSError) {
            return try await self.assume(with: credentials)
        } catch {
            guard error.code == .expiredCredentials else { throw error }
            await self.source.invalidate(credentials)
            return try await self.assume(with: self.source.credentials())
        }
    }

    private func assume(with credentials: Credentials) async throws(AWSError) -> Credentials {
        do throws(AWSError) {
            return try await self.sts.assumeRole(self.role, signedWith: credentials)
        } catch {
            guard error.code == .noCredentials, self.refusal != .noCredentials else { throw error }
            throw AWSError(
                self.refusal,
                serviceCode: error.serviceCode,
                message: error.message,
                requestID: error.requestID,
                httpStatus: error.httpStatus
            )
        }
    }
}
