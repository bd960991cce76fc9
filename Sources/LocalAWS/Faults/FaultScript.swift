// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What goes wrong, when, and for whom.
///
///     { "seed": 7,
///       "rules": [
///         { "service": "rds", "operation": "CopyDBSnapshot", "count": 2, "fault": { "type": "throttle" } },
///         { "service": "sqs", "probability": 0.05, "fault": { "type": "resetAfter" } },
///         { "region": "eu-west-1", "after": 10, "fault": { "type": "latency", "seconds": 1.5 } } ] }
///
/// A rule matches by `service`, `operation`, `region` and `account`, each of which may be left out, or end with `*`.
/// `after` lets so many matching requests through first, `count` ends the rule after so many faults, `probability` (0 to
/// 1) leaves the rest to chance. Every matching rule counts a request; latencies and skews add up, and of the other
/// faults the first rule's strikes. The faults:
///
/// | type | members | what happens |
/// |---|---|---|
/// | `latency` | `seconds` | the request waits, in the wall clock's seconds, before anything else |
/// | `http` | `status`, `body`: `html` or `empty` | an answer that speaks no AWS protocol; nothing takes effect |
/// | `throttle` | | the service's own word for "slow down" |
/// | `error` | `code`, `message`, `status` | any other refusal |
/// | `expiredCredentials` | | the refusal of a session that ended |
/// | `resetBefore` | | the connection is reset, nothing takes effect |
/// | `resetAfter` | | the connection is reset after the request took effect: a lost answer |
/// | `truncate` | `fraction`, 0.5 by default | the connection closes in the middle of the answer's body |
/// | `clockSkew` | `seconds` | the `Date` of the answer is off |
/// | `duplicate` | | a ReceiveMessage hands out messages that stay visible for the next one |
package struct FaultScript: Hashable, Sendable {
    /// What goes wrong.
    package enum Fault: Hashable, Sendable {
        case latency(Duration)
        case http(status: Int, hasPage: Bool)
        case throttle
        case error(code: String, message: String, status: Int)
        case expiredCredentials
        case resetBefore
        case resetAfter
        /// The share of the body that arrives.
        case truncate(Double)
        case clockSkew(Duration)
        case duplicate

        /// The word for it in scripts and in the journal.
        package var name: String {
            switch self {
            case .latency: "latency"
            case .http: "http"
            case .throttle: "throttle"
            case .error: "error"
            case .expiredCredentials: "expiredCredentials"
            case .resetBefore: "resetBefore"
            case .resetAfter: "resetAfter"
            case .truncate: "truncate"
            case .clockSkew: "clockSkew"
            case .duplicate: "duplicate"
            }
        }
    }

    /// A fault and the requests that it strikes.
    package struct Rule: Hashable, Sendable {
        /// `nil` for any; a trailing `*` stands for any rest.
        package var service: String?
        package var operation: String?
        package var region: String?
        package var account: String?
        /// How many matching requests go through first.
        package var after = 0
        /// How often the fault strikes; `nil` for as long as the rule stands.
        package var count: Int?
        package var probability = 1.0
        package var fault: Fault

        package init(_ fault: Fault, service: String? = nil, operation: String? = nil) {
            self.fault = fault
            self.service = service
            self.operation = operation
        }

        func matches(_ subject: FaultSubject) -> Bool {
            Self.matches(self.service, subject.service.rawValue) && Self.matches(self.operation, subject.operation)
                && Self.matches(self.region, subject.region) && Self.matches(self.account, subject.account)
        }

        private static func matches(_ pattern: String?, _ text: String) -> Bool {
            guard let pattern else { return true }
            return pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : pattern == text
        }
    }

    package var seed: UInt64 = 0
    package var rules: [Rule] = []

    package init(seed: UInt64 = 0, rules: [Rule] = []) {
        self.seed = seed
        self.rules = rules
    }
}

/// What a rule is matched against.
package struct FaultSubject: Hashable, Sendable {
    package var service: ServiceName
    package var operation: String
    package var region: String
    package var account: String

    package init(service: ServiceName, operation: String, region: String, account: String) {
        self.service = service
        self.operation = operation
        self.region = region
        self.account = account
    }
}
