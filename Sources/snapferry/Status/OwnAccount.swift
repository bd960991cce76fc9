// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// Whose credentials these are, also when the Region that is asked first has gone.
enum OwnAccount {
    /// How long the Region that the environment names is waited for before others are asked as well.
    private static let patience = Duration.seconds(3)

    /// Asks STS at home and, where it does not answer, in the destinations' Regions.
    ///
    /// - Parameters:
    ///   - session: At home.
    ///   - elsewhere: Other Regions, as often as they like.
    /// - Returns: The account, and a session that asks STS in a Region that answers.
    /// - Throws: What STS said at home.
    static func find(
        from session: AWSSession,
        elsewhere: [String]
    ) async throws(AWSError) -> (account: String, session: AWSSession) {
        let home: AWSError
        do throws(AWSError) {
            return (try await Patience.wait(Self.patience) { try await session.accountID() }, session)
        } catch {
            home = error
        }
        guard home.isRetryable else { throw home }
        for region in Set(elsewhere).subtracting([session.region]).sorted() {
            let other = AWSSession(session.context, region: region)
            if let account = try? await Patience.wait(Self.patience, for: { try await other.accountID() }) {
                return (account, other)
            }
        }
        throw home
    }
}
