// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

/// Keeps what a provider handed out until it is about to expire.
///
/// One refresh runs at a time, and all callers that need it share it; a caller that is cancelled stops waiting and
/// leaves it running for the others. While the old credentials are good, a refresh that fails is not noticed.
///
/// Source: botocore 1.43, `credentials.RefreshableCredentials`.
package final class CachedCredentials: CredentialsProvider {
    /// When to refresh, as time left before the expiry.
    package struct Windows: Sendable {
        /// From here on one caller refreshes, while the others go on with what there is.
        package var advisory: Duration
        /// From here on every caller waits for the refresh.
        package var mandatory: Duration
        /// Whether credentials that have expired are handed out while no new ones can be had.
        package var keepsExpired: Bool

        /// Sets the windows; 15 and 10 minutes unless told otherwise.
        package init(
            advisory: Duration = .seconds(900),
            mandatory: Duration = .seconds(600),
            keepsExpired: Bool = false
        ) {
            self.advisory = advisory
            self.mandatory = mandatory
            self.keepsExpired = keepsExpired
        }

        /// For EC2, where AWS accepts a role's credentials for longer than they say while the service is down.
        package static let instanceMetadata = Windows(keepsExpired: true)
    }

    private typealias Outcome = Result<Credentials, AWSError>

    private let source: any CredentialsProvider
    private let time: any TimeSource
    private let state: Mutex<State>

    /// Keeps what `source` hands out.
    package init(_ source: any CredentialsProvider, time: any TimeSource, windows: Windows = Windows()) {
        self.source = source
        self.time = time
        self.state = Mutex(State(windows: windows))
    }

    package func credentials() async throws(AWSError) -> Credentials {
        let id = self.state.withLock { $0.makeID() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                let now = self.time.now()
                switch self.state.withLock({ $0.enter(id, continuation, at: now) }) {
                case .use(let outcome): continuation.resume(returning: outcome)
                case .wait: break
                // Others may come to wait for this refresh, so it must not end with the task that began it.
                case .refresh: Task { await self.refresh() }
                }
            }
        } onCancel: {
            self.state.withLock { $0.cancel(id) }?.resume(returning: .failure(Self.cancelled))
        }
        self.state.withLock { $0.forget(id) }
        return try outcome.get()
    }

    package func invalidate(_ credentials: Credentials) async {
        guard self.state.withLock({ $0.invalidate(credentials) }) else { return }
        await self.source.invalidate(credentials)
    }

    private static let cancelled = AWSError(.cancelled, message: "cancelled while waiting for credentials")

    private func refresh() async {
        let fetched: Outcome
        do throws(AWSError) {
            fetched = .success(try await self.source.credentials())
        } catch {
            fetched = .failure(error)
        }
        let now = self.time.now()
        let (waiting, outcome) = self.state.withLock { $0.finish(fetched, at: now) }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Decides; resumes nobody and asks nobody.
    private struct State {
        typealias Waiter = CheckedContinuation<Outcome, Never>

        enum Step {
            case use(Outcome)
            case wait
            case refresh
        }

        let windows: Windows
        private var current: Credentials?
        /// How long `current` had left when it came, so that short-lived credentials get shorter windows.
        private var lifetime = Duration.zero
        private var isInvalid = false
        private var isRefreshing = false
        /// After a refresh that failed, `current` is used without another until then.
        private var retryTime: Instant?
        private var waiters: [UInt64: Waiter] = [:]
        private var cancelled: Set<UInt64> = []
        private var lastID: UInt64 = 0

        init(windows: Windows) { self.windows = windows }

        mutating func makeID() -> UInt64 {
            self.lastID += 1
            return self.lastID
        }

        mutating func enter(_ id: UInt64, _ waiter: Waiter, at now: Instant) -> Step {
            guard !self.cancelled.contains(id) else { return .use(.failure(CachedCredentials.cancelled)) }
            if let current, !self.isInvalid, let usable = self.usable(current, at: now) {
                return .use(.success(usable))
            }
            self.waiters[id] = waiter
            guard !self.isRefreshing else { return .wait }
            self.isRefreshing = true
            return .refresh
        }

        /// The credentials, when they are to be used without waiting for a refresh.
        private func usable(_ current: Credentials, at now: Instant) -> Credentials? {
            guard let expiration = current.expiration else { return current }
            let left = expiration - now
            // A role's shortest session is 15 minutes: it must not be refreshed for every call.
            if left > min(self.windows.advisory, self.lifetime / 4) { return current }
            let isUsable = left > .zero || self.windows.keepsExpired
            if let retryTime, isUsable, retryTime > now { return current }
            let isMandatory = left <= min(self.windows.mandatory, self.lifetime / 6)
            return self.isRefreshing && !isMandatory ? current : nil
        }

        mutating func finish(_ fetched: Outcome, at now: Instant) -> (waiting: [Waiter], outcome: Outcome) {
            self.isRefreshing = false
            let waiting = Array(self.waiters.values)
            self.waiters = [:]
            return (waiting, self.outcome(of: fetched, at: now))
        }

        private mutating func outcome(of fetched: Outcome, at now: Instant) -> Outcome {
            let failure: AWSError
            switch fetched {
            case .success(let fresh):
                let left = fresh.expiration.map { $0 - now } ?? .zero
                if fresh.expiration == nil || left > .zero {
                    self.current = fresh
                    self.lifetime = left
                    self.isInvalid = false
                    self.retryTime = nil
                    return fetched
                }
                failure = AWSError(.noCredentials, message: "the credentials handed out have already expired")
            case .failure(let error):
                failure = error
            }
            guard let current, !self.isInvalid, let expiration = current.expiration,
                now < expiration || self.windows.keepsExpired
            else { return .failure(failure) }
            self.retryTime = now + .seconds(30)
            return .success(current)
        }

        mutating func invalidate(_ credentials: Credentials) -> Bool {
            guard self.current == credentials else { return false }
            self.isInvalid = true
            return true
        }

        /// Takes a waiter out; `nil` when it is not waiting yet or any more.
        mutating func cancel(_ id: UInt64) -> Waiter? {
            guard let waiter = self.waiters.removeValue(forKey: id) else {
                self.cancelled.insert(id)
                return nil
            }
            return waiter
        }

        mutating func forget(_ id: UInt64) { self.cancelled.remove(id) }
    }
}
