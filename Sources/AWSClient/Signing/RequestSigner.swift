// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Signs requests with AWS Signature Version 4, in headers or in the URL.
package struct RequestSigner: Sendable {
    package var credentials: Credentials
    package var region: String
    /// The name that services sign with: `rds`, `sqs`, `events`.
    package var service: String

    /// Makes a signer for one service in one Region.
    package init(credentials: Credentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// Signs a request in its headers, replacing any signature it has.
    ///
    /// Adds `X-Amz-Date`, `X-Amz-Security-Token` for temporary credentials, and `Authorization`. The `Host` header is
    /// signed as curl will send it and need not be there.
    package func sign(_ request: inout HTTPRequest, at instant: Instant) {
        let timestamp = instant.iso8601Basic
        let scope = SigV4.Scope(date: String(timestamp.prefix(8)), region: self.region, service: self.service)
        request.removeHeader("Authorization")
        request.setHeader("X-Amz-Date", timestamp)
        request.removeHeader("X-Amz-Security-Token")
        if let token = self.credentials.sessionToken { request.setHeader("X-Amz-Security-Token", token) }
        let url = KnownURLs.shared.parts(of: request.url)
        var headers = request.headers
        if request.header("Host") == nil { headers.append(("host", url?.hostHeader ?? "")) }
        let signedHeaders = SigV4.signedHeaders(of: headers)
        let canonical = SigV4.canonicalRequest(
            method: request.method,
            path: url?.path ?? "/",
            query: url?.query ?? "",
            headers: headers,
            signedHeaders: signedHeaders,
            payloadHash: SigV4.payloadHash(request.body)
        )
        let signature = self.signature(of: canonical, timestamp: timestamp, scope: scope)
        request.setHeader(
            "Authorization",
            "\(SigV4.algorithm) Credential=\(self.credentials.accessKeyID)/\(scope), "
                + "SignedHeaders=\(signedHeaders.joined(separator: ";")), Signature=\(signature)"
        )
    }

    /// Makes a URL that carries its own signature, for a request without a body.
    ///
    /// - Parameters:
    ///   - method: In capitals.
    ///   - url: What to sign; the parameters it has stay in front.
    ///   - headers: Headers that whoever uses the URL will send, beside `Host`.
    ///   - expires: How long the URL is good for, in whole seconds.
    ///   - instant: From when.
    /// - Returns: The URL, a secret while it is good for anything.
    package func presign(
        method: String,
        url: String,
        headers: [(name: String, value: String)] = [],
        expires: Duration,
        at instant: Instant
    ) -> String {
        let timestamp = instant.iso8601Basic
        let scope = SigV4.Scope(at: instant, region: self.region, service: self.service)
        let parts = URLParts(url)
        let allHeaders = headers + [(name: "host", value: parts?.hostHeader ?? "")]
        let signedHeaders = SigV4.signedHeaders(of: allHeaders)
        var parameters = [
            ("X-Amz-Algorithm", SigV4.algorithm),
            ("X-Amz-Credential", "\(self.credentials.accessKeyID)/\(scope)"),
            ("X-Amz-Date", timestamp),
            ("X-Amz-Expires", String(expires.components.seconds)),
            ("X-Amz-SignedHeaders", signedHeaders.joined(separator: ";")),
        ]
        if let token = self.credentials.sessionToken { parameters.append(("X-Amz-Security-Token", token)) }
        let given = parts?.query ?? ""
        let added = parameters.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        let query = given.isEmpty ? added : "\(given)&\(added)"
        let canonical = SigV4.canonicalRequest(
            method: method,
            path: parts?.path ?? "/",
            query: query,
            headers: allHeaders,
            signedHeaders: signedHeaders,
            payloadHash: SigV4.payloadHash([])
        )
        let signature = self.signature(of: canonical, timestamp: timestamp, scope: scope)
        return "\(parts?.origin ?? "")\(parts?.path ?? "/")?\(query)&X-Amz-Signature=\(signature)"
    }

    private func signature(of canonical: String, timestamp: String, scope: SigV4.Scope) -> String {
        let key = SigningKeyCache.shared.key(secret: self.credentials.secretAccessKey, scope: scope)
        let text = SigV4.stringToSign(timestamp: timestamp, scope: scope, canonicalRequest: canonical)
        return SigV4.signature(key: key, stringToSign: text)
    }
}
