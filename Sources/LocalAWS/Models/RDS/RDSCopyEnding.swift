// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// How and when a copy ended, which nobody asked for and no request shows.
struct RDSCopyEnding: Sendable {
    var target: RDSName
    var source: RDSName
    /// `available`, `failed` or `deleted`.
    var status: String
    var time: Instant
}

extension RDSModel {
    /// Far more than end between two requests.
    private static let copyEndingLimit = 10_000

    mutating func note(_ copy: RDSSnapshot.Copy, of target: RDSName, endedAs status: String, at now: Instant) {
        if self.copyEndings.count >= Self.copyEndingLimit { self.copyEndings.removeFirst(Self.copyEndingLimit / 2) }
        self.copyEndings.append(RDSCopyEnding(target: target, source: copy.source, status: status, time: now))
    }
}
