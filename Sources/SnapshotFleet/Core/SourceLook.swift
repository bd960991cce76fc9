// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The latest question about sources of one account, Region and kind.
struct SourceLook: Sendable {
    let askedAt: Instant
    /// How long the answer took; `nil` as long as there is none, or where the question failed.
    private(set) var took: Duration?

    init(askedAt: Instant) { self.askedAt = askedAt }

    mutating func noteAnswer(at now: Instant) { self.took = now - self.askedAt }
}

/// Whether messages come in a flood: ten of them within a fifth of a second.
///
/// What waited on the queue already is none: it comes by receives that bring as much as they may.
struct Arrivals: Sendable {
    private static let many = 10
    /// SQS gives no more messages at once.
    private static let most = 10
    private static let span = Duration.milliseconds(200)

    /// When the latest came, the oldest at `next`.
    private var latest: [Instant] = []
    private var next = 0

    /// Takes in what a receive brought.
    mutating func note(_ count: Int, at now: Instant) {
        guard count < Self.most else { return }
        for _ in 0..<count { self.note(at: now) }
    }

    private mutating func note(at now: Instant) {
        if self.latest.count < Self.many {
            self.latest.append(now)
        } else {
            self.latest[self.next] = now
            self.next = (self.next + 1) % Self.many
        }
    }

    /// Until when there is a flood if nothing more comes; `nil` before there can have been one.
    var floodEnds: Instant? { self.latest.count < Self.many ? nil : self.latest[self.next] + Self.span }
}

/// Who waits for the description of one source.
struct SourceAskers: Sendable {
    var events: [MessageToken] = []
    var jobs: [CopyJob.ID] = []
}
