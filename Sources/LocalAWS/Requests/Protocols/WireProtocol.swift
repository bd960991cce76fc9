// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The language that a request came in and that its answer has to speak.
package enum WireProtocol: Hashable, Sendable {
    /// A JSON document, the operation in `X-Amz-Target`.
    ///
    /// `version` is `1.0` or `1.1`; `wantsQueryErrors` says that the client asked for the codes of the old query
    /// protocol with `x-amzn-query-mode`.
    case json(version: String, wantsQueryErrors: Bool)
    /// A form with `Action` and `Version`, answered in XML.
    case query
}

/// An operation and its parameters, whatever the protocol.
package struct DecodedRequest: Sendable {
    package var service: ServiceName
    package var operation: String
    /// An object in the operation's own spelling.
    package var parameters: JSONValue
    package var language: WireProtocol
    /// What the client calls itself; empty for one that says nothing.
    package var userAgent = ""

    package init(service: ServiceName, operation: String, parameters: JSONValue, language: WireProtocol) {
        self.service = service
        self.operation = operation
        self.parameters = parameters
        self.language = language
    }
}

/// A request that could not be decoded, and the language in which to say so.
package struct UndecodableRequest: Error, Sendable {
    package let failure: ModelFailure
    /// `nil` where not even that much was clear.
    package let service: ServiceName?
    package let language: WireProtocol
}

extension ServiceName {
    /// The prefixes of `X-Amz-Target`.
    static let targets: [String: ServiceName] = [
        "AmazonSQS": .sqs, "DynamoDB_20120810": .dynamodb, "TrentService": .kms, "AWSEvents": .events,
    ]

    /// The versions of the query protocols' interfaces.
    static let versions: [String: ServiceName] = [
        "2014-10-31": .rds, "2011-06-15": .sts, "2012-11-05": .sqs, "2010-03-31": .sns,
        "2010-08-01": .monitoring,
    ]

    /// The namespace of the query protocol's answers.
    var namespace: String {
        switch self {
        case .rds: "http://rds.amazonaws.com/doc/2014-10-31/"
        case .sns: "http://sns.amazonaws.com/doc/2010-03-31/"
        case .monitoring: "http://monitoring.amazonaws.com/doc/2010-08-01/"
        case .sts: "https://sts.amazonaws.com/doc/2011-06-15/"
        case .sqs: "http://queue.amazonaws.com/doc/2012-11-05/"
        case .events, .dynamodb, .kms: "http://\(self.rawValue).amazonaws.com/doc/"
        }
    }
}
