// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Container credentials")
struct ContainerCredentialsTests {
    private let time = SteppedTime()

    private func provider(
        _ environment: [String: String],
        _ transport: AnsweringTransport,
        files: TestFiles = TestFiles()
    ) throws -> ContainerCredentials? {
        try ContainerCredentials(
            environment: environment,
            transport: transport,
            time: self.time,
            readFile: files.reader
        )
    }

    private func answering() -> AnsweringTransport { AnsweringTransport { (_, _) in .metadata(keyID: "ASIATASK") } }

    @Test("an ECS task asks the agent at its link-local address, past any proxy")
    func ecs() async throws {
        let transport = self.answering()
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/abc",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://elsewhere.example/",
        ]
        let credentials = try await #require(try self.provider(environment, transport)).credentials()
        #expect(credentials.accessKeyID == "ASIATASK")
        #expect(credentials.secretAccessKey == "m-secret")
        #expect(credentials.sessionToken == "m-token")
        #expect(credentials.accountID == "111122223333")
        #expect(credentials.expiration == Instant(iso8601: "2027-01-15T14:00:00Z"))
        let request = transport.requests[0]
        #expect(request.method == "GET")
        #expect(request.url == "http://169.254.170.2/v2/credentials/abc")
        #expect(request.bypassesProxy)
        #expect(request.timeout == .seconds(2))
        #expect(request.header("Accept") == "application/json")
        #expect(request.header("Authorization") == nil)
    }

    @Test("an EKS pod authorizes with a token that is read anew each time")
    func eks() async throws {
        let transport = self.answering()
        let files = TestFiles(["/token": "first\n"])
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "ignored",
        ]
        let provider = try #require(try self.provider(environment, transport, files: files))
        _ = try await provider.credentials()
        files.set("/token", "second")
        _ = try await provider.credentials()
        #expect(transport.requests.map { $0.header("Authorization") } == ["first", "second"])
        #expect(transport.requests.map(\.bypassesProxy) == [true, true])
    }

    @Test(
        "asks only where credentials may be asked for",
        arguments: [
            ("http://169.254.170.2/x", true, true), ("http://169.254.170.23/v1/credentials", true, true),
            ("http://[fd00:ec2::23]/v1/credentials", true, true), ("http://localhost:8080/x?y=z", true, true),
            ("http://127.0.0.1/x", true, true), ("http://127.9.9.9/x", true, true), ("http://[::1]:81/x", true, true),
            ("https://vault.example/x", true, false), ("http://169.254.169.254/x", false, false),
            ("http://vault.example/x", false, false), ("http://127.0.0.1.evil.example/", false, false),
            ("http://169.254.170.2@evil.example/", false, false), ("http://localhost.evil.example/", false, false),
            ("ftp://localhost/x", false, false), ("localhost", false, false), ("http:///x", false, false),
            ("http://localhost/a b", false, false), ("http://evil.example?@127.0.0.1/", false, false),
        ]
    )
    func addresses(url: String, isAllowed: Bool, bypassesProxy: Bool) async throws {
        let transport = self.answering()
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]
        guard isAllowed else {
            let error = try #require(throws: AWSError.self) { try self.provider(environment, transport) }
            #expect(error.code == .configuration)
            #expect(error.message.hasPrefix("AWS_CONTAINER_CREDENTIALS_FULL_URI "))
            return
        }
        _ = try await #require(try self.provider(environment, transport)).credentials()
        #expect(transport.requests.map(\.url) == [url])
        #expect(transport.requests.map(\.bypassesProxy) == [bypassesProxy])
    }

    @Test(
        "a path that is none could lead to another host, so it is refused",
        arguments: ["@evil.example/", "/a b", ":80/"]
    )
    func relative(path: String) throws {
        #expect(throws: AWSError.self) {
            try self.provider(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path], self.answering())
        }
    }

    @Test(
        "a token with line breaks could add headers, so it is refused",
        arguments: ["a\r\nX: y", "a\nb", "a\rb", "", "\n"]
    )
    func tokens(text: String) async throws {
        let transport = self.answering()
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token",
        ]
        let provider = try #require(try self.provider(environment, transport, files: TestFiles(["/token": text])))
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.code == .noCredentials)
        #expect(transport.requests.isEmpty)
        #expect(self.time.slept.isEmpty)
    }

    @Test("tries three times, a second apart, whatever the status")
    func retries() async throws {
        let transport = AnsweringTransport { (_, count) in
            count < 2 ? HTTPResponse(404, "not yet") : .metadata(keyID: "ASIATASK")
        }
        let environment = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]
        #expect(try await #require(try self.provider(environment, transport)).credentials().accessKeyID == "ASIATASK")
        #expect(self.time.slept == [.seconds(1), .seconds(1)])

        let silent = AnsweringTransport.silent
        let provider = try #require(try self.provider(environment, silent))
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.code == .timedOut)
        #expect(silent.requests.count == 3)
    }

    @Test(
        "an answer that is not whole is no credentials, and nothing of it is repeated",
        arguments: [
            "", "<html>", "[]", "{}", #"{"AccessKeyId":"A","SecretAccessKey":"hush","Token":"hush"}"#,
            #"{"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"2027-01-15T14:00:00Z"}"#,
            #"{"AccessKeyId":"A","SecretAccessKey":"","Token":"hush","Expiration":"2027-01-15T14:00:00Z"}"#,
            #"{"AccessKeyId":"A","SecretAccessKey":"hush","Token":"hush","Expiration":"hush"}"#,
        ]
    )
    func answers(body: String) async throws {
        let transport = AnsweringTransport { (_, _) in HTTPResponse(200, body) }
        let environment = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]
        let provider = try #require(try self.provider(environment, transport))
        let error = try #require(await #expect(throws: AWSError.self) { try await provider.credentials() })
        #expect(error.code == .noCredentials)
        #expect(!error.message.contains("hush"))
    }

    @Test("without its variables there is no container")
    func absent() throws {
        #expect(try self.provider(["AWS_CONTAINER_CREDENTIALS_FULL_URI": ""], self.answering()) == nil)
    }
}

@Suite("Instance metadata")
struct InstanceMetadataTests {
    private let time = SteppedTime(Instant(iso8601: "2027-01-15T08:00:00Z") ?? Instant(seconds: 0))

    /// An instance with a role.
    private static func instance(
        _ credentials: @escaping @Sendable () -> HTTPResponse = { .metadata(keyID: "ASIAINSTANCE") }
    ) -> AnsweringTransport {
        AnsweringTransport { (request, _) in
            let path = request.url.split(separator: "/", maxSplits: 2).last.map(String.init) ?? ""
            switch (request.method, path) {
            case ("PUT", "latest/api/token"): return HTTPResponse(200, "the-token")
            case ("GET", _) where request.header("x-aws-ec2-metadata-token") != "the-token":
                return HTTPResponse(401, "")
            case ("GET", "latest/meta-data/iam/security-credentials/"): return HTTPResponse(200, "role-1\n")
            case ("GET", "latest/meta-data/iam/security-credentials/role-1"): return credentials()
            case ("GET", "latest/meta-data/placement/region"): return HTTPResponse(200, "ap-south-1")
            default: return HTTPResponse(404, "")
            }
        }
    }

    private func provider(_ transport: AnsweringTransport) throws -> InstanceMetadataCredentials {
        let metadata = try #require(try InstanceMetadata(environment: [:], transport: transport))
        return InstanceMetadataCredentials(metadata: metadata, time: self.time, jitter: { .seconds(300) })
    }

    @Test("fetches a session token, the role's name and its credentials")
    func fetches() async throws {
        let transport = Self.instance()
        let credentials = try await self.provider(transport).credentials()
        #expect(credentials.accessKeyID == "ASIAINSTANCE")
        #expect(credentials.expiration == Instant(iso8601: "2027-01-15T14:00:00Z"))
        #expect(transport.requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(transport.requests[0].url == "http://169.254.169.254/latest/api/token")
        #expect(transport.requests[0].header("x-aws-ec2-metadata-token-ttl-seconds") == "21600")
        #expect(transport.requests.allSatisfy { $0.bypassesProxy && $0.timeout == .seconds(1) })
    }

    @Test("never falls back to the first version", arguments: [400, 403, 404, 405, 500])
    func noFallback(status: Int) async throws {
        let transport = AnsweringTransport { (request, _) in HTTPResponse(status, "") }
        let provider = try self.provider(transport)
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.httpStatus == status)
        #expect(transport.requests.map(\.method) == ["PUT"])
    }

    @Test(
        "credentials about to expire are used for a while longer",
        arguments: [
            ("2027-01-15T07:00:00Z", "2027-01-15T08:20:00Z"), ("2027-01-15T08:15:00Z", "2027-01-15T08:20:00Z"),
            ("2027-01-15T08:15:01Z", "2027-01-15T08:15:01Z"),
        ]
    )
    func extends(given: String, used: String) async throws {
        let transport = Self.instance { .metadata(keyID: "ASIA", expiration: given) }
        #expect(try await self.provider(transport).credentials().expiration == Instant(iso8601: used))
    }

    @Test("a code in a good answer is a failure with the service's own words")
    func failureInside() async throws {
        let transport = Self.instance {
            HTTPResponse(200, #"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}"#)
        }
        let provider = try self.provider(transport)
        let error = await #expect(throws: AWSError.self) { try await provider.credentials() }
        #expect(error?.serviceCode == "AssumeRoleUnauthorizedAccess")
        #expect(error?.message == "EC2 cannot assume the role")
    }

    @Test("reads the Region")
    func region() async throws {
        let metadata = try #require(try InstanceMetadata(environment: [:], transport: Self.instance()))
        #expect(try await metadata.region() == "ap-south-1")
    }

    @Test("is asked for the Region last, and missed by nobody")
    func lastRegion() async throws {
        let transport = Self.instance()
        let metadata = try InstanceMetadata(environment: [:], transport: transport)
        let configured = try await RegionResolver.region(environment: ["AWS_REGION": "eu-west-1"], metadata: metadata)
        #expect(configured == "eu-west-1")
        #expect(transport.requests.isEmpty)
        #expect(try await RegionResolver.region(environment: [:], metadata: metadata) == "ap-south-1")
        for metadata in [nil, try InstanceMetadata(environment: [:], transport: AnsweringTransport.silent)] {
            let error = await #expect(throws: AWSError.self) {
                try await RegionResolver.region(environment: [:], metadata: metadata)
            }
            #expect(error?.message == "no Region: set AWS_REGION, or region in the profile")
        }
    }

    @Test("can be switched off, and asked elsewhere")
    func settings() async throws {
        #expect(
            try InstanceMetadata(environment: ["AWS_EC2_METADATA_DISABLED": "TRUE"], transport: Self.instance()) == nil
        )
        for (environment, origin) in [
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338/"], "http://127.0.0.1:1338"),
        ] {
            let transport = Self.instance()
            _ = try await InstanceMetadata(environment: environment, transport: transport)?.region()
            #expect(transport.requests.first?.url == "\(origin)/latest/api/token")
        }
        for environment in [
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"],
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://metadata.example"],
        ] {
            #expect(throws: AWSError.self) {
                try InstanceMetadata(environment: environment, transport: Self.instance())
            }
        }
    }
}
