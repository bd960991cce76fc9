// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Credentials of roles")
struct RoleCredentialsTests {
    private static let roleARN = "arn:aws:iam::444455556666:role/copier"
    private static let tokenFile = "/var/run/token"

    private let time = SteppedTime(Instant(iso8601: "2027-01-15T08:00:00Z") ?? Instant(seconds: 0))
    private let files = TestFiles([Self.tokenFile: "jwt-1\n"])

    private func sts(_ transport: AnsweringTransport) throws -> STSExchange {
        let endpoint = try EndpointResolver().endpoint(for: .sts, region: "eu-west-1")
        return STSExchange(transport: transport, endpoint: endpoint, time: self.time)
    }

    private func webIdentity(_ transport: AnsweringTransport) throws -> WebIdentityCredentials {
        WebIdentityCredentials(
            role: try AssumedRole(arn: Self.roleARN, sessionName: "pod"),
            tokenFile: Self.tokenFile,
            readFile: self.files.reader,
            sts: try self.sts(transport)
        )
    }

    @Test("a web identity token is traded without a signature, and read anew each time")
    func webIdentity() async throws {
        let transport = AnsweringTransport { (_, _) in .sts("AssumeRoleWithWebIdentity") }
        let provider = try self.webIdentity(transport)
        let credentials = try await provider.credentials()
        #expect(credentials.accessKeyID == "ASIAROLE")
        #expect(credentials.secretAccessKey == "sts-secret")
        #expect(credentials.sessionToken == "sts-token")
        #expect(credentials.expiration == Instant(iso8601: "2027-01-15T09:00:00Z"))
        #expect(credentials.accountID == "444455556666")
        self.files.set(Self.tokenFile, "jwt-2")
        _ = try await provider.credentials()
        #expect(transport.requests.map { $0.formValue("WebIdentityToken") } == ["jwt-1", "jwt-2"])
        let request = transport.requests[0]
        #expect(request.method == "POST")
        #expect(request.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(request.header("Authorization") == nil)
        #expect(request.formValue("Action") == "AssumeRoleWithWebIdentity")
        #expect(request.formValue("Version") == "2011-06-15")
        #expect(request.formValue("RoleArn") == "arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fcopier")
        #expect(request.formValue("RoleSessionName") == "pod")
        #expect(request.formValue("DurationSeconds") == "3600")
    }

    @Test("a token that is missing or empty is no credentials, and names the file", arguments: ["", " \n"])
    func noToken(text: String) async throws {
        self.files.set(Self.tokenFile, text)
        let transport = AnsweringTransport { (_, _) in .sts("AssumeRoleWithWebIdentity") }
        let provider = try self.webIdentity(transport)
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.code == .noCredentials)
        #expect(error?.message.contains(Self.tokenFile) == true)
        let gone = WebIdentityCredentials(
            role: try AssumedRole(arn: Self.roleARN),
            tokenFile: "/gone",
            readFile: self.files.reader,
            sts: try self.sts(transport)
        )
        let missing = await #expect(throws: AWSError.self) { try await gone.credentials() }
        #expect(missing?.message == "cannot read the web identity token in /gone")
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "what may pass is tried three times, what may not once",
        arguments: [
            (400, "IDPCommunicationError", 3, AWSError.Code.unavailable),
            (400, "InvalidIdentityToken", 3, .noCredentials), (500, "InternalFailure", 3, .unavailable),
            (400, "Throttling", 3, .throttled), (403, "AccessDenied", 1, .noCredentials),
            (400, "MalformedPolicyDocument", 1, .noCredentials), (403, "IDPRejectedClaim", 1, .noCredentials),
            (400, "ExpiredTokenException", 1, .expiredCredentials), (403, "RegionDisabledException", 1, .noCredentials),
        ]
    )
    func refusals(status: Int, code: String, attempts: Int, expected: AWSError.Code) async throws {
        let transport = AnsweringTransport { (_, _) in .stsError(status, code) }
        let provider = try self.webIdentity(transport)
        let error = try #require(await #expect(throws: AWSError.self) { try await provider.credentials() })
        #expect(transport.requests.count == attempts)
        #expect(self.time.slept.count == attempts - 1)
        #expect(error.code == expected)
        #expect(error.serviceCode == code)
        #expect(error.message == "cannot assume \(Self.roleARN): about \(code)")
        #expect(!"\(error)".contains("jwt"))
    }

    @Test("a role of others that is refused is no want of one's own credentials", arguments: [true, false])
    func refusedRole(isRole: Bool) async throws {
        let transport = AnsweringTransport { (_, _) in .stsError(403, "AccessDenied") }
        let role = AssumeRoleCredentials(
            role: try AssumedRole(arn: Self.roleARN),
            source: isRole ? StaticCredentials(self.base) : try self.webIdentity(transport),
            sts: try self.sts(transport),
            refusal: .rejected
        )
        let error = try #require(await #expect(throws: AWSError.self) { try await role.credentials() })
        #expect(error.code == (isRole ? .rejected : .noCredentials))
        #expect(error.serviceCode == "AccessDenied")
        #expect(error.message == "cannot assume \(Self.roleARN): about AccessDenied")
    }

    @Test("a refusal that passes is not noticed")
    func passing() async throws {
        let transport = AnsweringTransport { (_, count) throws(AWSError) in
            switch count {
            case 0: .stsError(400, "InvalidIdentityToken")
            case 1: throw AWSError(.timedOut, message: "")
            default: .sts("AssumeRoleWithWebIdentity")
            }
        }
        #expect(try await self.webIdentity(transport).credentials().accessKeyID == "ASIAROLE")
        #expect(transport.requests.count == 3)
    }

    @Test(
        "an answer without whole credentials is malformed",
        arguments: [
            "", "<html><body>proxy</body></html>", "{}", "<A><B/></A>", "<A><AResult><Credentials/></AResult></A>",
        ]
    )
    func malformed(body: String) async throws {
        let transport = AnsweringTransport { (_, _) in HTTPResponse(200, body) }
        let provider = try self.webIdentity(transport)
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.code == .malformedAnswer)
    }

    private func assumeRole(
        _ transport: AnsweringTransport,
        source: any CredentialsProvider,
        externalID: String? = nil,
        sessionName: String? = nil
    ) throws -> AssumeRoleCredentials {
        AssumeRoleCredentials(
            role: try AssumedRole(arn: Self.roleARN, externalID: externalID, sessionName: sessionName),
            source: source,
            sts: try self.sts(transport)
        )
    }

    private let base = Credentials(accessKeyID: "AKIABASE", secretAccessKey: "s", sessionToken: "base-token")

    @Test("another account's role is taken on with a signature and its external id")
    func assumes() async throws {
        let transport = AnsweringTransport { (_, _) in .sts("AssumeRole") }
        let provider = try self.assumeRole(transport, source: StaticCredentials(self.base), externalID: "ext-1")
        #expect(try await provider.credentials().accessKeyID == "ASIAROLE")
        let request = transport.requests[0]
        #expect(request.formValue("Action") == "AssumeRole")
        #expect(request.formValue("ExternalId") == "ext-1")
        #expect(request.formValue("RoleSessionName") == "snapferry-\(self.time.now().wholeSeconds)")
        let authorization = try #require(request.header("Authorization"))
        #expect(authorization.contains("Credential=AKIABASE/20270115/eu-west-1/sts/aws4_request"))
        #expect(request.header("X-Amz-Security-Token") == "base-token")
    }

    @Test("when STS calls the source's credentials expired, fresh ones are tried once")
    func expiredSource() async throws {
        let fresh = Credentials(accessKeyID: "AKIAFRESH", secretAccessKey: "s")
        let source = QueuedProvider([.success(self.base), .success(fresh)])
        let transport = AnsweringTransport { (_, count) in
            count == 0 ? .stsError(403, "ExpiredToken") : .sts("AssumeRole")
        }
        #expect(try await self.assumeRole(transport, source: source).credentials().accessKeyID == "ASIAROLE")
        #expect(source.invalidated == [self.base])
        #expect(transport.requests[1].header("Authorization")?.contains("AKIAFRESH") == true)

        let hopeless = AnsweringTransport { (_, _) in .stsError(403, "ExpiredToken") }
        let provider = try self.assumeRole(hopeless, source: StaticCredentials(self.base))
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.code == .expiredCredentials)
        #expect(hopeless.requests.count == 2)
    }

    @Test("a wrong clock is corrected by the answer's date, and the call signed again at once")
    func skew() async throws {
        let transport = AnsweringTransport { (_, count) in
            count == 0
                ? .stsError(403, "SignatureDoesNotMatch", headers: [("Date", "Fri, 15 Jan 2027 10:00:00 GMT")])
                : .sts("AssumeRole")
        }
        _ = try await self.assumeRole(transport, source: StaticCredentials(self.base)).credentials()
        #expect(transport.requests.map { $0.header("X-Amz-Date") } == ["20270115T080000Z", "20270115T100000Z"])
        #expect(self.time.slept.isEmpty)
    }

    @Test(
        "session names are made of what STS takes",
        arguments: [
            ("worker-1", "worker-1"), ("a b/c:d", "a-b-c-d"), ("ü", "--"), ("x", "x-"),
            ("a=b,c@d.e+f_g", "a=b,c@d.e+f_g"),
            (String(repeating: "n", count: 100), String(repeating: "n", count: 64)),
        ]
    )
    func sessionNames(name: String, expected: String) throws {
        #expect(try AssumedRole(arn: Self.roleARN, sessionName: name).sessionName == expected)
    }

    @Test("sessions last from 15 minutes to an hour", arguments: [(1, 900), (1000, 1000), (43_200, 3600)])
    func durations(wished: Int, given: Int) throws {
        #expect(try AssumedRole(arn: Self.roleARN, duration: .seconds(wished)).duration == .seconds(given))
    }

    @Test(
        "refuses ARNs that name no role",
        arguments: [
            "", "role/x", "arn:aws:iam::444455556666:user/x", "arn:aws:sts::444455556666:assumed-role/x/y",
            "arn:aws:iam::1:role/x\n", "arn:aws:iam",
        ]
    )
    func badARNs(arn: String) throws {
        let error = try #require(throws: AWSError.self) { try AssumedRole(arn: arn) }
        #expect(error.code == .configuration)
    }
}
