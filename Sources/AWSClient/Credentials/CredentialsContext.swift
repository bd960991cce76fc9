// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What the providers of credentials need from the world.
package struct CredentialsContext: Sendable {
    package var environment: [String: String]
    package var config: SharedConfig
    package var endpoints: EndpointResolver
    package var transport: any HTTPTransport
    package var time: any TimeSource
    package var readFile: FileReader
    package var runCommand: CommandRunner
    /// How persistently STS is asked.
    package var retries: RetryConfiguration

    /// Reads the settings of the environment and the shared files.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - transport: What carries requests to STS and the metadata services.
    ///   - time: What tells the time.
    ///   - readFile: What reads the shared files and tokens.
    ///   - runCommand: What runs a `credential_process`; by default a process with this environment.
    ///   - allowsPlaintext: Whether an endpoint given by hand may be plain `http` to any host.
    /// - Throws: AWSError with code `configuration`, naming the setting that can't be.
    package init(
        environment: [String: String],
        transport: any HTTPTransport,
        time: any TimeSource,
        readFile: @escaping FileReader = SystemFiles.read,
        runCommand: CommandRunner? = nil,
        allowsPlaintext: Bool = false
    ) throws(AWSError) {
        self.environment = environment
        self.config = SharedConfig(environment: environment, readFile: readFile)
        self.transport = transport
        self.time = time
        self.readFile = readFile
        if let runCommand {
            self.runCommand = runCommand
        } else {
            let command = SystemCommand(environment: environment)
            self.runCommand = { (arguments) async throws(AWSError) in try await command.run(arguments) }
        }
        let profile = try self.config.activeProfile()
        self.endpoints = try EndpointResolver(
            environment: environment,
            profile: profile,
            allowsPlaintext: allowsPlaintext
        )
        self.retries = try RetryConfiguration(environment: environment, profile: profile)
    }

    /// A way to STS in the configured Region.
    ///
    /// - Parameters:
    ///   - region: Where to ask; `nil` for the Region of the environment, of `profile`, or of the profile in use.
    ///   - profile: The profile that wants a role.
    /// - Returns: A client of the two calls that hand out credentials.
    /// - Throws: AWSError with code `configuration` when no Region is configured.
    package func sts(region: String? = nil, profile: Profile? = nil) throws(AWSError) -> STSExchange {
        var configured = region
        if configured == nil {
            configured = try RegionResolver.configured(environment: self.environment, profile: profile)
        }
        if configured == nil { configured = try self.config.activeProfile()?["region"] }
        guard let configured else {
            throw AWSError(.configuration, message: "no Region to ask STS in: set AWS_REGION")
        }
        return STSExchange(
            transport: self.transport,
            endpoint: try self.endpoints.endpoint(for: .sts, region: configured),
            time: self.time,
            retries: self.retries
        )
    }

    /// The instance metadata's credentials; `nil` when they are switched off.
    func instanceMetadata() throws(AWSError) -> InstanceMetadataCredentials? {
        try InstanceMetadata(environment: self.environment, transport: self.transport)
            .map { InstanceMetadataCredentials(metadata: $0, time: self.time) }
    }

    /// The container's credentials; `nil` when this is no container that has any.
    func container() throws(AWSError) -> ContainerCredentials? {
        try ContainerCredentials(
            environment: self.environment,
            transport: self.transport,
            time: self.time,
            readFile: self.readFile
        )
    }
}
