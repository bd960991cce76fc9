// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Finds out who sends a request, and whether that is so.
///
/// Signatures are dated by the wall clock, however fast the world's runs; sessions end in the world's time.
package struct SignatureVerifier: Sendable {
    package var keys: AccessKeyRegistry
    /// Whether signatures are checked; if not, requests are taken at their word.
    package var isEnabled: Bool

    /// How far a request's date may be from the wall clock.
    private static let tolerance = Duration.seconds(300)

    package init(keys: AccessKeyRegistry = AccessKeyRegistry(), isEnabled: Bool = true) {
        self.keys = keys
        self.isEnabled = isEnabled
    }

    /// The sender and the Region of a request.
    package struct Origin: Hashable, Sendable {
        package var caller: ModelCaller
        package var region: String
    }

    /// Checks a request.
    ///
    /// - Parameters:
    ///   - request: The request as it came.
    ///   - decoded: What it asks for.
    ///   - sts: Knows the sessions.
    ///   - wall: What the wall clock shows.
    ///   - now: The world's time.
    /// - Returns: The sender and the Region.
    /// - Throws: A ``ModelFailure`` in the spelling of the service that was called.
    package func origin(
        of request: IncomingRequest,
        asking decoded: DecodedRequest,
        sts: STSModel,
        wall: Instant,
        now: Instant
    ) throws(ModelFailure) -> Origin {
        let presented = PresentedSignature(request)
        let region = presented?.scope.region ?? Self.region(ofHost: request.header("host"))
        if decoded.operation == "AssumeRoleWithWebIdentity", decoded.service == .sts {
            return Origin(caller: Self.anonymous, region: region)
        }
        guard self.isEnabled else {
            return Origin(caller: self.claimedCaller(presented, sts: sts), region: region)
        }
        do throws(SignatureProblem) {
            guard let presented else {
                throw request.header("authorization") == nil ? SignatureProblem.missing : .incomplete
            }
            guard presented.scope.service == decoded.service.rawValue else {
                throw SignatureProblem.scope("service: '\(decoded.service.rawValue)'")
            }
            let key = try self.key(of: presented, sts: sts, now: now)
            try Self.check(request, presented, secret: key.secretAccessKey, wall: wall)
            return Origin(caller: key.caller, region: region)
        } catch {
            throw error.failure(of: decoded)
        }
    }

    /// Whether the URL that goes with a GovCloud copy is signed by its sender for the source's Region.
    ///
    /// - Parameters:
    ///   - url: The value of `PreSignedUrl`.
    ///   - copy: The request that it came in.
    ///   - sts: Knows the sessions.
    ///   - wall: What the wall clock shows.
    ///   - now: The world's time.
    /// - Returns: Whether the URL names the same copy, and its signature is right.
    package func isAuthentic(
        presignedURL url: String,
        of copy: ModelRequest,
        sts: STSModel,
        wall: Instant,
        now: Instant
    ) -> Bool {
        guard let request = Self.request(ofURL: url), let presented = PresentedSignature(request) else { return false }
        let values = Dictionary(RequestDecoder.pairs(request.query).map { ($0.name, $0.value) }) { first, _ in first }
        let source = ["SourceDBSnapshotIdentifier", "SourceDBClusterSnapshotIdentifier"].first { values[$0] != nil }
        guard let source, let identifier = values[source], identifier == copy.parameters[source]?.string,
            values["Action"] == copy.operation, values["DestinationRegion"] == copy.region,
            values["KmsKeyId"] == copy.parameters["KmsKeyId"]?.string, presented.scope.service == "rds"
        else { return false }
        let fields = identifier.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count > 3, presented.scope.region == fields[3] else { return false }
        guard self.isEnabled else { return true }
        do {
            let key = try self.key(of: presented, sts: sts, now: now)
            try Self.check(request, presented, secret: key.secretAccessKey, wall: wall)
            return key.caller.account == copy.caller.account
        } catch {
            return false
        }
    }

    private static let anonymous = ModelCaller(
        account: AccessKeyRegistry.defaultAccount,
        arn: "arn:aws:iam::\(AccessKeyRegistry.defaultAccount):user/anonymous"
    )

    private func claimedCaller(_ presented: PresentedSignature?, sts: STSModel) -> ModelCaller {
        guard let presented else { return Self.anonymous }
        return sts.session(accessKeyID: presented.accessKeyID)?.caller ?? self.keys.key(presented.accessKeyID)?.caller
            ?? Self.anonymous
    }

    private func key(
        of presented: PresentedSignature,
        sts: STSModel,
        now: Instant
    ) throws(SignatureProblem) -> AccessKeyRegistry.AccessKey {
        if let session = sts.session(accessKeyID: presented.accessKeyID) {
            guard session.token == presented.sessionToken else { throw .unknownKey }
            guard now < session.expiration else { throw .expiredSession }
            return AccessKeyRegistry.AccessKey(
                secretAccessKey: session.secretAccessKey,
                caller: session.caller
            )
        }
        guard let key = self.keys.key(presented.accessKeyID) else { throw .unknownKey }
        // A token beside a long-term key is somebody's stale environment; AWS refuses it.
        guard presented.sessionToken == nil else { throw .unknownKey }
        return key
    }

    private static func check(
        _ request: IncomingRequest,
        _ presented: PresentedSignature,
        secret: String,
        wall: Instant
    ) throws(SignatureProblem) {
        guard let signedAt = Instant(iso8601: presented.timestamp) else { throw .incomplete }
        guard presented.timestamp.hasPrefix(presented.scope.date) else {
            throw .scope("date: '\(presented.timestamp.prefix(8))'")
        }
        let latest = signedAt + (presented.expiresAfter.map { .seconds(min(max($0, 0), 604_800)) } ?? Self.tolerance)
        guard wall <= latest else { throw .expired(presented.timestamp, wall) }
        guard signedAt <= wall + Self.tolerance else { throw .notYetValid(presented.timestamp, wall) }
        guard presented.signedHeaders.contains("host") else { throw .unsignedHeader("host") }
        if presented.expiresAfter == nil {
            let required = request.headers.map(\.name).filter { $0.hasPrefix("x-amz-") && !Self.isOptional($0) }
            if let missing = required.first(where: { !presented.signedHeaders.contains($0) }) {
                throw .unsignedHeader(missing)
            }
        }
        let query = request.query.split(separator: "&").filter { !$0.hasPrefix("X-Amz-Signature=") }
        let canonical = SigV4.canonicalRequest(
            method: request.method,
            path: request.path,
            query: query.joined(separator: "&"),
            headers: request.headers,
            signedHeaders: presented.signedHeaders,
            payloadHash: SigV4.payloadHash(presented.expiresAfter == nil ? request.body : [])
        )
        let text = SigV4.stringToSign(
            timestamp: presented.timestamp,
            scope: presented.scope,
            canonicalRequest: canonical
        )
        let expected = SigV4.signature(
            key: SigningKeyCache.shared.key(secret: secret, scope: presented.scope),
            stringToSign: text
        )
        guard expected == presented.signature else { throw .mismatch }
    }

    private static func isOptional(_ header: String) -> Bool {
        // Clients send these without signing them.
        header == "x-amz-content-sha256" || header.hasPrefix("x-amz-user-agent")
    }

    private static func region(ofHost host: String?) -> String {
        let labels = (host ?? "").split(separator: ".")
        guard labels.count >= 4, labels[2] == "amazonaws" else { return "us-east-1" }
        return String(labels[1])
    }

    private static func request(ofURL url: String) -> IncomingRequest? {
        guard let scheme = url.firstRange(of: "://"), let mark = url.firstIndex(of: "?") else { return nil }
        guard scheme.upperBound < mark else { return nil }
        let location = url[scheme.upperBound..<mark]
        let host = location.prefix { $0 != "/" }
        let path = location[host.endIndex...]
        return IncomingRequest(
            method: "GET",
            path: path.isEmpty ? "/" : String(path),
            query: String(url[url.index(after: mark)...]),
            headers: [("host", String(host))]
        )
    }
}
