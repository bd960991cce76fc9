// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The jobs that a worker has in hand, and what of them is counted.
///
/// The counts are asked for at every step, and a worker may watch tens of thousands of copies. Jobs are changed in no other
/// way than through the subscript, which counts each before and after, so that they can't come out of step.
package struct JobTable: Sendable {
    /// What is counted.
    package struct Counts: Hashable, Sendable {
        /// Messages that carry jobs whose copy is in progress.
        package var messagesOfCopies = 0
        /// Jobs that wait for an answer which decides about a slot.
        package var starting = 0

        /// What a job adds.
        fileprivate init(of state: JobState?) {
            guard let state else { return }
            switch state.phase {
            case .copying: self.messagesOfCopies = state.messages.count
            case .acquiring, .starting: self.starting = 1
            case .checking: self.starting = state.holdsSlot ? 1 : 0
            case .describing, .waiting, .cleaning, .handingOver, .tidying: break
            }
        }

        fileprivate init() {}

        fileprivate mutating func replace(_ old: Counts, by new: Counts) {
            self.messagesOfCopies += new.messagesOfCopies - old.messagesOfCopies
            self.starting += new.starting - old.starting
        }
    }

    /// `nil` only for the moment in which a job is changed.
    private var states: [CopyJob.ID: JobState?] = [:]
    package private(set) var counts = Counts()

    package init() {}

    package var isEmpty: Bool { self.states.isEmpty }
    /// In no order.
    package var keys: some Collection<CopyJob.ID> { self.states.keys }
    /// In no order.
    package var values: some Sequence<JobState> { self.states.values.lazy.compactMap { $0 } }

    /// What going through all jobs comes to.
    package var recounted: Counts {
        self.values.reduce(into: Counts()) { $0.replace(Counts(), by: Counts(of: $1)) }
    }

    package subscript(id: CopyJob.ID) -> JobState? {
        get { self.states[id] ?? nil }
        _modify {
            // Taken out while it is changed, so that nobody else holds it, and looked for only once.
            let place = self.states.index(forKey: id)
            var state: JobState?
            if let place { swap(&state, &self.states.values[place]) }
            let old = Counts(of: state)
            defer {
                self.counts.replace(old, by: Counts(of: state))
                if let place, state == nil {
                    self.states.remove(at: place)
                } else if let place {
                    swap(&state, &self.states.values[place])
                } else if state != nil {
                    self.states[id] = .some(state)
                }
            }
            yield &state
        }
    }
}

extension WorkerCore {
    /// Whether the counts of jobs are what going through all of them comes to, for tests and simulations.
    package var countsRight: Bool { self.jobs.counts == self.jobs.recounted }
}
