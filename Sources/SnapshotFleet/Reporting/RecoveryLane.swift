// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What has been seen of one database at one destination.
struct RecoveryLane: Sendable {
    private(set) var confirmed: [RecoveryCopy] = []
    private(set) var confirmedCount = 0
    private(set) var inProgress: [RecoveryCopy] = []
    private(set) var failedCount = 0
    private(set) var engine = ""
    /// The route that planned the newest copy seen, confirmed or not.
    private(set) var route = ""
    private var routeTaken: Instant?
    /// The earliest data that was there to be copied.
    private(set) var earliest: Instant?
    private var seen: Set<String> = []

    /// Takes in a copy, keeping `depth` of the newest confirmed ones.
    ///
    /// - Returns: Whether it was new: lists shift while they are read.
    mutating func take(_ copy: RecoveryCopy, engine: String, depth: Int) -> Bool {
        guard self.seen.insert(copy.identifier).inserted else { return false }
        if !engine.isEmpty { self.engine = engine }
        if let taken = copy.takenAt {
            self.earliest = min(self.earliest ?? taken, taken)
            if taken >= self.routeTaken ?? .distantPast { (self.route, self.routeTaken) = (copy.route, taken) }
        } else if self.routeTaken == nil {
            self.route = copy.route
        }
        switch copy.phase {
        case .failed: self.failedCount += 1
        case .inProgress: self.inProgress.append(copy)
        case .available:
            self.confirmedCount += 1
            guard copy.takenAt != nil else { break }
            self.confirmed.append(copy)
            if self.confirmed.count > depth * 2 + 8 { self.trim(to: depth) }
        }
        return true
    }

    /// Sorts by age, the newest first, and forgets what is beyond `depth`.
    mutating func trim(to depth: Int) {
        self.confirmed.sort { RecoveryCopy.isOlder($1, $0) }
        if self.confirmed.count > depth { self.confirmed.removeLast(self.confirmed.count - depth) }
        self.inProgress.sort { RecoveryCopy.isOlder($1, $0) }
    }

    /// Notes how long copies took, by their identifiers.
    mutating func note(took: [String: Duration]) {
        for index in self.confirmed.indices { self.confirmed[index].took = took[self.confirmed[index].identifier] }
    }
}
