// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Carries retention out for a worker.
///
/// Everything that holds when people prune holds here too, because ``Pruner`` does it: a cap for each run, a second look
/// right before, the newest and the minimum kept, only what is ours. Each deletion is told at once, so that it is in the log
/// whatever ends the worker.
package struct PruneRun: Sendable {
    private let shelf: any CopyShelf
    private let policy: Policy
    private let notifier: any Notifier
    private let time: any TimeSource

    package init(shelf: any CopyShelf, policy: Policy, notifier: any Notifier, time: any TimeSource) {
        self.shelf = shelf
        self.policy = policy
        self.notifier = notifier
        self.time = time
    }

    /// Deletes what the rules that allow it let go.
    ///
    /// What goes wrong is told to the notifier and ends at most this run. Cancellation ends it between two deletions.
    ///
    /// - Returns: How many copies were deleted.
    package func carryOut(_ request: PruneRequest) async -> Int {
        let pool = request.pool
        let pruner = Pruner(shelf: self.shelf, policy: self.policy, because: request.cause)
        var deleted = 0
        do {
            let plan = try await pruner.plan(at: pool.destination, kinds: [pool.kind], now: self.time.now())
            try await pruner.apply(plan, by: self.time) { copy, outcome in
                switch outcome {
                case .deleted:
                    deleted += 1
                    let rule = pruner.summary(of: copy.route) ?? ""
                    self.notify(.pruned(PrunedCopy(copy: copy, cause: request.cause, rule: rule)))
                case .refused(let error):
                    self.notify(
                        .trouble(operation: "DeleteSnapshot", Trouble(of: .deleteTarget, kind: pool.kind, error))
                    )
                case .gone, .spared: break
                }
            }
        } catch {
            self.notify(.trouble(operation: "prune", Trouble(of: .describeTarget, kind: pool.kind, error)))
        }
        return deleted
    }

    private func notify(_ event: FleetEvent) { self.notifier.notify(event, at: self.time.now()) }
}

extension Worker {
    func prune(_ request: PruneRequest) async -> CoreInput {
        guard let shelf = self.ports.shelf else { return .pruned(request, deleted: 0) }
        let run = PruneRun(
            shelf: shelf,
            policy: self.policy,
            notifier: self.ports.notifier,
            time: self.ports.time
        )
        return .pruned(request, deleted: await run.carryOut(request))
    }
}
