// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// How often what goes wrong; everything at 0 is a quiet run.
///
/// Rates are probabilities for each request, or times an hour for each worker or for the world.
package struct FaultRates: Sendable, Equatable {
    // MARK: - Of workers, an hour

    /// A worker is gone with its memory, and starts anew after a while.
    package var crashes = 0.0
    /// A worker stands still, often for longer than a lease.
    package var pauses = 0.0
    /// A worker is told to stop, and starts anew.
    package var drains = 0.0

    // MARK: - Of requests, each

    /// The request never arrives.
    package var lostRequests = 0.0
    /// The request takes effect, and its answer is lost.
    package var lostAnswers = 0.0
    /// The client gives the request up, and it takes effect some seconds later.
    package var lateRequests = 0.0
    /// Request and answer take many seconds.
    package var slowRequests = 0.0
    /// AWS asks for fewer requests.
    package var throttles = 0.0
    /// AWS fails, with or without the effect.
    package var outages = 0.0
    /// An entry of a batch fails while the others don't.
    package var failedEntries = 0.0
    /// The ledger can't be reached; half of the time what it was told or asked still counts.
    package var ledgerFaults = 0.0

    // MARK: - Of the world

    /// Every how many deliveries SQS makes one twice; 0 for never.
    package var duplicateEvery = 0
    /// Which share of copies ends as `failed`.
    package var failedCopies = 0.0
    /// How often an hour somebody deletes a copy of ours.
    package var deletedCopies = 0.0
    /// How often an hour somebody deletes a source.
    package var deletedSources = 0.0
    /// How often an hour somebody copies a snapshot by hand and takes a slot.
    package var foreignCopies = 0.0
    /// Whether RDS allows fewer copies at once than the policy thinks.
    package var hasTightQuota = false
    /// Whether copies raise the event of a new snapshot where they arrive.
    package var finishedCopiesRaiseCreated = false

    package init() {}

    /// Nothing goes wrong.
    package static let none = FaultRates()

    /// What must never move a job towards the dead-letter queue.
    package static var benign: FaultRates {
        var rates = FaultRates()
        rates.throttles = 0.05
        rates.foreignCopies = 0.4
        rates.hasTightQuota = true
        rates.slowRequests = 0.01
        return rates
    }

    /// Everything at once.
    package static var all: FaultRates {
        var rates = FaultRates.benign
        rates.crashes = 0.2
        rates.pauses = 0.3
        rates.drains = 0.1
        rates.lostRequests = 0.01
        rates.lostAnswers = 0.02
        rates.lateRequests = 0.01
        rates.outages = 0.02
        rates.failedEntries = 0.02
        rates.ledgerFaults = 0.02
        rates.duplicateEvery = 9
        rates.failedCopies = 0.1
        rates.deletedCopies = 0.3
        rates.deletedSources = 0.05
        rates.finishedCopiesRaiseCreated = true
        return rates
    }
}

/// A bug made on purpose in the shell or the ledger, to see that the checks find it.
package enum Sabotage: String, Sendable, CaseIterable {
    /// The message is deleted as soon as RDS has accepted the copy.
    case deletesOnceStarted = "deletes-once-started"
    /// The ledger frees a slot after a while, whether its copy runs or not.
    case freesSlotsByTime = "frees-slots-by-time"
    /// Every lease counts as kept, and SQS is never asked.
    case keepsEveryLease = "keeps-every-lease"
    /// The ledger has a slot for everybody.
    case grantsEverySlot = "grants-every-slot"
    /// Dead letters are said to be sent and are not.
    case losesDeadLetters = "loses-dead-letters"
    /// Messages are said to be replaced and nothing was sent.
    case losesReplacements = "loses-replacements"
}
