// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Logging

/// The way to AWS that the environment describes.
enum AWSConnection {
    /// Makes a session as the SDKs' conventions have it: `AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL` and so on.
    ///
    /// Nothing is sent yet, except to the instance's metadata service when nothing else names a Region.
    ///
    /// - Throws: ``AWSError`` with code `configuration` or `noCredentials`, in words that say what to set.
    static func session(
        environment: [String: String],
        queueURL: String? = nil,
        allowsPlaintext: Bool = false,
        logger: Logger
    ) async throws(AWSError) -> AWSSession {
        let time = SystemTimeSource()
        let transport = try TransferLoop(caBundle: environment["AWS_CA_BUNDLE"].flatMap { $0.isEmpty ? nil : $0 })
        let context = try CredentialsContext(
            environment: environment,
            transport: transport,
            time: time,
            allowsPlaintext: allowsPlaintext
        )
        let credentials = try DefaultCredentialsChain(context)
        logger.debug("Credentials chosen", metadata: ["credentials.origin": "\(credentials.origin)"])
        let client = ClientContext(
            transport: transport,
            credentials: credentials,
            endpoints: context.endpoints,
            retry: context.retries,
            time: time,
            logger: logger,
            userAgent: "snapferry/\(Version.current) command/\(Self.command)"
        )
        return AWSSession(client, region: try await self.region(environment, queueURL: queueURL, context))
    }

    /// The command that runs, which AWS's own records of calls show; `none` where the arguments don't begin with one.
    private static var command: String {
        guard let first = CommandLine.arguments.dropFirst().first, first.allSatisfy({ $0.isASCII && $0.isLetter })
        else {
            return "none"
        }
        return first
    }

    private static func region(
        _ environment: [String: String],
        queueURL: String?,
        _ context: CredentialsContext
    ) async throws(AWSError) -> String {
        let profile = try context.config.activeProfile()
        if let region = try RegionResolver.configured(environment: environment, profile: profile) { return region }
        if let region = queueURL.flatMap({ QueueURL.region(of: $0) }) { return region }
        let metadata = try InstanceMetadata(environment: environment, transport: context.transport)
        return try await RegionResolver.region(environment: environment, profile: profile, metadata: metadata)
    }
}

/// What this build calls itself.
enum Version {
    static let current = "0.1.0"
}
