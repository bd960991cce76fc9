// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import Testing

@Suite("Signature verification")
struct VerificationTests {
    static let wall = Instant(seconds: 1_800_000_000)

    /// A signed request of STS's, and what is done to it on its way.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// `nil` when it is accepted.
        let code: String?
        var jsonCode: String?
        var key = "AKIALOCAL111122223333"
        var secret = "test"
        var token: String?
        var signingService: String?
        var signedAt = wall
        var change: @Sendable (inout IncomingRequest) -> Void = { _ in }
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        Case(name: "a right signature", code: nil),
        Case(name: "the built-in test key", code: nil, key: "test"),
        Case(name: "four minutes late", code: nil, signedAt: wall - .seconds(240)),
        Case(name: "four minutes early", code: nil, signedAt: wall + .seconds(240)),
        Case(
            name: "six minutes late",
            code: "SignatureDoesNotMatch",
            jsonCode: "InvalidSignatureException",
            signedAt: wall - .seconds(360)
        ),
        Case(
            name: "six minutes early",
            code: "SignatureDoesNotMatch",
            jsonCode: "InvalidSignatureException",
            signedAt: wall + .seconds(360)
        ),
        Case(
            name: "a wrong secret",
            code: "SignatureDoesNotMatch",
            jsonCode: "InvalidSignatureException",
            secret: "tset"
        ),
        Case(
            name: "an unknown key",
            code: "InvalidClientTokenId",
            jsonCode: "UnrecognizedClientException",
            key: "AKIAUNKNOWN"
        ),
        Case(
            name: "a built-in key of no account",
            code: "InvalidClientTokenId",
            jsonCode: "UnrecognizedClientException",
            key: "AKIALOCAL12345"
        ),
        Case(
            name: "a token beside a long-term key",
            code: "InvalidClientTokenId",
            jsonCode: "UnrecognizedClientException",
            token: "stale"
        ),
        Case(
            name: "another service's scope",
            code: "SignatureDoesNotMatch",
            jsonCode: "InvalidSignatureException",
            signingService: "s3"
        ),
        Case(name: "a changed body", code: "SignatureDoesNotMatch", jsonCode: "InvalidSignatureException") {
            $0.body.append(UInt8(ascii: " "))
        },
        Case(name: "a changed host", code: "SignatureDoesNotMatch", jsonCode: "InvalidSignatureException") { request in
            request.headers = request.headers.map { $0.name == "host" ? (name: "host", value: "elsewhere") : $0 }
        },
        Case(name: "a changed path", code: "SignatureDoesNotMatch", jsonCode: "InvalidSignatureException") {
            $0.path = "/other"
        },
        Case(name: "an amz header added", code: "SignatureDoesNotMatch", jsonCode: "InvalidSignatureException") {
            $0.headers.append(("x-amz-something", "1"))
        },
        Case(name: "no signature", code: "MissingAuthenticationToken", jsonCode: "MissingAuthenticationTokenException")
        {
            $0.headers.removeAll { $0.name == "authorization" }
        },
        Case(name: "half a signature", code: "IncompleteSignature", jsonCode: "IncompleteSignatureException") {
            request in
            request.headers = request.headers.map {
                $0.name == "authorization" ? (name: $0.name, value: "AWS4-HMAC-SHA256 Credential=x") : $0
            }
        },
    ]

    private static func signed(
        _ service: ServiceName,
        body: String,
        headers: [(name: String, value: String)],
        _ test: Case
    ) -> IncomingRequest {
        var request = HTTPRequest(
            method: "POST",
            url: "http://127.0.0.1:4566/",
            headers: headers,
            body: Array(body.utf8)
        )
        let credentials = Credentials(
            accessKeyID: test.key,
            secretAccessKey: test.secret,
            sessionToken: test.token
        )
        let signer = RequestSigner(
            credentials: credentials,
            region: "eu-west-1",
            service: test.signingService ?? service.rawValue
        )
        signer.sign(&request, at: test.signedAt)
        var incoming = IncomingRequest(
            headers: request.headers.map { (name: $0.name.lowercased(), value: $0.value) },
            body: request.body
        )
        if incoming.header("host") == nil { incoming.headers.append(("host", "127.0.0.1:4566")) }
        test.change(&incoming)
        return incoming
    }

    private static func origin(
        of request: IncomingRequest,
        sts: STSModel = STSModel(),
        now: Instant = wall
    ) throws(ModelFailure) -> SignatureVerifier.Origin {
        let isJSON = request.header("x-amz-target") != nil
        let decoded = DecodedRequest(
            service: isJSON ? .dynamodb : .sts,
            operation: isJSON ? "ListTables" : "GetCallerIdentity",
            parameters: [:],
            language: isJSON ? .json(version: "1.0", wantsQueryErrors: false) : .query
        )
        return try SignatureVerifier().origin(of: request, asking: decoded, sts: sts, wall: Self.wall, now: now)
    }

    @Test("a form is accepted or refused by its signature", arguments: cases)
    func query(_ test: Case) throws {
        let form = "Action=GetCallerIdentity&Version=2011-06-15"
        let type = "application/x-www-form-urlencoded; charset=utf-8"
        let request = Self.signed(.sts, body: form, headers: [("Content-Type", type)], test)
        guard let code = test.code else {
            let origin = try Self.origin(of: request)
            #expect(origin.region == "eu-west-1")
            #expect(origin.caller.account == (test.key == "test" ? "000000000000" : "111122223333"))
            return
        }
        let error = #expect(throws: ModelFailure.self) { try Self.origin(of: request) }
        #expect(error?.code == code)
        #expect(error?.status == (code == "IncompleteSignature" ? 400 : 403))
        #expect(error?.message.contains(test.secret == "test" ? "secret is test" : test.secret) == false)
    }

    @Test("JSON services refuse in their own words", arguments: cases)
    func json(_ test: Case) throws {
        let headers = [
            (name: "X-Amz-Target", value: "DynamoDB_20120810.ListTables"),
            (name: "Content-Type", value: "application/x-amz-json-1.0"),
        ]
        let request = Self.signed(.dynamodb, body: "{}", headers: headers, test)
        guard let code = test.jsonCode else {
            #expect(try Self.origin(of: request).region == "eu-west-1")
            return
        }
        let error = #expect(throws: ModelFailure.self) { try Self.origin(of: request) }
        #expect(error?.code == code)
        #expect(error?.status == 400)
    }

    @Test("a session signs until it expires, and only with its token")
    func sessions() throws {
        var sts = STSModel()
        let caller = ModelCaller(account: "111122223333", arn: "arn:aws:iam::111122223333:user/local")
        let answer = try sts.handle(
            ModelRequest(
                service: .sts,
                operation: "AssumeRole",
                parameters: [
                    "RoleArn": "arn:aws:iam::444455556666:role/dr", "RoleSessionName": "one", "DurationSeconds": "900",
                ],
                caller: caller,
                region: "eu-west-1"
            ),
            at: Self.wall
        )
        let credentials = try #require(answer["Credentials"])
        var test = Case(name: "session", code: nil)
        test.key = try #require(credentials["AccessKeyId"]?.string)
        test.secret = try #require(credentials["SecretAccessKey"]?.string)
        test.token = try #require(credentials["SessionToken"]?.string)
        let form = "Action=GetCallerIdentity&Version=2011-06-15"
        let request = Self.signed(.sts, body: form, headers: [], test)
        let origin = try Self.origin(of: request, sts: sts)
        #expect(origin.caller.arn == "arn:aws:sts::444455556666:assumed-role/dr/one")
        let late = #expect(throws: ModelFailure.self) {
            try Self.origin(of: request, sts: sts, now: Self.wall + .seconds(900))
        }
        #expect(late?.code == "ExpiredToken")
        #expect(late?.status == 403)
        test.token = "another"
        let wrong = Self.signed(.sts, body: form, headers: [], test)
        #expect(throws: ModelFailure.self) { try Self.origin(of: wrong, sts: sts) }
    }

    @Test("without verification a request is taken at its word")
    func disabled() throws {
        var test = Case(name: "wrong secret", code: nil)
        test.secret = "wrong"
        let request = Self.signed(.sts, body: "Action=GetCallerIdentity", headers: [], test)
        let verifier = SignatureVerifier(isEnabled: false)
        let decoded = DecodedRequest(service: .sts, operation: "GetCallerIdentity", parameters: [:], language: .query)
        let origin = try verifier.origin(of: request, asking: decoded, sts: STSModel(), wall: Self.wall, now: Self.wall)
        #expect(origin.caller.account == "111122223333")
        let bare = try verifier.origin(
            of: IncomingRequest(),
            asking: decoded,
            sts: STSModel(),
            wall: Self.wall,
            now: Self.wall
        )
        #expect(bare.caller.account == "000000000000")
        #expect(bare.region == "us-east-1")
    }

    /// A change to the URL that goes with a GovCloud copy, and whether it still stands.
    static let urls: [(change: String, isAuthentic: Bool)] = [
        ("", true), ("DestinationRegion=us-gov-east-1", false), ("KmsKeyId=alias%2Fother", false),
        ("Action=CopyDBClusterSnapshot", false), ("region", false), ("secret", false), ("late", false),
    ]

    @Test("a presigned URL stands for the copy it was made for", arguments: urls)
    func presigned(change: String, isAuthentic: Bool) {
        let source = "arn:aws-us-gov:rds:us-gov-west-1:111122223333:snapshot:orders"
        var query = [
            "Action=CopyDBSnapshot", "Version=2014-10-31",
            "SourceDBSnapshotIdentifier=\(PercentEncoding.encode(source))",
            "KmsKeyId=alias%2Fdr", "DestinationRegion=us-gov-east-2",
        ]
        if let name = change.split(separator: "=").first, change.contains("=") {
            query = query.map { $0.hasPrefix("\(name)=") ? change : $0 }
        }
        let region = change == "region" ? "us-gov-east-2" : "us-gov-west-1"
        let signer = RequestSigner(
            credentials: Credentials(
                accessKeyID: "AKIALOCAL111122223333",
                secretAccessKey: change == "secret" ? "wrong" : "test"
            ),
            region: region,
            service: "rds"
        )
        let url = signer.presign(
            method: "GET",
            url: "https://rds.\(region).amazonaws.com/?\(query.joined(separator: "&"))",
            expires: .seconds(3600),
            at: change == "late" ? Self.wall - .seconds(3601) : Self.wall - .seconds(3599)
        )
        let copy = ModelRequest(
            service: .rds,
            operation: "CopyDBSnapshot",
            parameters: ["SourceDBSnapshotIdentifier": .string(source), "KmsKeyId": "alias/dr"],
            caller: ModelCaller(account: "111122223333", arn: "arn:aws:iam::111122223333:user/local"),
            region: "us-gov-east-2"
        )
        let answer = SignatureVerifier().isAuthentic(
            presignedURL: url,
            of: copy,
            sts: STSModel(),
            wall: Self.wall,
            now: Self.wall
        )
        #expect(answer == isAuthentic)
    }
}
