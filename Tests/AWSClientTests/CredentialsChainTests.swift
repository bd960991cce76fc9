// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Default credentials chain")
struct CredentialsChainTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"]
    private static let webIdentity = [
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::444455556666:role/pod",
        "AWS_REGION": "eu-west-1",
    ]
    private static let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]
    private static let config = """
        [default]
        region = eu-west-1
        [profile role]
        role_arn = arn:aws:iam::444455556666:role/copier
        source_profile = base
        external_id = ext
        role_session_name = me
        duration_seconds = 1800
        [profile self]
        role_arn = arn:aws:iam::444455556666:role/copier
        source_profile = self
        aws_access_key_id = AKIASELF
        aws_secret_access_key = s
        [profile second]
        role_arn = arn:aws:iam::777788889999:role/second
        source_profile = role
        region = us-west-2
        [profile process]
        credential_process = tool --for me
        [profile from-environment]
        role_arn = arn:aws:iam::444455556666:role/copier
        credential_source = Environment
        [profile from-container]
        role_arn = arn:aws:iam::444455556666:role/copier
        credential_source = EcsContainer
        [profile from-instance]
        role_arn = arn:aws:iam::444455556666:role/copier
        credential_source = Ec2InstanceMetadata
        [profile web]
        role_arn = arn:aws:iam::444455556666:role/web
        web_identity_token_file = /token
        [profile plain]
        region = eu-west-3
        """
    private static let credentials = """
        [base]
        aws_access_key_id = AKIABASE
        aws_secret_access_key = s
        aws_session_token = t
        """

    /// A world in which everything that can give credentials does, each with a key of its own.
    private static func world() -> AnsweringTransport {
        AnsweringTransport { (request, _) in
            if request.url.hasPrefix("http://169.254.170.2/") { return .metadata(keyID: "ASIACONTAINER") }
            if request.url.hasSuffix("/latest/api/token") { return HTTPResponse(200, "token") }
            if request.url.hasSuffix("/security-credentials/") { return HTTPResponse(200, "role") }
            if request.url.hasSuffix("/security-credentials/role") { return .metadata(keyID: "ASIAINSTANCE") }
            let action = request.formValue("Action") ?? ""
            let role = request.formValue("RoleArn")?.split(separator: "F").last ?? ""
            return .sts(action, keyID: "ASIA-\(role)-\(action == "AssumeRole" ? "assumed" : "web")")
        }
    }

    private func chain(
        _ environment: [String: String],
        transport: AnsweringTransport = Self.world(),
        config: String = Self.config
    ) throws -> DefaultCredentialsChain {
        let files = TestFiles([
            "/h/.aws/config": config, "/h/.aws/credentials": Self.credentials, "/token": "jwt",
        ])
        let context = try CredentialsContext(
            environment: environment.merging(["HOME": "/h"]) { given, _ in given },
            transport: transport,
            time: SteppedTime(Instant(iso8601: "2027-01-15T08:00:00Z") ?? Instant(seconds: 0)),
            readFile: files.reader,
            runCommand: { (arguments) in
                #expect(arguments == ["tool", "--for", "me"])
                return Array(#"{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "s"}"#.utf8)
            }
        )
        return try DefaultCredentialsChain(context)
    }

    private static func all(_ parts: [String: String]...) -> [String: String] {
        parts.reduce(into: [:]) { $0.merge($1) { _, last in last } }
    }

    @Test(
        "the first that is configured counts",
        arguments: [
            (all(keys, webIdentity, container), "AKIAENV", "the environment"),
            (all(webIdentity, container), "ASIA-pod-web", "a web identity token"),
            (all(container), "ASIACONTAINER", "the container"), ([:], "ASIAINSTANCE", "the instance"),
            (["AWS_PROFILE": "base"], "AKIABASE", "profile \"base\""),
            (all(keys, container, ["AWS_PROFILE": "base"]), "AKIABASE", "profile \"base\""),
            (all(keys, container, ["AWS_DEFAULT_PROFILE": "base"]), "AKIABASE", "profile \"base\""),
            (all(container, ["AWS_PROFILE": "plain"]), "ASIACONTAINER", "the container"),
            (all(webIdentity, ["AWS_PROFILE": "base"]), "AKIABASE", "profile \"base\""),
            (all(webIdentity, container, ["AWS_PROFILE": "plain"]), "ASIA-pod-web", "a web identity token"),
            (["AWS_PROFILE": "role", "AWS_REGION": "eu-west-1"], "ASIA-copier-assumed", "profile \"role\""),
            (["AWS_PROFILE": "process"], "AKIAPROCESS", "profile \"process\""),
            (["AWS_PROFILE": "web", "AWS_REGION": "eu-west-1"], "ASIA-web-web", "profile \"web\""),
        ]
    )
    func order(environment: [String: String], keyID: String, origin: String) async throws {
        let chain = try self.chain(environment)
        #expect(chain.origin == origin)
        #expect(try await chain.credentials().accessKeyID == keyID)
    }

    @Test(
        "a role is taken on with the credentials its profile names",
        arguments: [
            ("role", "AKIABASE"), ("self", "AKIASELF"), ("from-environment", "AKIAENV"),
            ("from-container", "ASIACONTAINER"), ("from-instance", "ASIAINSTANCE"),
        ]
    )
    func sources(profile: String, signer: String) async throws {
        let transport = Self.world()
        let environment = Self.all(
            Self.keys,
            Self.container,
            ["AWS_PROFILE": profile, "AWS_DEFAULT_REGION": "eu-central-1"]
        )
        #expect(
            try await self.chain(environment, transport: transport).credentials().accessKeyID == "ASIA-copier-assumed"
        )
        let request = try #require(transport.requests.last)
        #expect(request.url == "https://sts.eu-central-1.amazonaws.com/")
        #expect(request.header("Authorization")?.contains("Credential=\(signer)/") == true)
        if profile == "role" {
            #expect(request.formValue("ExternalId") == "ext")
            #expect(request.formValue("RoleSessionName") == "me")
            #expect(request.formValue("DurationSeconds") == "1800")
        }
    }

    @Test("a role may be taken on with another role, in the Region of the profile in use")
    func chaining() async throws {
        let transport = Self.world()
        let chain = try self.chain(["AWS_PROFILE": "second"], transport: transport)
        #expect(try await chain.credentials().accessKeyID == "ASIA-second-assumed")
        #expect(transport.requests.count == 2)
        #expect(transport.requests.allSatisfy { $0.url == "https://sts.us-west-2.amazonaws.com/" })
        #expect(transport.requests[1].header("Authorization")?.contains("ASIA-copier-assumed") == true)
        // Kept: asking again asks nobody.
        _ = try await chain.credentials()
        #expect(transport.requests.count == 2)
    }

    @Test(
        "a configured provider that fails is not passed over",
        arguments: [
            (all(webIdentity, container, ["AWS_WEB_IDENTITY_TOKEN_FILE": "/gone"]), "/gone"),
            (all(container), "no answer"), (["AWS_PROFILE": "second"], "no answer"),
        ]
    )
    func failures(environment: [String: String], words: String) async throws {
        let chain = try self.chain(environment, transport: .silent)
        let error = try #require(await #expect(throws: AWSError.self) { try await chain.credentials() })
        #expect(error.message.contains(words))
    }

    @Test(
        "what is configured wrongly says what, and where",
        arguments: [
            (["AWS_ACCESS_KEY_ID": "A"], "", "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"),
            (["AWS_SECRET_ACCESS_KEY": "A"], "", "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not"),
            (all(keys, ["AWS_CREDENTIAL_EXPIRATION": "soon"]), "", "AWS_CREDENTIAL_EXPIRATION is no ISO 8601 time"),
            (["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"], "", "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not"),
            (["AWS_PROFILE": "gone"], "", "there is no profile \"gone\" in /h/.aws/config or /h/.aws/credentials"),
            ([:], "aws_access_key_id = A", "/h/.aws/config:2: aws_access_key_id has no aws_secret_access_key"),
            ([:], "aws_secret_access_key = A", "/h/.aws/config:2: aws_secret_access_key has no aws_access_key_id"),
            ([:], "role_arn = \(arn)", "/h/.aws/config:2: role_arn needs a source_profile or a credential_source"),
            (
                [:], "role_arn = \(arn)\nsource_profile = base\ncredential_source = Environment",
                "/h/.aws/config:3: source_profile and credential_source can't both be set"
            ),
            (
                [:], "role_arn = \(arn)\nsource_profile = gone",
                "/h/.aws/config:3: there is no profile \"gone\" to take as source_profile"
            ),
            (
                [:], "role_arn = \(arn)\nsource_profile = default",
                "/h/.aws/config:3: source_profile goes in circles: default -> default"
            ),
            (
                [:], "role_arn = \(arn)\nsource_profile = b\n[profile b]\nrole_arn = \(arn)\nsource_profile = default",
                "/h/.aws/config:6: source_profile goes in circles: default -> b -> default"
            ),
            (
                [:], "role_arn = \(arn)\nsource_profile = b\n[profile b]\nregion = eu-west-1",
                "/h/.aws/config:3: the profile \"b\" has no credentials"
            ),
            (
                [:], "role_arn = \(arn)\ncredential_source = Heaven",
                "/h/.aws/config:3: credential_source is none of Environment, Ec2InstanceMetadata, EcsContainer"
            ),
            (
                [:], "role_arn = \(arn)\ncredential_source = EcsContainer",
                "/h/.aws/config:3: credential_source EcsContainer has no credentials here"
            ),
            ([:], "role_arn = arn:aws:x", "/h/.aws/config:2: no ARN of a role: \"arn:aws:x\""),
            (
                [:], "role_arn = \(arn)\nsource_profile = base\nmfa_serial = 1",
                "/h/.aws/config:4: mfa_serial needs somebody to type a code, which a worker does not have"
            ),
            (
                [:], "role_arn = \(arn)\nsource_profile = base\nduration_seconds = 1",
                "/h/.aws/config:4: duration_seconds is no number from 900 to 43200"
            ),
            ([:], "role_arn = \(arn)\nsource_profile = base", "no Region to ask STS in: set AWS_REGION"),
            (
                [:], "sso_session = corp",
                "/h/.aws/config:2: single sign-on needs somebody to log in, which a worker does not have"
            ),
            (
                [:], "credential_process = 'x",
                "/h/.aws/config:2: credential_process has an open quote or no words"
            ),
        ]
    )
    func problems(environment: [String: String], lines: String, message: String) throws {
        let error = try #require(throws: AWSError.self) { try self.chain(environment, config: "[default]\n\(lines)\n") }
        #expect(error.code == .configuration)
        #expect(error.message == message)
    }

    private static let arn = "arn:aws:iam::444455556666:role/copier"

    @Test("where nothing is configured, one line says what to set")
    func nothing() async throws {
        let switchedOff = try #require(throws: AWSError.self) {
            try self.chain(["AWS_EC2_METADATA_DISABLED": "true"], config: "")
        }
        let unreachable = try self.chain([:], transport: .silent, config: "")
        let error = await #expect(throws: AWSError.self) { try await unreachable.credentials() }
        #expect(error == switchedOff)
        #expect(error?.code == .noCredentials)
        #expect(error?.message.contains("AWS_ACCESS_KEY_ID") == true)
        #expect(error?.message.contains("\n") == false)
    }

    @Test("an instance that is there and fails says so itself")
    func failingInstance() async throws {
        let chain = try self.chain([:], transport: AnsweringTransport { (_, _) in HTTPResponse(500, "") }, config: "")
        let error = await #expect(throws: AWSError.self) { try await chain.credentials() }
        #expect(error?.httpStatus == 500)
        let roleless = try self.chain(
            [:],
            transport: AnsweringTransport { (_, _) in HTTPResponse(404, "") },
            config: ""
        )
        let nothing = await #expect(throws: AWSError.self) { try await roleless.credentials() }
        #expect(nothing?.message.contains("AWS_ACCESS_KEY_ID") == true)
    }

    @Test("keys in the environment come with their token, expiry and account")
    func environment() async throws {
        let variables = [
            "AWS_SESSION_TOKEN": "", "AWS_SECURITY_TOKEN": "old-name",
            "AWS_CREDENTIAL_EXPIRATION": "2027-01-16T00:00:00Z", "AWS_ACCOUNT_ID": "111122223333",
        ]
        let credentials = try await self.chain(Self.all(Self.keys, variables)).credentials()
        #expect(
            credentials
                == Credentials(
                    accessKeyID: "AKIAENV",
                    secretAccessKey: "s",
                    sessionToken: "old-name",
                    expiration: Instant(iso8601: "2027-01-16T00:00:00Z"),
                    accountID: "111122223333"
                )
        )
    }

    @Test("endpoints and persistence of the profile hold for STS too")
    func settings() async throws {
        let transport = AnsweringTransport { (_, _) in .stsError(500, "InternalFailure") }
        let config = """
            [default]
            role_arn = \(Self.arn)
            source_profile = base
            region = eu-west-1
            endpoint_url = http://localhost:5000
            max_attempts = 5
            """
        let chain = try self.chain([:], transport: transport, config: config)
        await #expect(throws: AWSError.self) { try await chain.credentials() }
        #expect(transport.requests.map(\.url) == Array(repeating: "http://localhost:5000/", count: 5))
    }
}
