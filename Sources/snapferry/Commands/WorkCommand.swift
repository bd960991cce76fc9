// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
public import ArgumentParser
import Configuration
public import Logging
import Metrics
import Monitoring
import ServiceLifecycle
import UnixSignals

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `snapferry work`: a worker.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Runs a worker: takes jobs off the queue and carries snapshots until it is told to stop.",
        discussion: """
            Everything can be set by environment variables, so that a container needs no arguments:

              SNAPFERRY_QUEUE_URL              the job queue; needs a redrive policy, or the next one
              SNAPFERRY_DEAD_LETTER_QUEUE_URL  the dead-letter queue, if not the redrive policy's
              SNAPFERRY_POLICY                 a policy file, its text, or - for standard input; or, for the simple case:
              SNAPFERRY_SOURCE_REGIONS         us-east-1,us-west-2
              SNAPFERRY_DESTINATIONS           eu-west-1,444455556666/eu-central-1
              SNAPFERRY_SLOT_TABLE             a DynamoDB table (string key pk) that a fleet of workers shares its slots in
              SNAPFERRY_KMS_KEY                alias/dr, or eu-west-1=alias/dr,eu-central-1=alias/dr2
              SNAPFERRY_LISTEN                 where /health/live, /health/ready, /metrics and a page for people are served;
                                               127.0.0.1:9400, or a free port where that is taken; off for nowhere
              SNAPFERRY_METRICS                emf writes metrics to the log every minute, as CloudWatch's embedded metric format
              SNAPFERRY_ALLOWED_HOSTS          names, beside localhost and its own addresses, that it may be asked by

              SNAPFERRY_NOTIFY_TOPIC           an SNS topic that is told of trouble, or SNAPFERRY_NOTIFY_BUS
              SNAPFERRY_REPORT_MINUTES         from one report of the run in the log to the next; 60

            Credentials, Region and endpoints are found as in AWS's own tools: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, \
            AWS_CA_BUNDLE, container roles, web identity, instance roles.

            SIGTERM drains the worker: it takes nothing new, gives back what it holds and ends within seconds. Copies in \
            progress go on in RDS, and another worker adopts them.

            Examples:
              snapferry work                        everything from the environment
              snapferry work --policy policy.json --log-format json

            Exit status: 0 after a drain, 2 when it could not start; one line on stderr says what to change.
            """
    )

    @Option(help: ArgumentHelp("The job queue.", valueName: "url"))
    var queueURL: String?

    @Option(help: ArgumentHelp("The dead-letter queue.", valueName: "url"))
    var deadLetterQueueURL: String?

    @Option(help: ArgumentHelp("The policy.", valueName: "file"))
    var policy: String?

    @Option(help: "How log lines look: json or text. Text by default on a terminal, json elsewhere.")
    var logFormat: LogFormat?

    @Option(help: "What is logged: trace, debug, info, notice, warning or error.")
    var logLevel: Logger.Level?

    @Option(help: ArgumentHelp("Where health, metrics and the page are served, or off.", valueName: "address:port"))
    var listen: String?

    @Flag(help: "Allow plain http endpoints beyond this machine.")
    var allowPlaintext = false

    @Option(help: ArgumentHelp("Keep step with an embedded AWS, as its ready line says.", valueName: "speed@epoch"))
    var clock: ClockOption?

    func run() async throws {
        FreedMemory.returnEarly()
        let environment = ProcessInfo.processInfo.environment
        let reader = self.reader(environment)
        let logger = try Self.orExit { () throws(ConfigurationError) in try self.logger(reader) }
        let settings = try Self.orExit { () throws(ConfigurationError) in
            (
                work: try WorkConfiguration(config: reader),
                policy: try PolicySource.read(path: reader.string(forKey: "snapferry.policy"), environment: environment)
            )
        }
        for line in KnownVariables.warnings(for: environment) { logger.warning("\(line)") }
        let registry = settings.work.measures ? MetricRegistry() : nil
        if let registry { MetricsSystem.bootstrap(registry) }
        let service = WorkService(
            configuration: settings.work,
            policy: settings.policy,
            environment: environment,
            time: self.clock?.time ?? SystemTimeSource(),
            logger: logger,
            registry: registry
        )
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "snapferry.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        // Orchestrators kill after 30 seconds by default; whatever hangs by then is left to the leases.
        configuration.maximumGracefulShutdownDuration = Duration.seconds(8)
        configuration.maximumCancellationDuration = Duration.milliseconds(1500)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as StartFailure {
            throw Self.exit(error.description)
        } catch is CancellationError {
            logger.warning("Stopped before everything was given back; leases will end by themselves")
        }
    }

    /// Flags first, then the environment.
    private func reader(_ environment: [String: String]) -> ConfigReader {
        var flags: [AbsoluteConfigKey: ConfigValue] = [:]
        func set(_ key: String, _ value: String?) {
            guard let value else { return }
            flags[AbsoluteConfigKey(key.split(separator: ".").map { String($0) })] = ConfigValue(
                .string(value),
                isSecret: false
            )
        }
        set("snapferry.queue.url", self.queueURL)
        set("snapferry.dead.letter.queue.url", self.deadLetterQueueURL)
        set("snapferry.policy", self.policy)
        set("snapferry.log.format", self.logFormat?.rawValue)
        set("snapferry.log.level", self.logLevel?.rawValue)
        set("snapferry.listen", self.listen)
        set("snapferry.allow.plaintext", self.allowPlaintext ? "true" : nil)
        return ConfigReader(providers: [
            InMemoryProvider(name: "flags", values: flags),
            EnvironmentVariablesProvider(environmentVariables: environment),
        ])
    }

    private func logger(_ reader: ConfigReader) throws(ConfigurationError) -> Logger {
        let output = LineOutput.standardOutput
        let formatName = reader.string(forKey: "snapferry.log.format", default: output.isTerminal ? "text" : "json")
        guard let format = LogFormat(rawValue: formatName) else {
            throw ConfigurationError("SNAPFERRY_LOG_FORMAT is \"\(formatName)\"; it has to be json or text")
        }
        let levelName = reader.string(forKey: "snapferry.log.level", default: "info")
        guard let level = Logger.Level(rawValue: levelName) else {
            throw ConfigurationError(
                "SNAPFERRY_LOG_LEVEL is \"\(levelName)\"; it has to be one of "
                    + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return Logger(label: "snapferry") { LineLogHandler(label: $0, format: format, level: level, output: output) }
    }

    /// Turns what is wrong with the configuration into one line on stderr and exit status 2.
    private static func orExit<Value>(_ body: () throws(ConfigurationError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Self.exit(error.description)
        }
    }

    private static func exit(_ message: String) -> ExitCode {
        LineOutput.standardError.write("snapferry: \(message)")
        return ExitCode(2)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
