// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Loopback
import Testing

@testable import AWSClient

@Suite("ServiceCaller", .timeLimit(.minutes(5)))
struct ServiceCallerTests {
    static let identity = """
        <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
        <Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId><Account>123456789012</Account>
        </GetCallerIdentityResult></GetCallerIdentityResponse>
        """

    @Test("a call's id is a random UUID")
    func invocationID() {
        var random = SystemRandomNumberGenerator()
        let ids = (0..<100).map { _ in RandomUUID.make(using: &random) }
        #expect(Set(ids).count == 100)
        let form = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        #expect(ids.allSatisfy { $0.wholeMatch(of: form) != nil })
    }

    @Test("a query call is a signed form")
    func queryRequest() async throws {
        let transport = CannedTransport(Self.identity)
        let identity = try await AWSSession(transport).sts(region: "eu-west-1").getCallerIdentity()
        #expect(identity.account == "123456789012")
        let request = try #require(transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(transport.form() == ["Action=GetCallerIdentity", "Version=2011-06-15"])
        #expect(request.header("content-type") == "application/x-www-form-urlencoded; charset=utf-8")
        #expect(request.header("amz-sdk-request") == "attempt=1; max=3")
        #expect(request.header("amz-sdk-invocation-id")?.count == 36)
        #expect(request.header("user-agent")?.contains("region/") == false)
        #expect(request.header("x-amzn-query-mode") == nil)
        let authorization = try #require(request.header("authorization"))
        #expect(authorization.contains("Credential=AK1/20261121/eu-west-1/sts/aws4_request"))
        #expect(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"))
    }

    @Test("a JSON call names its target and signs it")
    func jsonRequest() async throws {
        let transport = CannedTransport("{}")
        try await AWSSession(transport).sqs(region: "us-east-1").deleteMessage(
            queueURL: "https://q/",
            receiptHandle: "r"
        )
        let request = try #require(transport.requests.first)
        #expect(request.header("x-amz-target") == "AmazonSQS.DeleteMessage")
        #expect(request.header("content-type") == "application/x-amz-json-1.0")
        #expect(request.header("x-amzn-query-mode") == "true")
        let signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target;x-amzn-query-mode"
        #expect(request.header("authorization")?.contains("SignedHeaders=\(signed),") == true)
    }

    @Test(
        "what may pass is repeated, with waits between",
        arguments: [
            CannedTransport.Answer.error("ThrottlingException"),
            .body("<html>", status: 502),
            .body("", status: 503),
            .failure(AWSError(.timedOut, message: "m")),
            .failure(AWSError(.unavailable, message: "m")),
            .body("<GetCallerIdentityResponse><GetCaller"),
            .body("<html></html>"),
            .body(""),
            .body(Self.identity, headers: [("X-Amz-Crc32", "1")]),
        ]
    )
    func retries(_ failure: CannedTransport.Answer) async throws {
        let transport = CannedTransport([failure, failure, .body(Self.identity)])
        let time = SleeplessTime()
        let identity = try await AWSSession(transport, time: time).sts(region: "eu-west-1").getCallerIdentity()
        #expect(identity.arn == "arn:aws:iam::123456789012:user/u")
        #expect(time.sleeps.count == 2)
        let attempts = transport.requests.map { $0.header("amz-sdk-request") }
        #expect(attempts == ["attempt=1; max=3", "attempt=2; max=3", "attempt=3; max=3"])
        #expect(Set(transport.requests.map { $0.header("amz-sdk-invocation-id") }).count == 1)
    }

    @Test("gives up after the session's attempts, with the last error")
    func givesUp() async throws {
        let transport = CannedTransport([.error("ThrottlingException"), .error("SlowDown")])
        let error = await #expect(throws: AWSError.self) {
            try await AWSSession(transport).sts(region: "eu-west-1").getCallerIdentity()
        }
        #expect(error?.code == .throttled)
        #expect(error?.serviceCode == "SlowDown")
        #expect(transport.requests.count == 3)
    }

    @Test("a refusal is not repeated")
    func refusal() async throws {
        let transport = CannedTransport([.error("AccessDenied", status: 403)])
        let error = await #expect(throws: AWSError.self) {
            try await AWSSession(transport).sts(region: "eu-west-1").getCallerIdentity()
        }
        #expect(error?.code == .rejected)
        #expect(error?.httpStatus == 403)
        #expect(transport.requests.count == 1)
    }

    @Test("a call may set its own number of attempts", arguments: [1, 2, 5])
    func attempts(_ attempts: Int) async throws {
        let transport = CannedTransport([.error("ThrottlingException")])
        await #expect(throws: AWSError.self) {
            try await AWSSession(transport).sqs(region: "eu-west-1").receiveMessage(queueURL: "q", attempts: attempts)
        }
        #expect(transport.requests.count == attempts)
    }

    @Test("expired credentials are fetched anew, once and at once")
    func expired() async throws {
        let transport = CannedTransport([.error("ExpiredToken", status: 403), .body(Self.identity)])
        let time = SleeplessTime()
        let retry = RetryConfiguration(maxAttempts: 1)
        _ = try await AWSSession(transport, retry: retry, time: time).sts(region: "eu-west-1").getCallerIdentity()
        #expect(time.sleeps.isEmpty)
        let keys = transport.requests.compactMap { $0.header("authorization")?.split(separator: "/").first?.suffix(3) }
        #expect(keys == ["AK1", "AK2"])

        let stubborn = CannedTransport([.error("ExpiredToken", status: 403)])
        let error = await #expect(throws: AWSError.self) {
            try await AWSSession(stubborn).sts(region: "eu-west-1").getCallerIdentity()
        }
        #expect(error?.code == .expiredCredentials)
        #expect(stubborn.requests.count == 2)
    }

    @Test("a wrong clock is corrected by the answer's date, and stays so")
    func skew() async throws {
        let refusal = CannedTransport.Answer.error(
            "SignatureDoesNotMatch",
            status: 403,
            headers: [("Date", "Sat, 21 Nov 2026 20:30:00 GMT")]
        )
        let transport = CannedTransport([refusal, .body(Self.identity)])
        let sts = try AWSSession(transport).sts(region: "eu-west-1")
        _ = try await sts.getCallerIdentity()
        _ = try await sts.getCallerIdentity()
        let dates = transport.requests.map { $0.header("x-amz-date") }
        #expect(dates == ["20261121T200000Z", "20261121T203000Z", "20261121T203000Z"])

        let agreeing = CannedTransport([
            .error("SignatureDoesNotMatch", status: 403, headers: [("Date", "Sat, 21 Nov 2026 20:00:30 GMT")])
        ])
        await #expect(throws: AWSError.self) {
            try await AWSSession(agreeing).sts(region: "eu-west-1").getCallerIdentity()
        }
        #expect(agreeing.requests.count == 1)
    }

    @Test("a cancelled task stops between attempts")
    func cancelled() async throws {
        let transport = CannedTransport([.error("ThrottlingException")])
        let session = AWSSession(transport)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await session.sts(region: "eu-west-1").getCallerIdentity()
        }
        let error = await #expect(throws: AWSError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(transport.requests.count == 1)
    }

    @Test("the adaptive mode waits before sending once AWS has throttled")
    func adaptive() async throws {
        let transport = CannedTransport([.error("ThrottlingException")])
        let time = SleeplessTime()
        let retry = RetryConfiguration(mode: .adaptive, maxAttempts: 1)
        let sts = try AWSSession(transport, retry: retry, time: time).sts(region: "eu-west-1")
        for _ in 0..<3 { await #expect(throws: AWSError.self) { try await sts.getCallerIdentity() } }
        #expect(!time.sleeps.isEmpty)
    }

    @Test("no credentials, no request")
    func noCredentials() async throws {
        struct Nobody: CredentialsProvider {
            func credentials() async throws(AWSError) -> Credentials { throw AWSError(.noCredentials, message: "none") }
        }
        let transport = CannedTransport(Self.identity)
        let error = await #expect(throws: AWSError.self) {
            try await AWSSession(transport, credentials: Nobody()).sts(region: "eu-west-1").getCallerIdentity()
        }
        #expect(error?.code == .noCredentials)
        #expect(transport.requests.isEmpty)
    }

    @Test("a session has one caller for a service and a Region, and asks for its account once")
    func session() async throws {
        let transport = CannedTransport(Self.identity)
        let session = AWSSession(transport)
        #expect(try session.caller(for: .rds, region: "eu-west-1") === session.caller(for: .rds, region: "eu-west-1"))
        #expect(try session.caller(for: .rds, region: "eu-west-1") !== session.caller(for: .rds, region: "eu-west-2"))
        #expect(throws: AWSError.self) { try session.rds(region: "nowhere/") }
        for _ in 0..<3 { #expect(try await session.accountID() == "123456789012") }
        #expect(transport.requests.count == 1)
    }

    @Test("a session on a role asks STS once and signs with what it got")
    func assumedRole() async throws {
        let role = """
            <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>
            <SecretAccessKey>x</SecretAccessKey><SessionToken>y</SessionToken>
            <Expiration>2026-11-21T21:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
            """
        let transport = CannedTransport([.body(role), .body("{}")])
        let session = try AWSSession(transport).assuming(
            roleARN: "arn:aws:iam::444455556666:role/dr",
            externalID: "e",
            sessionName: "n"
        )
        let sqs = try session.sqs(region: "us-east-1")
        for _ in 0..<2 { try await sqs.deleteMessage(queueURL: "q", receiptHandle: "r") }
        #expect(transport.requests.count == 3)
        #expect(transport.form().contains("ExternalId=e"))
        #expect(transport.requests[0].header("authorization")?.contains("Credential=AK1/") == true)
        #expect(transport.requests[2].header("authorization")?.contains("Credential=ASIA/") == true)
        #expect(transport.requests[2].header("x-amz-security-token") == "y")
    }

    @Test("an endpoint on this machine is reached without a proxy, at its own address")
    func loopback() async throws {
        let transport = CannedTransport(Self.identity)
        let endpoints = try EndpointResolver(environment: ["AWS_ENDPOINT_URL": "http://127.0.0.1:4566"])
        let context = ClientContext(
            transport: transport,
            credentials: NumberedCredentials(),
            endpoints: endpoints,
            time: SleeplessTime()
        )
        let session = AWSSession(context, region: "eu-west-1")
        _ = try await session.accountID()
        #expect(transport.requests[0].url == "http://127.0.0.1:4566/")
        #expect(transport.requests[0].bypassesProxy)
    }

    @Test("the same call over a real connection")
    func overHTTP() async throws {
        let server = LoopbackServer { request in
            request.head.contains("Authorization: AWS4-HMAC-SHA256 Credential=AK1/")
                ? .answer(body: Array(Self.identity.utf8)) : .answer(403)
        }
        defer { server.stop() }
        let loop = try TransferLoop()
        defer { loop.shutdown() }
        let context = ClientContext(
            transport: loop,
            credentials: NumberedCredentials(),
            endpoints: try EndpointResolver(environment: ["AWS_ENDPOINT_URL": server.url])
        )
        #expect(try await AWSSession(context, region: "eu-west-1").accountID() == "123456789012")
    }
}
