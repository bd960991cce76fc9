// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Credentials of the role that an EC2 instance runs with.
///
/// Put ``CachedCredentials`` around it, with ``CachedCredentials/Windows/instanceMetadata``.
package struct InstanceMetadataCredentials: CredentialsProvider {
    private let metadata: InstanceMetadata
    private let time: any TimeSource
    private let jitter: @Sendable () -> Duration

    /// Asks `metadata`.
    ///
    /// - Parameters:
    ///   - metadata: The service to ask.
    ///   - time: What tells whether credentials are about to expire.
    ///   - jitter: How much later than 15 minutes stale credentials are asked for again; 2 to 10 minutes, so that a
    ///     fleet does not ask all at once.
    package init(
        metadata: InstanceMetadata,
        time: any TimeSource,
        jitter: @escaping @Sendable () -> Duration = { .seconds(Int.random(in: 120...600)) }
    ) {
        self.metadata = metadata
        self.time = time
        self.jitter = jitter
    }

    package func credentials() async throws(AWSError) -> Credentials {
        let document = try CredentialsDocument(
            parsing: try await self.metadata.roleCredentials(),
            from: "the instance metadata service"
        )
        if let code = document["Code"]?.string, code != "Success" {
            throw AWSError(
                .noCredentials,
                serviceCode: code,
                message: document["Message"]?.string ?? "the instance metadata service has no credentials"
            )
        }
        let credentials = try document.credentials(tokenName: .token, isTemporary: true)
        return self.extended(credentials)
    }

    /// The service goes on handing out old credentials while it can't get new ones, and AWS goes on accepting them for
    /// a while; a fleet had better try them than stand still.
    private func extended(_ credentials: Credentials) -> Credentials {
        let now = self.time.now()
        let quarterHour = Duration.seconds(900)
        guard let expiration = credentials.expiration, expiration <= now + quarterHour else { return credentials }
        return Credentials(
            accessKeyID: credentials.accessKeyID,
            secretAccessKey: credentials.secretAccessKey,
            sessionToken: credentials.sessionToken,
            expiration: now + quarterHour + self.jitter(),
            accountID: credentials.accountID
        )
    }
}
