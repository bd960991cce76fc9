// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
package import Logging
import Metrics
import Synchronization

/// Sends what the digest tells, beside the work and without any effect on it.
///
/// What can't be sent is tried again a few times, then logged, counted and forgotten; what there is no room for is
/// forgotten at once, the oldest first.
package final class NotificationPost: Notifier {
    private struct State {
        var digest: NotificationDigest
        var waiting: [FleetNotification] = []
        /// Whether something came while nobody waited for it.
        var hasNews = false
        var sleeper: CheckedContinuation<Void, Never>?
        var isFinishing = false
    }

    /// How many notifications wait at the most.
    package static let room = 200
    private static let attempts = 5

    private let channel: any NotificationChannel
    private let time: any TimeSource
    private let logger: Logger
    private let backoff: Backoff
    private let state: Mutex<State>

    /// Makes a post that sends nothing until ``run()``.
    package init(
        _ channel: any NotificationChannel,
        settings: NotificationDigest.Settings,
        time: any TimeSource,
        logger: Logger,
        backoff: Backoff = Backoff(base: .seconds(5), cap: .seconds(300))
    ) {
        self.channel = channel
        self.time = time
        self.logger = logger
        self.backoff = backoff
        self.state = Mutex(State(digest: NotificationDigest(settings: settings)))
    }

    package func notify(_ event: FleetEvent, at now: Instant) {
        let (lost, isNews) = self.state.withLock { state in
            let before = state.digest.nextDue
            let fresh = state.digest.take(event, at: now)
            return (Self.add(fresh, to: &state), !fresh.isEmpty || state.digest.nextDue != before)
        }
        self.count("dropped", lost)
        if isNews { self.wakeUp() }
    }

    /// Sends until the task is cancelled, or somebody finishes it.
    package func run() async {
        while !Task.isCancelled {
            let now = self.time.now()
            let (lost, next, due, isOver) = self.state.withLock { state in
                let lost = Self.add(state.digest.tick(at: now), to: &state)
                if state.isFinishing { return (lost, FleetNotification?.none, Instant?.none, true) }
                let next = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                return (lost, next, state.digest.nextDue, false)
            }
            self.count("dropped", lost)
            if isOver { return }
            if let next { await self.deliver(next) } else { await self.pause(until: due) }
        }
    }

    /// Sends what is left, each once, for as long as the worker has time; nothing is sent afterwards.
    package func finish(within limit: Duration) async {
        let now = self.time.now()
        let lost = self.state.withLock { state in
            state.isFinishing = true
            return Self.add(state.digest.flush(at: now), to: &state)
        }
        self.count("dropped", lost)
        self.wakeUp()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled, let next = self.next() { await self.attempt(next, isLast: true) }
            }
            // The wall's seconds: whoever stops the worker counts by them.
            group.addTask { try? await SystemTimeSource().sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        self.count("dropped", self.state.withLock { $0.waiting.count })
    }

    private func next() -> FleetNotification? {
        self.state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }

    /// - Returns: How many had to make room.
    private static func add(_ notifications: [FleetNotification], to state: inout State) -> Int {
        state.waiting += notifications
        let excess = max(0, state.waiting.count - Self.room)
        state.waiting.removeFirst(excess)
        return excess
    }

    // MARK: - Sending

    private func deliver(_ notification: FleetNotification) async {
        var random = SystemRandomNumberGenerator()
        for attempt in 0..<Self.attempts {
            let isLast = attempt == Self.attempts - 1
            guard await self.attempt(notification, isLast: isLast) == .again, !isLast else { return }
            let isFinishing = self.state.withLock { $0.isFinishing }
            let pause = max(.seconds(1), self.backoff.delay(attempt: attempt, using: &random))
            let hasSlept: Void? = isFinishing ? nil : try? await self.time.sleep(for: pause)
            if hasSlept == nil { return self.count("dropped", 1) }
        }
    }

    private enum Ending { case over, again }

    @discardableResult
    private func attempt(_ notification: FleetNotification, isLast: Bool) async -> Ending {
        do {
            try await self.channel.send(notification)
            self.count("sent", 1)
            return .over
        } catch {
            let isRetryable = (error as? AWSError)?.isRetryable ?? false
            if isRetryable, !isLast { return .again }
            self.count("failed", 1)
            self.logger.warning(
                "Nobody could be told",
                metadata: [LogKey.what: "\(notification.kind.rawValue)", LogKey.detail: "\("\(error)".excerpt(300))"]
            )
            return .over
        }
    }

    private func count(_ outcome: String, _ count: Int) {
        guard count > 0 else { return }
        FleetMetric.notifications.counter(outcome).increment(by: count)
    }

    // MARK: - Waiting

    /// Waits until there is news, or until it is time, or the task is cancelled.
    private func pause(until due: Instant?) async {
        let timer = due.map { due in
            Task {
                try? await self.time.sleep(for: max(.zero, due - self.time.now()))
                self.wakeUp()
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { sleeper in
                let goesOn = self.state.withLock { state in
                    guard !state.hasNews else { return true }
                    state.sleeper = sleeper
                    return false
                }
                if goesOn { sleeper.resume() }
            }
        } onCancel: {
            self.wakeUp()
        }
        timer?.cancel()
        self.state.withLock { $0.hasNews = false }
    }

    private func wakeUp() {
        let sleeper = self.state.withLock { state in
            let sleeper = state.sleeper
            state.sleeper = nil
            if sleeper == nil { state.hasNews = true }
            return sleeper
        }
        sleeper?.resume()
    }
}
