// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What a worker decides by.
package struct CoreSettings: Sendable, Equatable {
    /// The account of the fleet's own credentials; a destination without an account means this one.
    package var ownAccount: String
    /// How long a received message stays hidden before it must be extended; 30 s to 6 h.
    package var visibilityTimeout: Duration = .seconds(120)
    /// How long one poll waits for messages; SQS allows 20 s at most.
    package var receiveWait: Duration = .seconds(20)
    /// How many messages the worker holds at once so that it can choose what to start next.
    package var waitingRoom = 200
    /// After how many receives SQS moves a message to the dead-letter queue; `nil` without a redrive policy.
    package var maxReceiveCount: Int?
    /// The shortest and the longest wait of a requeued message, before jitter.
    package var backoff = Backoff(base: .seconds(5), cap: .seconds(900))
    /// How often copies in progress are looked at.
    package var confirm = ConfirmSchedule()
    /// How much later than the first this worker looks where workers tell each other of their looks through the ledger:
    /// so that one of them looks, and the others hear of it; `nil` where nobody tells.
    package var lookStagger: Duration?
    /// How often one copy may fail before its job is dead-lettered.
    package var copyAttempts = 3
    /// How long `PercentProgress` may stand still before a copy is reported as stalled.
    package var stallAfter: Duration = .seconds(2 * 3600)
    /// How long a copy may be invisible to Describe after RDS accepted it.
    package var settling: Duration = .seconds(60)
    /// How long a message is held at the most; SQS ends it at 12 hours.
    package var longestHold: Duration = .seconds(11 * 3600 + 1800)
    /// How long a destination that refused a slot is left alone, unless a slot is freed before.
    package var slotRetry: Duration = .seconds(30)
    /// How often a full destination is surveyed where copies were seen of whose end nobody tells: those that others
    /// started, and those of workers that share no ledger with this one.
    package var foreignSurvey: Duration = .seconds(180)
    /// How often it is surveyed where there were none, since the ledger may be wrong.
    package var fleetSurvey: Duration = .seconds(1800)
    /// How often, on average, the worker looks whether slots of a destination are left over.
    package var auditInterval: Duration = .seconds(600)
    /// After how many refusals in a row for one reason a destination's jobs are parked.
    package var circuitThreshold = 3
    /// How often one job is let through to see whether the trouble is over.
    package var circuitProbeInterval: Duration = .seconds(900)
    /// How long a destination is left alone once its quota of manual snapshots is used up.
    package var snapshotQuotaPause: Duration = .seconds(1800)
    /// How long a prune waits for more copies to be confirmed, on average.
    package var pruneDelay: Duration = .seconds(60)
    /// How long a pool is not pruned again because of confirms.
    package var pruneInterval: Duration = .seconds(3600)
    /// How long a pool is not pruned again because it is full.
    package var quotaPruneInterval: Duration = .seconds(300)
    /// How long a destination is left alone after it named a quota that is unknown here.
    package var unknownQuotaPause: Duration = .seconds(300)
    /// How long after a slot was asked for RDS may still be asked to copy; well below what a ledger keeps it for.
    package var startWithin: Duration = .seconds(600)
    /// How long a drain waits for the calls whose answers decide about a slot.
    package var drainPatience: Duration = .seconds(4)

    /// How long a message is held: an extension must never reach beyond SQS's 12 hours, which would be refused.
    var effectiveHold: Duration {
        min(self.longestHold, .seconds(12 * 3600 - 60) - self.visibilityTimeout)
    }

    /// Settings with defaults for everything but the account.
    package init(ownAccount: String) {
        self.ownAccount = ownAccount
    }
}

/// Exponential backoff with full jitter.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
package struct Backoff: Sendable, Equatable {
    package var base: Duration
    package var cap: Duration

    package init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    /// A wait between nothing and `base · 2^attempt`, the cap at the most; attempts count from 0.
    package func delay(attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let ceiling = min(self.cap, self.base * Double(1 << min(max(attempt, 0), 20)))
        return ceiling * Double.random(in: 0...1, using: &random)
    }
}
