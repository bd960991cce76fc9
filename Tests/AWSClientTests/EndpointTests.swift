// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Endpoints")
struct EndpointTests {
    /// A Region of every partition with the plain and the dual-stack suffix of its hosts.
    static let partitions = [
        ("us-east-1", "aws", "amazonaws.com", "api.aws"),
        ("mx-central-1", "aws", "amazonaws.com", "api.aws"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "api.aws"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
    ]
    static let prefixes: [(AWSService, String)] = [
        (.rds, "rds"), (.sqs, "sqs"), (.sts, "sts"), (.dynamodb, "dynamodb"), (.kms, "kms"), (.events, "events"),
        (.sns, "sns"), (.monitoring, "monitoring"),
    ]

    @Test("builds the names of every service and variant in every partition", arguments: Self.partitions, Self.prefixes)
    func names(
        partition: (region: String, id: String, suffix: String, dualStackSuffix: String),
        service: (id: AWSService, prefix: String)
    ) throws {
        let region = partition.region
        #expect(Partition.of(region: region).id == partition.id)
        let isGovCloud = partition.id == "aws-us-gov"
        // From botocore's rule sets: which FIPS hosts in GovCloud have the plain name, without and with dual stack.
        let isPlain = isGovCloud && service.id != .kms
        let isPlainDualStack = isGovCloud && [.events, .monitoring].contains(service.id)
        let expected: [(EndpointResolver.Variant, String)] = [
            (.init(), "\(service.prefix).\(region).\(partition.suffix)"),
            (.init(dualStack: true), "\(service.prefix).\(region).\(partition.dualStackSuffix)"),
            (.init(fips: true), "\(service.prefix)\(isPlain ? "" : "-fips").\(region).\(partition.suffix)"),
            (
                .init(fips: true, dualStack: true),
                "\(service.prefix)\(isPlainDualStack ? "" : "-fips").\(region).\(partition.dualStackSuffix)"
            ),
        ]
        for (variant, host) in expected {
            let endpoint = try EndpointResolver(variant: variant).endpoint(for: service.id, region: region)
            #expect(endpoint.host == host)
            #expect(endpoint.url == "https://\(host)")
            #expect(endpoint.signingRegion == region)
        }
    }

    @Test(
        "knows hosts that are written out here",
        arguments: [
            ("rds", "eu-central-1", false, false, "https://rds.eu-central-1.amazonaws.com"),
            ("rds", "us-gov-west-1", true, false, "https://rds.us-gov-west-1.amazonaws.com"),
            ("kms", "us-gov-west-1", true, false, "https://kms-fips.us-gov-west-1.amazonaws.com"),
            ("sqs", "us-gov-east-1", true, true, "https://sqs-fips.us-gov-east-1.api.aws"),
            ("events", "us-gov-east-1", true, true, "https://events.us-gov-east-1.api.aws"),
            (
                "monitoring", "cn-northwest-1", false, true,
                "https://monitoring.cn-northwest-1.api.amazonwebservices.com.cn"
            ),
        ]
    )
    func literal(service: String, region: String, fips: Bool, dualStack: Bool, url: String) throws {
        let resolver = EndpointResolver(variant: .init(fips: fips, dualStack: dualStack))
        let service = try #require(AWSService(rawValue: service))
        #expect(try resolver.endpoint(for: service, region: region).url == url)
    }

    @Test(
        "takes a Region it has never heard of for one of the partition its prefix says",
        arguments: [
            ("xx-nowhere-9", "aws"), ("cn-new-east-4", "aws-cn"), ("us-gov-central-1", "aws-us-gov"),
            ("us-isob-new-1", "aws-iso-b"), ("us-iso-x", "aws-iso"), ("eusc-fr-west-1", "aws-eusc"),
            ("aws-us-gov-global", "aws-us-gov"), ("aws-global", "aws"),
        ]
    )
    func unknownRegions(region: String, partition: String) throws {
        #expect(Partition.of(region: region).id == partition)
        _ = try EndpointResolver().endpoint(for: .rds, region: region)
    }

    @Test(
        "refuses what can be no Region",
        arguments: [
            "", "us", "US-EAST-1", "us-east-1.evil.com", "us east 1", "-us-east-1", "us-east-1-", "us-east-1/", "é-1",
        ]
    )
    func impossibleRegions(region: String) throws {
        let error = try #require(throws: AWSError.self) {
            try EndpointResolver().endpoint(for: .rds, region: region)
        }
        #expect(error.code == .configuration)
    }

    static let config = """
        [profile dev]
        region = eu-west-2
        services = local
        endpoint_url = https://profile.example
        use_fips_endpoint = true
        [profile plain]
        endpoint_url = http://rds.example
        [services local]
        rds =
          endpoint_url = https://section.example:8443/
        sqs =
          other = 1
        """

    private func profile(_ name: String) -> Profile? {
        let config = SharedConfig(environment: ["HOME": "/h"]) { path in
            path == "/h/.aws/config" ? Array(Self.config.utf8) : []
        }
        return config.profile(named: name)
    }

    @Test("prefers the service's own variable, then the common one, the services section, the profile")
    func overrides() throws {
        var environment = [
            "AWS_ENDPOINT_URL_RDS": "http://127.0.0.1:5000", "AWS_ENDPOINT_URL": "https://every.example",
        ]
        func url(_ service: AWSService) throws -> String {
            try EndpointResolver(environment: environment, profile: self.profile("dev"))
                .endpoint(for: service, region: "eu-west-1").url
        }
        #expect(try url(.rds) == "http://127.0.0.1:5000")
        #expect(try url(.sqs) == "https://every.example")
        environment["AWS_ENDPOINT_URL_RDS"] = nil
        #expect(try url(.rds) == "https://every.example")
        environment["AWS_ENDPOINT_URL"] = ""
        #expect(try url(.rds) == "https://section.example:8443")
        #expect(try url(.sqs) == "https://profile.example")
        environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "TRUE"
        environment["AWS_ENDPOINT_URL"] = "https://every.example"
        #expect(try url(.rds) == "https://rds-fips.eu-west-1.amazonaws.com")
        environment["AWS_USE_FIPS_ENDPOINT"] = "false"
        environment["AWS_USE_DUALSTACK_ENDPOINT"] = "true"
        #expect(try url(.rds) == "https://rds.eu-west-1.api.aws")
    }

    @Test("one override signs for whichever Region is asked for, and keeps its port in the host")
    func signingRegion() throws {
        let resolver = try EndpointResolver(environment: ["AWS_ENDPOINT_URL": "http://localhost:5000/"])
        let endpoint = try resolver.endpoint(for: .rds, region: "ap-southeast-2")
        #expect(endpoint.signingRegion == "ap-southeast-2")
        #expect(endpoint.host == "localhost:5000")
        #expect(endpoint.url == "http://localhost:5000")
        #expect(resolver.isOverridden(.kms))
        #expect(!EndpointResolver().isOverridden(.kms))
    }

    @Test(
        "each service has the variable AWS's tools know",
        arguments: [
            ("AWS_ENDPOINT_URL_DYNAMODB", AWSService.dynamodb), ("AWS_ENDPOINT_URL_EVENTBRIDGE", .events),
            ("AWS_ENDPOINT_URL_CLOUDWATCH", .monitoring), ("AWS_ENDPOINT_URL_SNS", .sns),
            ("AWS_ENDPOINT_URL_STS", .sts), ("AWS_ENDPOINT_URL_KMS", .kms), ("AWS_ENDPOINT_URL_SQS", .sqs),
        ]
    )
    func variables(name: String, service: AWSService) throws {
        let resolver = try EndpointResolver(environment: [name: "https://x.example"])
        #expect(AWSService.allCases.filter(resolver.isOverridden) == [service])
    }

    @Test(
        "sends plain http only where it stays on the machine",
        arguments: [
            ("http://127.0.0.1:5000", true), ("http://127.3.2.1", true), ("http://[::1]:5000", true),
            ("http://LOCALHOST:5000", true), ("http://169.254.170.2", true), ("http://169.254.170.23", true),
            ("http://[fd00:ec2::23]", true), ("http://169.254.169.254", true),
            ("http://127.0.0.1.evil.example", false), ("http://127.example", false), ("http://10.0.0.1", false),
            ("http://localhost.example", false), ("http://rds.example", false), ("http://[::2]", false),
            ("http://127.0.0.256", false), ("http://1270.0.0.1", false),
        ]
    )
    func plaintext(url: String, isAllowed: Bool) throws {
        let environment = ["AWS_ENDPOINT_URL": url]
        if isAllowed {
            _ = try EndpointResolver(environment: environment)
        } else {
            let error = try #require(throws: AWSError.self) { try EndpointResolver(environment: environment) }
            #expect(error.message.contains("AWS_ENDPOINT_URL"))
        }
        _ = try EndpointResolver(environment: environment, allowsPlaintext: true)
    }

    @Test(
        "refuses addresses that are none, and repeats nothing of them",
        arguments: [
            "secret.example", "ftp://secret.example", "https://", "https://user:secret@example.com",
            "https://secret.example/path", "https://secret.example?x", "https://secret.example:0",
            "https://secret.example:99999", "https://secret.example:x", "https://[secret", "https://[::1]x",
            "https://sec ret", "https://secret#f", "https://[]", "https://secret\\x",
        ]
    )
    func badAddresses(url: String) throws {
        let error = try #require(throws: AWSError.self) {
            try EndpointResolver(environment: ["AWS_ENDPOINT_URL_RDS": url], allowsPlaintext: true)
        }
        #expect(error.code == .configuration)
        #expect(error.message.hasPrefix("AWS_ENDPOINT_URL_RDS "))
        #expect(!error.message.contains("secret"))
    }

    @Test("names the file and the line of an address that may not be used, and refuses switches that are neither")
    func places() throws {
        let inFile = try #require(throws: AWSError.self) {
            try EndpointResolver(environment: [:], profile: self.profile("plain"))
        }
        #expect(inFile.message.contains("/h/.aws/config:7"))
        let switched = try #require(throws: AWSError.self) {
            try EndpointResolver(environment: ["AWS_USE_FIPS_ENDPOINT": "yes"])
        }
        #expect(switched.message == "AWS_USE_FIPS_ENDPOINT is neither true nor false")
    }

    @Test("finds the Region in AWS_REGION, AWS_DEFAULT_REGION, the profile")
    func regions() throws {
        let profile = self.profile("dev")
        var environment = ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"]
        #expect(try RegionResolver.configured(environment: environment, profile: profile) == "eu-west-1")
        environment["AWS_REGION"] = ""
        #expect(try RegionResolver.configured(environment: environment, profile: profile) == "us-east-1")
        environment["AWS_DEFAULT_REGION"] = nil
        #expect(try RegionResolver.configured(environment: environment, profile: profile) == "eu-west-2")
        #expect(try RegionResolver.configured(environment: environment) == nil)
        #expect(throws: AWSError.self) { try RegionResolver.configured(environment: ["AWS_REGION": "Frankfurt"]) }
    }
}
