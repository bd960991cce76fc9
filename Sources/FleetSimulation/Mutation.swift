// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A bug made on purpose, to see that the checks find it.
///
/// None of them is in what ships: they stand between the core and the world, where the simulation carries out what the
/// core decides.
package enum Mutation: String, Sendable, CaseIterable {
    // MARK: - Of the queue

    /// The message is deleted as soon as RDS has accepted the copy.
    case deletesOnceStarted = "deletes-once-started"
    /// Leases are never extended.
    case forgetsToRenew = "forgets-to-renew"
    /// Every lease counts as kept, and SQS is never asked.
    case keepsEveryLease = "keeps-every-lease"
    /// Dead letters are said to be sent and are not.
    case losesDeadLetters = "loses-dead-letters"
    /// Messages are said to be replaced and nothing was sent.
    case losesReplacements = "loses-replacements"
    /// Receives are not counted, so that waiting wears a message out.
    case forgetsReceiveCount = "forgets-receive-count"

    // MARK: - Of slots

    /// The ledger frees a slot after a while, whether its copy runs or not.
    case freesSlotsByTime = "frees-slots-by-time"
    /// The ledger has a slot for everybody.
    case grantsEverySlot = "grants-every-slot"
    /// Writes to the table ask for no version.
    case ignoresVersion = "ignores-version"
    /// Slots of running copies are given up on a drain.
    case freesSlotsOnDrain = "frees-slots-on-drain"
    /// A lost answer counts as a refusal: the slot goes back, and the copy may run.
    case trustsLostAnswers = "trusts-lost-answers"
    /// A copy that Describe does not show was never started, however new it is.
    case trustsDescribeAtOnce = "trusts-describe-at-once"

    // MARK: - Of copies

    /// Whatever has the target's name is adopted.
    case adoptsAnything = "adopts-anything"
    /// A copy that is nearly done counts as done.
    case confirmsEarly = "confirms-early"
    /// What another worker saw is believed of a later copy with the same name.
    case believesOldLooks = "believes-old-looks"
    /// A copy that failed counts as done.
    case confirmsFailed = "confirms-failed"
    /// Copies are taken for new snapshots, and copied on.
    case copiesCopies = "copies-copies"
    /// Each worker names targets in its own way.
    case namesTargetsApart = "names-targets-apart"
    /// A failed target is deleted, whosever it is.
    case deletesWhatIsNotOurs = "deletes-what-is-not-ours"

    // MARK: - Of pruning

    /// The newest copy of a database goes in place of the oldest.
    case prunesTheNewest = "prunes-the-newest"
    /// A copy that is still on its way counts as one to fall back on.
    case prunesBeforeConfirms = "prunes-before-confirms"
    /// One run deletes all that may go.
    case prunesWithoutACap = "prunes-without-a-cap"
    /// A tag that people set to keep a copy keeps nothing.
    case prunesWhatIsHeld = "prunes-what-is-held"

    // MARK: - Of failures

    /// A throttled call is a failure that only an operator can put right.
    case countsThrottlesAsFailures = "counts-throttles-as-failures"
    /// What can't succeed is tried for ever.
    case retriesTheHopeless = "retries-the-hopeless"
}
