// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The signature that a request carries, in its headers or in its URL.
package struct PresentedSignature: Sendable {
    package let accessKeyID: String
    package let scope: SigV4.Scope
    /// Lower-case names in the order they were given.
    package let signedHeaders: [String]
    package let signature: String
    /// `yyyyMMdd'T'HHmmss'Z'`, as it was signed.
    package let timestamp: String
    package let sessionToken: String?
    /// How long a signed URL is good for, in seconds; `nil` for a signature in a header.
    package let expiresAfter: Int?

    /// Reads the signature of a request; `nil` when there is none, or it is incomplete.
    package init?(_ request: IncomingRequest) {
        if let authorization = request.header("authorization") {
            self.init(authorization: authorization, request: request)
        } else if request.query.contains("X-Amz-Signature=") {
            self.init(query: request.query)
        } else {
            return nil
        }
    }

    private init?(authorization: String, request: IncomingRequest) {
        // By bytes, and of an array: every request comes by here, and a text's views take several times as long.
        let parts = Array(authorization.utf8).split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard parts.count == 2, parts[0].elementsEqual(SigV4.algorithm.utf8),
            let timestamp = request.header("x-amz-date") ?? Self.basicForm(ofDate: request.header("date"))
        else { return nil }
        var (credential, signedHeaders, signature): (String?, String?, String?)
        for field in parts[1].split(separator: UInt8(ascii: ",")) {
            let pair = field.drop { $0 == UInt8(ascii: " ") }.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2 else { continue }
            let value = String(decoding: pair[1], as: UTF8.self)
            switch String(decoding: pair[0], as: UTF8.self) {
            case "Credential": credential = value
            case "SignedHeaders": signedHeaders = value
            case "Signature": signature = value
            default: break
            }
        }
        self.init(
            credential: credential,
            signedHeaders: signedHeaders,
            signature: signature,
            timestamp: timestamp,
            sessionToken: request.header("x-amz-security-token"),
            expiresAfter: nil
        )
    }

    private init?(query: String) {
        let values = Dictionary(RequestDecoder.pairs(query).map { ($0.name, $0.value) }) { first, _ in first }
        guard values["X-Amz-Algorithm"] == SigV4.algorithm, let timestamp = values["X-Amz-Date"],
            let expiresAfter = values["X-Amz-Expires"].flatMap({ Int($0) })
        else { return nil }
        self.init(
            credential: values["X-Amz-Credential"],
            signedHeaders: values["X-Amz-SignedHeaders"],
            signature: values["X-Amz-Signature"],
            timestamp: timestamp,
            sessionToken: values["X-Amz-Security-Token"],
            expiresAfter: expiresAfter
        )
    }

    private init?(
        credential: String?,
        signedHeaders: String?,
        signature: String?,
        timestamp: String,
        sessionToken: String?,
        expiresAfter: Int?
    ) {
        guard let credential, let signedHeaders, let signature,
            let slash = credential.utf8.firstIndex(of: UInt8(ascii: "/")),
            let scope = SigV4.Scope(credential[credential.utf8.index(after: slash)...])
        else { return nil }
        self.accessKeyID = String(credential[..<slash])
        self.scope = scope
        self.signedHeaders = Array(signedHeaders.utf8).split(separator: UInt8(ascii: ";")).map {
            String(decoding: $0, as: UTF8.self)
        }
        self.signature = signature
        self.timestamp = timestamp
        self.sessionToken = sessionToken
        self.expiresAfter = expiresAfter
    }

    private static func basicForm(ofDate date: String?) -> String? {
        date.flatMap { Instant(iso8601: $0)?.iso8601Basic }
    }
}
