// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import LocalAWS
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// `snapferry simulate`: the embedded AWS as a server.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs the embedded AWS as a server.",
        discussion: """
            Speaks SQS, RDS, EventBridge, DynamoDB, KMS and STS to any AWS client that is pointed at it with \
            AWS_ENDPOINT_URL. Sign with the key AKIALOCAL followed by an account's twelve digits and the secret "test", \
            or with "test" and "test" for account 000000000000. Nothing is kept when it ends.

            When it listens, it prints one line on stdout: ready url=http://127.0.0.1:4566 clock=1@2026-11-21T20:10:28Z
            """
    )

    @Option(help: "The port to listen on; 0 for any free one.")
    var port = 4566

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "How many seconds pass in one of the wall clock's.")
    var speed = 1.0

    @Option(help: ArgumentHelp("What is there from the start.", valueName: "file"))
    var seedData: String?

    @Option(help: ArgumentHelp("What goes wrong.", valueName: "file"))
    var faults: String?

    @Flag(inversion: .prefixedNo, help: "Check signatures.")
    var verifySignatures = true

    @Option(help: "How long a copy into another Region takes for each GiB.")
    var copySecondsPerGib: Double?

    @Option(help: "How long any copy takes on top of that, in seconds.")
    var copyOverheadSeconds: Double?

    @Option(help: ArgumentHelp("How the services behave, as PUT /_local/settings takes it.", valueName: "file"))
    var settings: String?

    func validate() throws {
        guard (0...65_535).contains(self.port) else { throw ValidationError("--port is from 0 to 65535") }
        guard self.speed > 0, self.speed <= 1_000_000 else { throw ValidationError("--speed is above 0") }
    }

    func run() async throws {
        var logger = Logger(label: "snapferry.simulate") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        // Cut to what the ready line can say, so that whoever reads it keeps the very same time.
        let epoch = Instant(milliseconds: SystemTimeSource.systemNow().milliseconds)
        let time = SystemTimeSource(speed: self.speed, epoch: epoch)
        let server = try LocalAWSServer(configuration: try self.serverConfiguration(time: time), logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                // A server that never listens throws from its own task.
                guard let port = try? await server.waitUntilListening() else { return }
                print("ready url=http://\(self.urlHost):\(port) clock=\(self.speedText)@\(time.epoch.iso8601)")
                // Whoever waits for this line reads it through a pipe.
                fflush(nil)
            }
            try await tasks.waitForAll()
        }
    }

    private func serverConfiguration(time: SystemTimeSource) throws -> LocalAWSConfiguration {
        var configuration = LocalAWSConfiguration()
        configuration.host = self.host
        configuration.port = self.port
        configuration.time = time
        configuration.verifiesSignatures = self.verifySignatures
        if let faults = self.faults {
            configuration.faults = try self.read(faults) { (document) throws(DocumentError) in try FaultScript(document)
            }
        }
        if let seed = self.seedData {
            configuration.seed = try self.read(seed) { (document) throws(DocumentError) in try SeedData(document) }
        }
        var settings = try self.settings.map { try self.read($0) { $0.object ?? [:] } } ?? [:]
        if let seconds = self.copySecondsPerGib { settings["copySecondsPerGiB"] = .double(seconds) }
        if let seconds = self.copyOverheadSeconds { settings["copyOverheadSeconds"] = .double(seconds) }
        configuration.settings = settings.isEmpty ? nil : .object(settings)
        return configuration
    }

    private func read<Value>(_ path: String, _ body: (JSONValue) throws -> Value) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("\(path) could not be read")
        }
        do {
            return try body(try JSONValue(parsing: data, dialect: .relaxed))
        } catch {
            throw ValidationError("\(path): \(error)")
        }
    }

    /// The address as a URL names it: an address of all interfaces is reached by loopback.
    private var urlHost: String {
        if self.host == "0.0.0.0" || self.host == "::" { return "127.0.0.1" }
        return self.host.contains(":") ? "[\(self.host)]" : self.host
    }

    private var speedText: String { JSONValue.double(self.speed).description }
}
