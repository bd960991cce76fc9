// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// All the services together, as one value.
///
/// What one model asks of another, an event or a message, is carried out here. The world has no clock: whoever owns it
/// tells it the time, and must never tell it an earlier one than before.
package struct World: Sendable {
    package var sqs = SQSModel()
    package var sts = STSModel()
    /// The latest moment that the world was told of; `nil` before the first.
    package private(set) var lastAdvance: Instant?

    package init() {}

    /// Asks a service.
    ///
    /// - Throws: A ``ModelFailure`` for whatever the service refuses.
    package mutating func handle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        self.advance(to: now)
        switch request.service {
        case .sqs: return try self.sqs.handle(request, at: now)
        case .sts: return try self.sts.handle(request, at: now)
        default:
            throw ModelFailure("ServiceUnavailable", "\(request.service.rawValue) is not here", status: 503)
        }
    }

    /// The next moment at which something happens without being asked; `nil` when nothing will.
    package var nextChange: Instant? { self.sqs.nextChange }

    /// Lets time pass in every service.
    package mutating func advance(to now: Instant) {
        self.lastAdvance = now
        _ = self.sqs.advance(to: now)
        _ = self.sts.advance(to: now)
    }
}
