// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A message as a queue keeps it.
struct SQSMessage: Sendable {
    /// Where the message stands.
    enum State: Hashable, Sendable {
        case visible
        case delayed
        case inFlight
    }

    /// Counts messages over all queues, so that it names this one wherever it goes.
    let number: UInt64
    let body: String
    let attributes: [String: SQSMessageAttribute]
    let traceHeader: String?
    let groupID: String?
    let senderID: String
    /// What retention counts from; a redrive by receive keeps it.
    let enqueuedAt: Instant
    /// The queue that a redrive took it from.
    var deadLetterSource: String?
    var receiveCount = 0
    var firstReceivedAt: Instant?
    var lastReceivedAt: Instant?
    var state = State.visible
    /// Changes whenever the state does, so that entries about an earlier state are recognised as stale.
    var round = 0
    /// Names the newest receipt handle; handles of earlier receives are stale.
    var receipt: UInt64 = 0

    /// A UUID that depends on the number alone.
    var id: String { SQSModel.messageID(self.number) }
}

/// A queue: its settings and its messages.
///
/// Hidden messages wait in a heap ordered by the moment they come out, visible ones in a line. Entries are not taken
/// out when a message changes its state: they carry the message's round and are skipped when it has moved on. So every
/// operation costs at most the logarithm of the number of messages.
struct SQSQueue: Sendable {
    let name: String
    let arn: String
    let account: String
    let region: String
    let created: Instant
    var modified: Instant
    var settings: SQSQueueSettings
    var tags: [String: String] = [:]
    var purged: Instant?
    /// Whether somebody collects what came and went.
    var isJournaled = false
    /// The messages that came and went since somebody collected them, by number.
    var journal: [(number: UInt64, isGone: Bool)] = []

    private var messages: [UInt64: SQSMessage] = [:]
    private var line = FirstInFirstOut<Standing>()
    private var hidden = MinHeap<Wakeup>()
    private var expiries = MinHeap<Wakeup>()
    /// How many second sights of a message stand in the line, current or not.
    private(set) var duplicateCount = 0
    private(set) var delayedCount = 0
    private(set) var inFlightCount = 0

    private struct Standing: Sendable {
        var number: UInt64
        var round: Int
        var isDuplicate: Bool
    }

    private struct Wakeup: Comparable, Sendable {
        var at: Instant
        var number: UInt64
        var round: Int

        static func < (left: Wakeup, right: Wakeup) -> Bool {
            (left.at, left.number, left.round) < (right.at, right.number, right.round)
        }
    }

    init(name: String, arn: String, account: String, region: String, settings: SQSQueueSettings, created: Instant) {
        self.name = name
        self.arn = arn
        self.account = account
        self.region = region
        self.settings = settings
        self.created = created
        self.modified = created
    }

    var visibleCount: Int { self.messages.count - self.delayedCount - self.inFlightCount }

    /// When the next hidden message comes out; `nil` when none is hidden.
    var nextVisibility: Instant? { self.hidden.first?.at }

    /// When the next hidden message comes out, and how many may be received now.
    ///
    /// Nothing changes; in place it takes no copy of the queue, unlike the two properties.
    mutating func outlook() -> (visibility: Instant?, receivable: Int) {
        (self.nextVisibility, self.visibleCount + self.duplicateCount)
    }

    /// Takes out the messages that came and went since the last time, each as it is now; `nil` once it is gone.
    mutating func takeJournal() -> [(number: UInt64, message: SQSMessage?)] {
        guard !self.journal.isEmpty else { return [] }
        defer { self.journal.removeAll(keepingCapacity: true) }
        return self.journal.map { ($0.number, $0.isGone ? nil : self.messages[$0.number]) }
    }

    subscript(number: UInt64) -> SQSMessage? { self.messages[number] }

    /// Every message, in no order.
    var contents: some Collection<SQSMessage> { self.messages.values }

    // MARK: - Time

    /// Brings hidden messages out whose time has come and drops those that retention ends.
    mutating func settle(at now: Instant) {
        while let next = self.expiries.first {
            let isGone = self.messages[next.number] == nil
            guard isGone || next.at + .seconds(self.settings.retentionPeriod) <= now else { break }
            self.expiries.removeFirst()
            self.remove(next.number)
        }
        while let next = self.hidden.first {
            let isCurrent = self.messages[next.number]?.round == next.round
            guard !isCurrent || next.at <= now else { break }
            self.hidden.removeFirst()
            if isCurrent { self.show(next.number) }
        }
    }

    // MARK: - Messages

    mutating func add(_ message: SQSMessage, delay: Int, at now: Instant) {
        var message = message
        message.state = .visible
        message.round += 1
        self.messages[message.number] = message
        if self.isJournaled { self.journal.append((message.number, false)) }
        self.expiries.insert(Wakeup(at: message.enqueuedAt, number: message.number, round: 0))
        if delay > 0 {
            self.hide(message.number, as: .delayed, until: now + .seconds(delay))
        } else {
            self.line.append(Standing(number: message.number, round: message.round, isDuplicate: false))
        }
    }

    @discardableResult
    mutating func remove(_ number: UInt64) -> SQSMessage? {
        guard let message = self.messages.removeValue(forKey: number) else { return nil }
        self.count(message.state, by: -1)
        if self.isJournaled { self.journal.append((number, true)) }
        self.prune()
        return message
    }

    mutating func removeAll() {
        self.messages = [:]
        self.line.removeAll()
        self.duplicateCount = 0
        self.hidden.removeAll()
        self.expiries.removeAll()
        self.delayedCount = 0
        self.inFlightCount = 0
    }

    /// Takes the oldest visible message out of the queue; `nil` when there is none.
    mutating func takeVisible() -> SQSMessage? {
        while let standing = self.line.popFirst() {
            if standing.isDuplicate { self.duplicateCount -= 1 }
            guard self.messages[standing.number]?.round == standing.round, !standing.isDuplicate else { continue }
            return self.remove(standing.number)
        }
        return nil
    }

    /// What a receive finds next.
    enum Receipt {
        case delivered(SQSMessage)
        /// Received too often already: taken out, for the dead-letter queue.
        case redriven(SQSMessage)
    }

    /// Receives one message.
    ///
    /// - Parameters:
    ///   - visibility: Seconds for which it is hidden; 0 leaves it visible.
    ///   - limit: How often a message may be received before it is redriven; `nil` for ever.
    ///   - receipt: Names the receipt handle.
    ///   - now: The moment of the receive.
    /// - Returns: `nil` when no message is visible.
    mutating func receive(visibility: Int, limit: Int?, receipt: UInt64, at now: Instant) -> Receipt? {
        while let standing = self.line.popFirst() {
            if standing.isDuplicate { self.duplicateCount -= 1 }
            guard var message = self.messages[standing.number], message.round == standing.round else { continue }
            if let limit, message.receiveCount >= limit {
                // A duplicate is a second sight of a message that someone holds; it moves nothing.
                if standing.isDuplicate { continue }
                self.remove(message.number)
                return .redriven(message)
            }
            message.receiveCount += 1
            message.firstReceivedAt = message.firstReceivedAt ?? now
            message.lastReceivedAt = now
            message.receipt = receipt
            self.messages[message.number] = message
            self.hide(message.number, as: .inFlight, until: now + .seconds(visibility))
            return .delivered(message)
        }
        return nil
    }

    /// Lets a message that is in flight be received once more.
    mutating func duplicate(_ number: UInt64) {
        guard let message = self.messages[number] else { return }
        self.line.append(Standing(number: number, round: message.round, isDuplicate: true))
        self.duplicateCount += 1
    }

    /// Hides a message that is in flight until another moment.
    mutating func changeVisibility(of number: UInt64, until moment: Instant) {
        self.hide(number, as: .inFlight, until: moment)
    }

    // MARK: - States

    private mutating func show(_ number: UInt64) {
        guard let round = self.move(number, to: .visible) else { return }
        self.line.append(Standing(number: number, round: round, isDuplicate: false))
    }

    private mutating func hide(_ number: UInt64, as state: SQSMessage.State, until moment: Instant) {
        guard let round = self.move(number, to: state) else { return }
        self.hidden.insert(Wakeup(at: moment, number: number, round: round))
        self.prune()
    }

    /// Keeps the first wakeup a true one, so that ``nextVisibility`` need not look further.
    private mutating func prune() {
        while let next = self.hidden.first, self.messages[next.number]?.round != next.round {
            self.hidden.removeFirst()
        }
    }

    private mutating func move(_ number: UInt64, to state: SQSMessage.State) -> Int? {
        guard let old = self.messages[number]?.state else { return nil }
        self.count(old, by: -1)
        self.count(state, by: 1)
        self.messages[number]?.state = state
        self.messages[number]?.round += 1
        return self.messages[number]?.round
    }

    private mutating func count(_ state: SQSMessage.State, by change: Int) {
        switch state {
        case .visible: break
        case .delayed: self.delayedCount += change
        case .inFlight: self.inFlightCount += change
        }
    }
}
