// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A limit that RDS taught us by refusing one more copy, until it is tried whether RDS still means it.
struct LearnedLimit: Sendable {
    private var learned: (limit: Int, at: Instant)?

    /// Notes that RDS refused more than `limit` copies.
    mutating func learn(_ limit: Int, at now: Instant) { self.learned = (limit, now) }

    /// The limit in force: the policy's, or less where RDS has said so not longer ago than `fades`.
    func limit(policy: Int, fades: Duration, at now: Instant) -> Int {
        guard let learned = self.learned, now - learned.at < fades else { return policy }
        return min(policy, learned.limit)
    }
}
