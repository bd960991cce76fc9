// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import LocalAWS
import LocalAWSServer
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
            Speaks SQS, RDS, EventBridge, DynamoDB, KMS, SNS and STS to any AWS client that is pointed at it with \
            AWS_ENDPOINT_URL. Sign with the key AKIALOCAL followed by an account's twelve digits and the secret "test", \
            or with "test" and "test" for account 000000000000. Nothing is kept when it ends.

            When it listens, it prints one line on stdout: ready url=http://127.0.0.1:4566 clock=1@2026-11-21T20:10:28Z

            Examples:
              snapferry simulate --port 4566        http://127.0.0.1:4566
              snapferry simulate --speed 60         an hour passes in a minute

            Exit status: 0 after SIGTERM or SIGINT, 2 when it could not start; one line on stderr says what to change.
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
        let server = try Self.orExit { () throws(FileFailure) in try self.server(time: time, logger: logger) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await withThrowingTaskGroup { tasks in
            tasks.addTask {
                do {
                    try await group.run()
                } catch let failure as ListenFailure {
                    throw Self.exit(failure.description)
                }
            }
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

    private func server(time: SystemTimeSource, logger: Logger) throws(FileFailure) -> LocalAWSServer {
        var configuration = LocalAWSConfiguration()
        configuration.host = self.host
        configuration.port = self.port
        configuration.time = time
        configuration.verifiesSignatures = self.verifySignatures
        if let path = self.faults {
            configuration.faults = try Self.read(path) { (document) throws(DocumentError) in try FaultScript(document) }
        }
        if let path = self.seedData {
            configuration.seed = try Self.read(path) { (document) throws(DocumentError) in try SeedData(document) }
        }
        var settings: [String: JSONValue] = [:]
        if let path = self.settings {
            settings = try Self.read(path) { (document) throws(DocumentError) -> [String: JSONValue] in
                guard let members = document.object else {
                    throw DocumentError("the document", "an object belongs here, not \(document.kind)")
                }
                return members
            }
        }
        if let seconds = self.copySecondsPerGib { settings["copySecondsPerGiB"] = .double(seconds) }
        if let seconds = self.copyOverheadSeconds { settings["copyOverheadSeconds"] = .double(seconds) }
        configuration.settings = settings.isEmpty ? nil : .object(settings)
        do {
            return try LocalAWSServer(configuration: configuration, logger: logger)
        } catch {
            // Seed data and settings show what is wrong with them only when they are applied.
            let files = [self.seedData, self.settings].compactMap { $0 }.joined(separator: ", ")
            throw FileFailure(path: files.isEmpty ? "settings" : files, problem: "\(error)")
        }
    }

    private static func read<Value>(
        _ path: String,
        _ body: (JSONValue) throws(DocumentError) -> Value
    ) throws(FileFailure) -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FileFailure(path: path, problem: "the file could not be read")
        }
        do {
            return try body(try JSONValue(parsing: data, dialect: .relaxed))
        } catch {
            throw FileFailure(path: path, problem: "\(error)")
        }
    }

    /// Turns what is wrong with a file into one line on stderr and exit status 2.
    private static func orExit<Value>(_ body: () throws(FileFailure) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Self.exit("\(error.path): \(error.problem)")
        }
    }

    private static func exit(_ message: String) -> ExitCode {
        LineOutput.standardError.write("snapferry: \(message)")
        return ExitCode(2)
    }

    /// The address as a URL names it: an address of all interfaces is reached by loopback.
    private var urlHost: String {
        if self.host == "0.0.0.0" || self.host == "::" { return "127.0.0.1" }
        return self.host.contains(":") ? "[\(self.host)]" : self.host
    }

    private var speedText: String { JSONValue.double(self.speed).description }
}

/// What is wrong with a file that an option names.
private struct FileFailure: Error {
    let path: String
    let problem: String
}
