// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Something that goes wrong in a run.
///
/// Each has dice of its own, so that a run without one of them goes on as before in everything else.
package enum Fault: Int, Sendable, CaseIterable {
    // MARK: - Of workers: times an hour, each

    /// A worker is gone with its memory, and starts anew after a while.
    case crashes
    /// A worker stands still, often for longer than a lease.
    case pauses
    /// A worker is told to stop, and starts anew.
    case drains
    /// A worker's clock is wrong: by how many seconds at the most.
    case clockSkew

    // MARK: - Of requests: how probable for each

    /// The request never arrives.
    case lostRequests
    /// The request takes effect, and its answer is lost.
    case lostAnswers
    /// The client gives the request up, and it takes effect some seconds later.
    case lateRequests
    /// The request arrives a second time, some seconds later.
    case doubledRequests
    /// Request and answer take many seconds, so that others overtake them.
    case slowRequests
    /// AWS asks for fewer requests.
    case throttles
    /// AWS fails, with or without the effect.
    case failures
    /// An entry of a batch fails while the others don't.
    case failedEntries
    /// The ledger can't be reached; half of the time what it was told or asked still counts.
    case ledgerFailures
    /// DynamoDB asks for fewer requests.
    case tableThrottles
    /// A transaction meets another one.
    case transactionConflicts
    /// Describe does not know the latest minute yet.
    case describeLag

    // MARK: - Of services: times an hour, for a while

    /// Nearly every request is throttled.
    case throttlingStorms
    /// Nothing in a Region answers.
    case regionOutages
    /// A destination's key is switched off.
    case disabledKeys
    /// RDS allows fewer copies at once.
    case loweredLimits
    /// SQS hands out few messages at once.
    case inFlightCaps
    /// A destination has no room for one more manual snapshot.
    case fullDestinations

    // MARK: - Of copies and messages: how probable for each

    /// SQS delivers a message twice.
    case doubledMessages
    /// A copy ends as `failed`.
    case failedCopies
    /// A copy stands still for ever, until somebody cancels it.
    case stalledCopies
    /// Copies raise the event of a new snapshot where they arrive.
    case copiesRaiseCreated
    /// RDS allows fewer copies at once than the policy thinks, from the beginning.
    case tightQuota

    // MARK: - Of people: times an hour

    /// Somebody deletes a copy of ours, done or not.
    case deletedCopies
    /// Somebody deletes a source.
    case deletedSources
    /// An automated source reaches its age.
    case agedSources
    /// Somebody copies a snapshot by hand and takes a slot.
    case foreignCopies
    /// Somebody gives the name of one of our targets to something else.
    case takenNames
    /// Somebody tags a copy so that it is kept.
    case heldCopies

    /// Its place in a list of all.
    var index: Int { self.rawValue }

    /// Its name on the command line: `clock-skew`.
    package var name: String {
        "\(self)".reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-\(letter.lowercased())" : "\(letter)"
        }
    }

    /// Finds a fault by its name; `nil` where there is none.
    package init?(name: String) {
        guard let fault = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = fault
    }
}

/// How often what goes wrong; everything at 0 is a quiet run.
package struct FaultRates: Sendable, Equatable {
    private var rates = [Double](repeating: 0, count: Fault.allCases.count)

    package init(_ rates: [Fault: Double] = [:]) {
        for (fault, rate) in rates { self[fault] = rate }
    }

    package subscript(fault: Fault) -> Double {
        get { self.rates[fault.index] }
        set { self.rates[fault.index] = newValue }
    }

    /// What may go wrong, in the order of the list.
    package var faults: [Fault] { Fault.allCases.filter { self[$0] > 0 } }

    /// These rates with nothing but these faults.
    package func only(_ faults: some Sequence<Fault>) -> FaultRates {
        FaultRates(Dictionary(faults.map { ($0, self[$0]) }) { first, _ in first })
    }

    /// Nothing goes wrong.
    package static let none = FaultRates()

    /// What must never move a job towards the dead-letter queue.
    package static let benign = FaultRates([
        .throttles: 0.05, .foreignCopies: 0.4, .tightQuota: 1, .slowRequests: 0.01, .loweredLimits: 0.05,
        .throttlingStorms: 0.1, .inFlightCaps: 0.1, .tableThrottles: 0.03, .transactionConflicts: 0.02,
        .fullDestinations: 0.05, .heldCopies: 0.1,
    ])

    /// Everything at once.
    package static let all = FaultRates([
        .crashes: 0.2, .pauses: 0.3, .drains: 0.1, .clockSkew: 240,
        .lostRequests: 0.01, .lostAnswers: 0.02, .lateRequests: 0.01, .doubledRequests: 0.01, .slowRequests: 0.01,
        .throttles: 0.05, .failures: 0.02, .failedEntries: 0.02, .ledgerFailures: 0.02, .tableThrottles: 0.03,
        .transactionConflicts: 0.02, .describeLag: 0.1,
        .throttlingStorms: 0.05, .regionOutages: 0.02, .disabledKeys: 0.03, .loweredLimits: 0.05, .inFlightCaps: 0.05,
        .doubledMessages: 0.1, .failedCopies: 0.1, .stalledCopies: 0.03, .copiesRaiseCreated: 1, .tightQuota: 1,
        .deletedCopies: 0.3, .deletedSources: 0.05, .agedSources: 0.05, .foreignCopies: 0.4, .takenNames: 0.05,
        .fullDestinations: 0.03, .heldCopies: 0.1,
    ])
}
