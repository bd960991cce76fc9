// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a message is in the dead-letter queue, as far as the message tells.
package enum DeadLetterCause: Hashable, Sendable {
    /// A worker sent it there and said why.
    case stated(DeadLetterReason)
    /// A worker of another version said why, in a word that this one does not know.
    case unknown(String)
    /// SQS moved it by itself: workers received it again and again and never finished with it.
    case redriven
    /// EventBridge could not deliver it to the job queue.
    case undelivered
    /// Nothing tells; somebody put it there.
    case unstated

    /// The word for it in tables, filters and JSON: ``DeadLetterReason``'s own where a worker gave one.
    package var name: String {
        switch self {
        case .stated(let reason): reason.rawValue
        case .unknown(let word): word
        case .redriven: "redriven"
        case .undelivered: "undelivered"
        case .unstated: "unstated"
        }
    }

    /// What an operator can do about it, in one sentence.
    package var remedy: String {
        switch self {
        case .stated(let reason): reason.remedy
        case .unknown: "A newer snapferry sent it there: use that one to read it, or look at its detail."
        case .redriven:
            "Workers took it again and again and never finished with it: look in their logs for a crash at the time of "
                + "its last receive, then replay."
        case .undelivered:
            "Let EventBridge send to the job queue (its queue policy, its key), then replay."
        case .unstated: "Somebody put it there without a reason: look at its body, then replay or drop it."
        }
    }
}
