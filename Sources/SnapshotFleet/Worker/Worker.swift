// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import ServiceLifecycle
import Synchronization

/// Runs a ``WorkerCore``: carries out its actions against the queue, RDS and the ledger, and brings back the answers.
///
/// On graceful shutdown the worker takes no more messages, waits for the calls that are under way, gives back what it
/// holds and returns; copies in progress go on in RDS, and another worker adopts them. On cancellation it returns at
/// once; SQS hands out its messages again when their leases end.
package final class Worker: Service {
    /// What a worker works with.
    package struct Ports: Sendable {
        package var queue: any JobQueue
        package var snapshots: any SnapshotService
        package var ledger: any SlotLedger
        package var notifier: any Notifier
        package var time: any TimeSource
        /// Is told when copies begin and cease to be started; `nil` when nobody cares.
        package var startObserver: (any StartObserver)?
        /// Where copies are pruned; `nil` where workers never do.
        package var shelf: (any CopyShelf)?

        package init(
            queue: any JobQueue,
            snapshots: any SnapshotService,
            ledger: any SlotLedger,
            notifier: any Notifier,
            time: any TimeSource,
            startObserver: (any StartObserver)? = nil,
            shelf: (any CopyShelf)? = nil
        ) {
            self.queue = queue
            self.snapshots = snapshots
            self.ledger = ledger
            self.notifier = notifier
            self.time = time
            self.startObserver = startObserver
            self.shelf = shelf
        }
    }

    private struct State {
        var core: WorkerCore
        var random = SystemRandomNumberGenerator()
        var wakeUp = WakeUp()
        var isStarting = false
    }

    private let state: Mutex<State>
    private let readiness: ReadinessKeeper
    private let turns = SlotTurnKeeper()
    let ports: Ports
    let policy: Policy

    /// Makes a worker that does nothing until ``run()``.
    package init(settings: CoreSettings, policy: Policy, ports: Ports) {
        self.state = Mutex(State(core: WorkerCore(settings: settings, policy: policy)))
        let keeper = ReadinessKeeper(notifier: ports.notifier, time: ports.time)
        self.readiness = keeper
        var watched = ports
        watched.queue = WatchedQueue(base: ports.queue, keeper: keeper)
        watched.snapshots = WatchedSnapshots(base: ports.snapshots, keeper: keeper)
        watched.ledger = WatchedLedger(base: ports.ledger, keeper: keeper)
        self.ports = watched
        self.policy = policy
    }

    /// What the worker has in hand right now.
    package var view: WorkerView {
        var view = self.state.withLock { $0.core.view }
        view.readiness = self.readiness.current
        return view
    }

    /// What is so at a moment, for metrics.
    package func gauges(at now: Instant) -> WorkerGauges { self.state.withLock { $0.core.gauges(at: now) } }

    /// Whether RDS may be asked this very moment to start the copy of a job.
    func mayStart(_ id: CopyJob.ID) -> Bool {
        let now = self.ports.time.now()
        return self.state.withLock { $0.core.mayStart(id, at: now) }
    }

    /// Whether something may be done this very moment in the source's account of a job.
    func mayHandOver(_ id: CopyJob.ID) -> Bool {
        let now = self.ports.time.now()
        return self.state.withLock { $0.core.mayHandOver(id, at: now) }
    }

    /// Works until graceful shutdown or cancellation.
    package func run() async throws {
        self.ports.notifier.notify(.working, at: self.ports.time.now())
        let (inputs, feed) = AsyncStream.makeStream(of: CoreInput.self)
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withDiscardingTaskGroup { group in
                    feed.yield(.tick)
                    var starts = StartQueue()
                    for await input in inputs {
                        starts.note(input)
                        let actions = self.decide(input, feed: feed, in: &group)
                        // By pattern: to compare an action takes a copy of all that is in it.
                        if actions.contains(where: { if case .finished = $0 { true } else { false } }) { break }
                        for batch in starts.admit(ActionBatch.batches(of: actions)) {
                            let turn = self.turns.enter(batch.slots)
                            group.addTask {
                                await self.turns.wait(turn)
                                for input in await self.perform(batch) { feed.yield(input) }
                                self.turns.leave(turn)
                                for part in batch.followers {
                                    for input in await self.perform(part) { feed.yield(input) }
                                }
                            }
                        }
                    }
                    group.cancelAll()
                }
            } onCancel: {
                feed.finish()
            }
        } onGracefulShutdown: {
            feed.yield(.drain)
        }
        try Task.checkCancellation()
    }

    /// Asks the core, tells the notifier what it reports, and sets the timer for what it waits for.
    private func decide(
        _ input: CoreInput,
        feed: AsyncStream<CoreInput>.Continuation,
        in group: inout DiscardingTaskGroup
    ) -> [CoreAction] {
        let now = self.ports.time.now()
        let (actions, timer, isStarting) = self.state.withLock { state -> ([CoreAction], Instant?, Bool?) in
            let actions = state.core.handle(input, at: now, using: &state.random)
            let isStarting = state.core.isStartingCopies
            let hasChanged = isStarting != state.isStarting
            state.isStarting = isStarting
            let timer = state.wakeUp.arm(for: state.core.nextDeadline, at: now)
            return (actions, timer, hasChanged ? isStarting : nil)
        }
        if let isStarting { self.ports.startObserver?.startsCopies(isStarting, at: now) }
        if case .drain = input { self.ports.startObserver?.drains(at: now) }
        for case .report(let event) in actions { self.ports.notifier.notify(event, at: now) }
        if let timer {
            group.addTask {
                // The clock may have been set back meanwhile, and a timer that fires too early is none.
                while case let pause = timer - self.ports.time.now(), pause > .zero {
                    // A cancelled sleep is the end of the worker; there is nothing left to wake.
                    guard (try? await self.ports.time.sleep(for: pause)) != nil else { return }
                }
                feed.yield(.tick)
            }
        }
        return actions
    }
}

extension Instant {
    /// Later than anything that happens.
    static let distantFuture = Instant(microseconds: .max)
}
