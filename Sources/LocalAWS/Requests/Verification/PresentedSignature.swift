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
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0] == SigV4.algorithm,
            let timestamp = request.header("x-amz-date") ?? Self.basicForm(ofDate: request.header("date"))
        else { return nil }
        var fields: [String: String] = [:]
        for field in parts[1].split(separator: ",") {
            let pair = field.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { fields[String(pair[0])] = String(pair[1]) }
        }
        self.init(
            credential: fields["Credential"],
            signedHeaders: fields["SignedHeaders"],
            signature: fields["Signature"],
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
            let slash = credential.firstIndex(of: "/"),
            let scope = SigV4.Scope(credential[credential.index(after: slash)...])
        else { return nil }
        self.accessKeyID = String(credential[..<slash])
        self.scope = scope
        self.signedHeaders = signedHeaders.split(separator: ";").map(String.init)
        self.signature = signature
        self.timestamp = timestamp
        self.sessionToken = sessionToken
        self.expiresAfter = expiresAfter
    }

    private static func basicForm(ofDate date: String?) -> String? {
        date.flatMap { Instant(iso8601: $0)?.iso8601Basic }
    }
}
