// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// A service this client can find the endpoint of.
///
/// The raw value begins its host names and is the service of its credential scopes.
package enum AWSService: String, Sendable, CaseIterable {
    case rds
    case sqs
    case sts
    case dynamodb
    case kms
    /// EventBridge.
    case events
    case sns
    /// CloudWatch.
    case monitoring

    /// What `AWS_ENDPOINT_URL_` is followed by; in lower case, the key in a `[services …]` section.
    package var configurationName: String {
        switch self {
        case .events: "EVENTBRIDGE"
        case .monitoring: "CLOUDWATCH"
        default: self.rawValue.uppercased()
        }
    }

    /// Whether a FIPS endpoint in GovCloud has the plain name.
    ///
    /// Every endpoint there is validated, and most services never got a second name for it.
    ///
    /// Source: the endpoint rule sets of botocore 1.43. With dual stack, only the two that list those hosts by name keep
    /// the plain one.
    func hasPlainFIPSNameInGovCloud(dualStack: Bool) -> Bool {
        switch self {
        case .kms: false
        case .events, .monitoring: true
        case .rds, .sqs, .sts, .dynamodb, .sns: !dualStack
        }
    }
}
