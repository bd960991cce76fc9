// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// All the services together, as one value.
///
/// What one model asks of another, an event or a message, is carried out here. The world has no clock: whoever owns it
/// tells it the time, and must never tell it an earlier one than before.
package struct World: Sendable {
    package var sqs = SQSModel()
    package var events = EventBridgeModel()
    package var dynamodb = DynamoDBModel()
    package var rds = RDSModel()
    package var kms = KMSModel()
    package var sts = STSModel()
    package var sns = SNSModel()
    package var cloudWatch = CloudWatchModel()
    /// How far the clock that signatures are dated by is ahead of the machine's.
    package var wallClockOffset = Duration.zero
    /// The latest moment that the world was told of; `nil` before the first.
    package private(set) var lastAdvance: Instant?

    package init() {}

    /// Asks a service.
    ///
    /// - Parameters:
    ///   - request: What is asked, and by whom.
    ///   - now: The moment of the request.
    /// - Returns: The result in the service's own spelling.
    /// - Throws: A ``ModelFailure`` for whatever the service refuses.
    package mutating func handle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        self.advance(to: now)
        // What a request sets going right away, such as the event of a snapshot that was begun.
        defer { self.settle(at: now) }
        switch request.service {
        case .sqs: return try self.sqs.handle(request, at: now)
        case .rds: return try self.rds.handle(request, keys: self.kms, at: now)
        case .kms: return try self.kms.handle(request, at: now)
        case .sts: return try self.sts.handle(request, at: now)
        case .dynamodb: return try self.dynamodb.handle(request, at: now)
        case .events:
            let (result, effects) = try self.events.handle(request, at: now)
            self.carryOut(effects, at: now)
            return result
        case .sns:
            let (result, effects) = try self.sns.handle(request, at: now)
            self.carryOut(effects, at: now)
            return result
        case .monitoring: return try self.cloudWatch.handle(request, sqs: self.sqs, at: now)
        }
    }

    /// The next moment at which something happens without being asked; `nil` when nothing will.
    package var nextChange: Instant? {
        var next = self.rds.nextChange
        next = Self.earlier(next, self.sqs.nextChange)
        next = Self.earlier(next, self.events.nextChange)
        next = Self.earlier(next, self.dynamodb.nextChange)
        return Self.earlier(next, self.sts.nextChange)
    }

    private static func earlier(_ one: Instant?, _ other: Instant?) -> Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// Lets time pass in every service, from one change to the next, so that each happens at its own moment.
    package mutating func advance(to now: Instant) {
        var latest = self.lastAdvance
        while let next = self.nextChange, next < now, latest.map({ $0 < next }) ?? true {
            self.settle(at: next)
            latest = next
        }
        self.settle(at: now)
        self.lastAdvance = now
    }

    private mutating func settle(at now: Instant) {
        var effects = self.rds.advance(to: now)
        // Two of them have something to do only at moments that they name; this is done twice for each request.
        if let next = self.events.nextChange, next <= now { effects += self.events.advance(to: now) }
        if let next = self.sqs.nextChange, next <= now { effects += self.sqs.advance(to: now) }
        effects += self.dynamodb.advance(to: now)
        effects += self.sts.advance(to: now)
        if !effects.isEmpty { self.carryOut(effects, at: now) }
    }

    /// Carries out effects, and those that come of them, oldest first.
    private mutating func carryOut(_ effects: [ModelEffect], at now: Instant) {
        var pending = effects
        while !pending.isEmpty {
            var following: [ModelEffect] = []
            for effect in pending {
                switch effect {
                case .event(let account, let region, let envelope):
                    following += self.events.publish(envelope: envelope, account: account, region: region, at: now)
                case .deliver(let queueARN, let body, let attributes):
                    // A queue that is gone loses the event, as with a target that has no dead-letter queue.
                    _ = self.sqs.deliver(queueARN: queueARN, body: body, attributes: attributes, at: now)
                }
            }
            pending = following
        }
    }
}
