// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What callers have asked for and the loop has not yet picked up.
///
/// Pure state: no I/O, so tests drive it directly.
struct Inbox: Sendable {
    typealias Continuation = CheckedContinuation<Result<HTTPResponse, AWSError>, Never>

    struct Job: Sendable {
        let id: UInt64
        let request: HTTPRequest
        let continuation: Continuation
    }

    private var arrivals: [Job] = []
    private var cancelled: Set<UInt64> = []
    /// Whether the loop takes nothing more.
    var isStopping = false

    /// Takes `job`, unless its task was cancelled first or the loop is stopping.
    mutating func accept(_ job: Job) -> Bool {
        guard !self.isStopping, !self.cancelled.contains(job.id) else { return false }
        self.arrivals.append(job)
        return true
    }

    /// Remembers that a caller has gone, whether or not its job has come in yet.
    mutating func cancel(_ id: UInt64) { self.cancelled.insert(id) }

    /// Lets go of a caller whose job has ended.
    mutating func forget(_ id: UInt64) { self.cancelled.remove(id) }

    /// Hands over what has come in since the last time.
    mutating func drain() -> (arrivals: [Job], cancelled: Set<UInt64>, isStopping: Bool) {
        // Handed over as it is: to empty an array that somebody else holds means to make another of the same size.
        (exchange(&self.arrivals, with: []), self.cancelled, self.isStopping)
    }
}
