// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What kind of trouble a call met: decides what happens to the job, the destination and the metrics.
package enum FailureClass: Hashable, Sendable {
    /// AWS asked for fewer requests.
    case throttled
    /// As many copies are in progress as RDS allows at the destination; the limit where the text names it.
    case quotaConcurrent(limit: Int?)
    /// The destination holds as many manual snapshots as its account may have; waiting does not help.
    case quotaSnapshots
    /// A quota, in words that are new to us: wait long, and let the metric tell.
    case quotaUnknown
    /// The snapshot is not in a state for this yet.
    case notReady
    /// The source does not exist, or is not visible from here.
    case sourceGone
    /// What only an operator can put right.
    case configuration(DeadLetterReason)
    /// The target's name is taken: by the same copy, or by something else. Describe it.
    case alreadyExists
    /// The target failed or vanished. From deleting a target: it is gone already.
    case copyFailed
    /// Another worker has the message now; touch nothing.
    case lostLease
    /// The message makes no sense.
    case malformed
    /// AWS, the network or this worker's own access fails; nothing is wrong with the job.
    case unavailable
    /// The credentials had expired, also after the client fetched new ones.
    case expiredCredentials
    /// The call was given up from our side.
    case cancelled
    /// A bug, or an answer that the table does not know.
    case ours
}

extension FailureClass: CustomStringConvertible {
    /// A bounded name, safe as a metric label.
    package var description: String {
        switch self {
        case .throttled: "throttled"
        case .quotaConcurrent: "quota-concurrent"
        case .quotaSnapshots: "quota-snapshots"
        case .quotaUnknown: "quota-unknown"
        case .notReady: "not-ready"
        case .sourceGone: "source-gone"
        case .configuration: "configuration"
        case .alreadyExists: "already-exists"
        case .copyFailed: "copy-failed"
        case .lostLease: "lost-lease"
        case .malformed: "malformed"
        case .unavailable: "unavailable"
        case .expiredCredentials: "expired-credentials"
        case .cancelled: "cancelled"
        case .ours: "ours"
        }
    }
}
