// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Decides when a task of ECS asks to be spared by scale-in and deployments, and for how long.
///
/// A worker may be ended at any time: copies in progress go on in RDS, and another worker adopts them. The one moment
/// that is worth sparing is the one between asking for a slot and knowing whether RDS has accepted the copy. A worker
/// that is killed in it leaves a slot that is taken for nothing until its lease has ended, and a message that hides until
/// its own has. So protection is asked for while copies are being started and not while they run: it would otherwise hold
/// deployments up for hours.
///
/// It is held a little longer than the last start, so that it does not come and go with each of them; it expires by
/// itself, should the worker die; and it is refreshed once half of its time is over.
///
/// Source: Amazon ECS Developer Guide, "Amazon ECS task scale-in protection endpoint".
package struct ScaleInProtection: Sendable {
    /// How long things last.
    package struct Settings: Sendable {
        /// After how many minutes protection ends by itself; ECS allows 1 to 2880.
        package var minutes = 5
        /// How long protection outlasts the last start.
        package var hold: Duration = .seconds(60)
        /// The first pause after calls that failed; it doubles with each of them.
        package var retry: Duration = .seconds(30)
        package var longestRetry: Duration = .seconds(900)

        package init() {}
    }

    /// What to ask of ECS.
    package enum Call: Hashable, Sendable {
        case protect(minutes: Int)
        case unprotect
    }

    /// What became of a call.
    package enum Outcome: Hashable, Sendable {
        case done
        case failed
        /// This task can't be protected, as one that belongs to no service.
        case impossible
    }

    /// What is worth a line in the log.
    package enum Note: Hashable, Sendable {
        /// The first of several calls failed.
        case fails
        case worksAgain
        case givenUp
    }

    private let settings: Settings
    private var isStarting = false
    private var lastStart: Instant?
    private var isOver = false
    private var isImpossible = false
    /// The call that is under way, and when it was made.
    private var underWay: (call: Call, since: Instant)?
    /// Until when protection is known to last; `nil` for none.
    private var protectedUntil: Instant?
    /// Until when it may last: an answer may have been lost.
    private var mayLastUntil: Instant?
    private var failures = 0
    private var retryAt: Instant?

    package init(settings: Settings = Settings()) { self.settings = settings }

    private var lifetime: Duration { .seconds(60 * self.settings.minutes) }

    /// Notes that copies begin or cease to be started.
    package mutating func startsCopies(_ isStarting: Bool, at now: Instant) {
        self.isStarting = isStarting
        self.lastStart = now
    }

    /// Notes that nothing will be started any more.
    package mutating func end() { self.isOver = true }

    /// Decides what to ask of ECS now, `nil` for nothing.
    ///
    /// ``answered(_:at:)`` has to follow a call before there is another.
    package mutating func next(at now: Instant) -> Call? {
        guard self.underWay == nil, !self.isImpossible, let call = self.wanted(at: now) else { return nil }
        // A worker that ends has no time to wait, and one last try.
        guard self.isOver || self.retryAt.map({ $0 <= now }) ?? true else { return nil }
        self.underWay = (call, now)
        if case .protect = call { self.mayLastUntil = now + self.lifetime }
        return call
    }

    private func wanted(at now: Instant) -> Call? {
        if self.isWanted(at: now) {
            let isFresh = self.protectedUntil.map { $0 - now > self.lifetime / 2 } ?? false
            return isFresh ? nil : .protect(minutes: self.settings.minutes)
        }
        return self.mayLastUntil.map { $0 > now } ?? false ? .unprotect : nil
    }

    private func isWanted(at now: Instant) -> Bool {
        guard !self.isOver else { return false }
        return self.isStarting || self.lastStart.map { now < $0 + self.settings.hold } ?? false
    }

    /// Takes in what became of a call.
    package mutating func answered(_ outcome: Outcome, at now: Instant) -> Note? {
        guard let (call, since) = self.underWay else { return nil }
        self.underWay = nil
        switch outcome {
        case .done:
            self.protectedUntil = call == .unprotect ? nil : since + self.lifetime
            self.mayLastUntil = self.protectedUntil
            self.retryAt = nil
            defer { self.failures = 0 }
            return self.failures > 0 ? .worksAgain : nil
        case .failed:
            let pause = self.settings.retry * Double(1 << min(self.failures, 10))
            self.failures += 1
            self.retryAt = now + min(pause, self.settings.longestRetry)
            if self.isOver { self.mayLastUntil = nil }
            return self.failures == 1 ? .fails : nil
        case .impossible:
            self.isImpossible = true
            return .givenUp
        }
    }

    /// When ``next(at:)`` has to be asked even if nothing happens; `nil` when only news brings it on.
    package func nextDeadline(after now: Instant) -> Instant? {
        guard self.underWay == nil, !self.isImpossible else { return nil }
        guard self.wanted(at: now) == nil else { return max(now, self.retryAt ?? now) }
        guard self.isWanted(at: now) else { return nil }
        let ends = self.isStarting ? nil : self.lastStart.map { $0 + self.settings.hold }
        return [ends, self.protectedUntil.map { $0 - self.lifetime / 2 }].compactMap(\.self).min()
    }
}

extension WorkerCore {
    /// Whether an answer is awaited that decides about a slot: whether there is one, and whether a copy now fills it.
    package var isStartingCopies: Bool { self.jobs.counts.starting > 0 }
}
