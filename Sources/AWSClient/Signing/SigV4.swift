// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The steps of AWS Signature Version 4, one function each, for those who sign and those who verify.
///
/// Source: AWS General Reference, "Create a signed AWS API request".
package enum SigV4 {
    /// The only algorithm there is here.
    package static let algorithm = "AWS4-HMAC-SHA256"

    /// Headers that proxies and clients rewrite, or that change between attempts; a signature never covers them.
    package static let unsignedHeaders: Set<String> = [
        "authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
        "trailer",
        "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id", "amz-sdk-invocation-id", "amz-sdk-request",
    ]

    /// What a signature is good for: one day, one Region, one service.
    package struct Scope: Hashable, Sendable, CustomStringConvertible {
        /// As `20261121`.
        package var date: String
        package var region: String
        package var service: String

        /// Makes the scope of a moment.
        package init(at instant: Instant, region: String, service: String) {
            self.init(date: String(instant.iso8601Basic.prefix(8)), region: region, service: service)
        }

        /// Makes a scope from its parts.
        package init(date: String, region: String, service: String) {
            self.date = date
            self.region = region
            self.service = service
        }

        /// Reads `20261121/eu-west-1/rds/aws4_request`; `nil` for anything else.
        package init?(_ text: Substring) {
            let parts = Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard parts.count == 4, parts[3] == "aws4_request" else { return nil }
            self.init(date: parts[0], region: parts[1], service: parts[2])
        }

        package var description: String { "\(self.date)/\(self.region)/\(self.service)/aws4_request" }
    }

    /// The request in the one spelling that both sides hash.
    ///
    /// - Parameters:
    ///   - method: In capitals.
    ///   - path: As it stands in the URL.
    ///   - query: As it stands in the URL, without the question mark.
    ///   - headers: Any headers; those not named in `signedHeaders` are left out.
    ///   - signedHeaders: Lower-case names, sorted.
    ///   - payloadHash: The body's SHA-256 in hexadecimal.
    /// - Returns: The canonical request, its lines ended by a line feed but for the last.
    package static func canonicalRequest(
        method: String,
        path: String,
        query: String,
        headers: [(name: String, value: String)],
        signedHeaders: [String],
        payloadHash: String
    ) -> String {
        let names = headers.map { $0.name.lowercased() }
        var text = ""
        text.reserveCapacity(1024)
        for part in [method, self.canonicalPath(path), self.canonicalQuery(query)] {
            text += part
            text += "\n"
        }
        for signed in signedHeaders {
            text += signed
            var separator = ":"
            for (index, name) in names.enumerated() where name == signed {
                text += separator
                text += self.canonicalValue(headers[index].value)
                separator = ","
            }
            // A header that is not there has an empty value.
            text += separator == ":" ? ":\n" : "\n"
        }
        text += "\n"
        text += signedHeaders.joined(separator: ";")
        text += "\n"
        text += payloadHash
        return text
    }

    /// The names a signature covers: all but ``unsignedHeaders``, in lower case, each once, sorted.
    package static func signedHeaders(of headers: [(name: String, value: String)]) -> [String] {
        var names: [String] = []
        for header in headers {
            let name = header.name.lowercased()
            if !self.unsignedHeaders.contains(name), !names.contains(name) { names.append(name) }
        }
        return names.sorted()
    }

    /// The text that the signature is made over.
    package static func stringToSign(timestamp: String, scope: Scope, canonicalRequest: String) -> String {
        let hash = Digest.hex(Digest.sha256(Array(canonicalRequest.utf8)))
        return "\(self.algorithm)\n\(timestamp)\n\(scope)\n\(hash)"
    }

    /// The key for one scope, derived from the secret.
    package static func signingKey(secret: String, scope: Scope) -> [UInt8] {
        [scope.date, scope.region, scope.service, "aws4_request"].reduce(Array("AWS4\(secret)".utf8)) { key, part in
            Digest.hmac(key: key, Array(part.utf8))
        }
    }

    /// The signature in hexadecimal.
    package static func signature(key: [UInt8], stringToSign: String) -> String {
        Digest.hex(Digest.hmac(key: key, Array(stringToSign.utf8)))
    }

    /// The hexadecimal SHA-256 of a body.
    package static func payloadHash(_ body: [UInt8]) -> String { Digest.hex(Digest.sha256(body)) }

    // MARK: - Canonical parts

    /// The path without dot segments and empty segments, encoded once more.
    ///
    /// Encoding what the URL has encoded already is what every service but S3 expects.
    package static func canonicalPath(_ path: String) -> String {
        // What every request to a service has.
        if path == "/" { return path }
        var segments: [Substring] = []
        for segment in path.split(separator: "/") {
            switch segment {
            case ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        let isFolder = path.hasSuffix("/") || path.hasSuffix("/.") || path.hasSuffix("/..")
        let normal = "/" + segments.joined(separator: "/") + (isFolder && !segments.isEmpty ? "/" : "")
        return PercentEncoding.encode(normal, keepsSlash: true)
    }

    /// The query's pairs in AWS's encoding, sorted by name and then by value; a name alone gets an empty value.
    package static func canonicalQuery(_ query: String) -> String {
        if query.isEmpty { return query }
        return query.split(separator: "&").map { pair -> (name: String, value: String) in
            let name = pair.prefix { $0 != "=" }
            let value = pair[name.endIndex...].dropFirst()
            return (self.normalized(name), self.normalized(value))
        }
        .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
        .map { "\($0.name)=\($0.value)" }
        .joined(separator: "&")
    }

    private static func normalized(_ text: Substring) -> String {
        PercentEncoding.encode(PercentEncoding.decode(text))
    }

    /// The value without blanks at its ends, and with one space for each run of them inside.
    package static func canonicalValue(_ value: String) -> String {
        self.isCanonical(value) ? value : value.split { $0.isWhitespace }.joined(separator: " ")
    }

    /// Whether a value is ASCII without controls, and stays as it is; to see that by bytes spares Unicode's tables.
    private static func isCanonical(_ value: String) -> Bool {
        var last: UInt8 = 0x20
        for byte in value.utf8 {
            guard (0x21...0x7E).contains(byte) || byte == 0x20 && last != 0x20 else { return false }
            last = byte
        }
        return last != 0x20 || value.isEmpty
    }
}
