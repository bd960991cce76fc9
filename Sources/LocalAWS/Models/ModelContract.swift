// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The services that the embedded AWS knows, by the name that signs their requests.
package enum ServiceName: String, Sendable, CaseIterable {
    case sqs, rds, events, dynamodb, kms, sts, sns
    /// CloudWatch.
    case monitoring
}

/// Who sends a request.
package struct ModelCaller: Hashable, Sendable {
    /// Twelve digits.
    package var account: String
    /// `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/…`.
    package var arn: String

    package init(account: String, arn: String) {
        self.account = account
        self.arn = arn
    }
}

/// One request, decoded from whichever protocol it came in.
///
/// `parameters` is an object in the operation's own spelling whatever the protocol: `{"QueueUrl": …}`,
/// `{"DBSnapshotIdentifier": …, "Tags": [{"Key": …, "Value": …}]}`. The query protocol knows only text, so models read
/// numbers and booleans with ``JSONValue/lenientInt`` and ``JSONValue/lenientBool``.
package struct ModelRequest: Sendable {
    package var service: ServiceName
    /// The operation, such as `CopyDBSnapshot`.
    package var operation: String
    package var parameters: JSONValue
    package var caller: ModelCaller
    /// The Region of the credential scope.
    package var region: String
    package var requestID: String

    package init(
        service: ServiceName,
        operation: String,
        parameters: JSONValue,
        caller: ModelCaller,
        region: String,
        requestID: String = ""
    ) {
        self.service = service
        self.operation = operation
        self.parameters = parameters
        self.caller = caller
        self.region = region
        self.requestID = requestID
    }
}

/// A refusal, in the service's own words.
package struct ModelFailure: Error, Hashable, Sendable {
    /// The code on the wire: `SnapshotQuotaExceeded`, `QueueDoesNotExist`.
    package var code: String
    package var message: String
    /// The HTTP status: 400 where the service has no other.
    package var status: Int
    /// The code of the old query protocol where it differs, as `AWS.SimpleQueueService.NonExistentQueue`; `nil` where
    /// it is the same.
    package var queryCode: String?
    /// Further members of the error document, such as DynamoDB's `Item`.
    package var details: [String: JSONValue]

    package init(
        _ code: String,
        _ message: String,
        status: Int = 400,
        queryCode: String? = nil,
        details: [String: JSONValue] = [:]
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.queryCode = queryCode
        self.details = details
    }
}

/// What one model asks of another; the world carries it out.
package enum ModelEffect: Hashable, Sendable {
    /// An event for the default bus of an account and Region: the whole envelope as EventBridge delivers it.
    case event(account: String, region: String, envelope: JSONValue)
    /// A message for a queue, as EventBridge's targets and SNS's subscriptions send them, with texts as attributes.
    case deliver(queueARN: String, body: String, attributes: [String: String] = [:])
}

/// A service as a value: it changes only by what it is asked, and by time.
///
/// No clock, no I/O, no randomness of its own: the same requests at the same moments give the same answers.
package protocol ServiceModel: Sendable {
    /// The next moment at which something happens without being asked; `nil` when nothing will.
    var nextChange: Instant? { get }

    /// Lets time pass up to `now` and tells what came of it, oldest first.
    mutating func advance(to now: Instant) -> [ModelEffect]
}

extension JSONValue {
    /// A whole number, also where a protocol wrote it as text; `nil` for anything else.
    package var lenientInt: Int? { self.int ?? self.string.flatMap { Int($0) } }

    /// A boolean, also where a protocol wrote it as text; `nil` for anything else.
    package var lenientBool: Bool? {
        switch self {
        case .bool(let value): value
        case .string("true"), .string("True"), .string("1"): true
        case .string("false"), .string("False"), .string("0"): false
        default: nil
        }
    }

    /// A list; where the query protocol left an empty one as text, an empty list.
    package var lenientArray: [JSONValue] { self.array ?? [] }
}
