// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Why a signature is not accepted.
enum SignatureProblem: Error, Hashable {
    case missing
    case incomplete
    case unknownKey
    case expiredSession
    /// What the credential should have been scoped to.
    case scope(String)
    case unsignedHeader(String)
    case expired(String, Instant)
    case notYetValid(String, Instant)
    case mismatch

    /// The refusal as the service that was called spells it: the query protocol has one set of codes, JSON another.
    func failure(of request: DecodedRequest) -> ModelFailure {
        let (queryCode, jsonCode, message) = self.wording
        switch request.language {
        case .query: return ModelFailure(queryCode, message, status: self.queryStatus)
        case .json:
            return ModelFailure(jsonCode, message, status: request.service == .sqs ? 403 : 400, queryCode: queryCode)
        }
    }

    private var queryStatus: Int { self == .incomplete ? 400 : 403 }

    private var wording: (query: String, json: String, message: String) {
        switch self {
        case .missing:
            (
                "MissingAuthenticationToken", "MissingAuthenticationTokenException",
                "Request is missing Authentication Token"
            )
        case .incomplete:
            (
                "IncompleteSignature", "IncompleteSignatureException",
                "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' and a date."
            )
        case .unknownKey:
            (
                "InvalidClientTokenId", "UnrecognizedClientException",
                "The security token included in the request is invalid."
            )
        case .expiredSession:
            ("ExpiredToken", "ExpiredTokenException", "The security token included in the request is expired")
        case .scope(let wanted):
            (
                "SignatureDoesNotMatch", "InvalidSignatureException",
                "Credential should be scoped to correct \(wanted)."
            )
        case .unsignedHeader(let name):
            (
                "SignatureDoesNotMatch", "InvalidSignatureException",
                "'\(name)' must be a 'SignedHeader' in the AWS Authorization."
            )
        case .expired(let timestamp, let wall):
            (
                "SignatureDoesNotMatch", "InvalidSignatureException",
                "Signature expired: \(timestamp) is now earlier than \((wall - .seconds(300)).iso8601Basic) "
                    + "(\(wall.iso8601Basic) - 5 min.)"
            )
        case .notYetValid(let timestamp, let wall):
            (
                "SignatureDoesNotMatch", "InvalidSignatureException",
                "Signature not yet current: \(timestamp) is still later than \((wall + .seconds(300)).iso8601Basic) "
                    + "(\(wall.iso8601Basic) + 5 min.)"
            )
        case .mismatch:
            (
                "SignatureDoesNotMatch", "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
            )
        }
    }
}
