// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Lets so many copies be asked for at once at each destination; the others wait their turn as actions.
///
/// A call under way takes tens of kilobytes, its connection among them, and a policy may leave a destination a thousand
/// slots. What a worker takes follows from the most that were ever under way at once: what is freed between things that
/// stay is not given back to the system.
package struct StartQueue {
    /// The most calls under way in one pool; with a second for each they fill a pool of the usual size in two.
    package static let limit = 10

    private struct Line {
        var underWay = 0
        /// The next one last.
        var waiting: [ActionBatch] = []
    }

    private var lines: [SlotPool: Line] = [:]
    /// Pools in which a call has ended, one entry for each.
    private var ended: [SlotPool] = []

    package init() {}

    /// Takes in that a call is over, if that is what the input says.
    package mutating func note(_ input: CoreInput) {
        switch input {
        case .copyStarted(let id, _), .copyRejected(let id, _):
            self.ended.append(SlotPool(destination: id.destination, kind: id.source.kind))
        default: break
        }
    }

    /// What of this, and of what has waited, is to be carried out now; what is no call to start a copy never waits.
    package mutating func admit(_ batches: [ActionBatch]) -> [ActionBatch] {
        var admitted: [ActionBatch] = []
        for pool in self.ended {
            self.lines[pool]?.underWay -= 1
            if let next = self.lines[pool]?.waiting.popLast() {
                self.lines[pool]?.underWay += 1
                admitted.append(next)
            }
            if self.lines[pool]?.underWay == 0 { self.lines[pool] = nil }
        }
        self.ended = []
        for batch in batches {
            guard case .single(.startCopy(let request)) = batch else {
                admitted.append(batch)
                continue
            }
            if self.lines[request.pool, default: Line()].underWay < Self.limit {
                self.lines[request.pool, default: Line()].underWay += 1
                admitted.append(batch)
            } else {
                self.lines[request.pool]?.waiting.insert(batch, at: 0)
            }
        }
        return admitted
    }
}
