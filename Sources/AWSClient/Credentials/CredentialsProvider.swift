// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Hands out the credentials to sign the next request with.
package protocol CredentialsProvider: Sendable {
    /// Credentials that are good now.
    ///
    /// - Throws: ``AWSError/Code/noCredentials`` when this provider is not configured or its source refused,
    ///   ``AWSError/Code/configuration`` when what it was configured with makes no sense,
    ///   ``AWSError/Code/cancelled`` when the calling task was cancelled.
    func credentials() async throws(AWSError) -> Credentials

    /// Says that a service called `credentials` expired, so the next call has to fetch fresh ones.
    ///
    /// Does nothing when newer ones have been handed out in the meantime.
    func invalidate(_ credentials: Credentials) async
}

extension CredentialsProvider {
    /// Nothing to do for a provider that keeps nothing.
    package func invalidate(_ credentials: Credentials) async {}
}

/// Credentials that never change, for tests and for keys given by hand.
package struct StaticCredentials: CredentialsProvider {
    private let value: Credentials

    /// Hands out `value` for ever.
    package init(_ value: Credentials) { self.value = value }

    package func credentials() async throws(AWSError) -> Credentials { self.value }
}
