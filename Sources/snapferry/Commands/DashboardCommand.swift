// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import Logging
import Monitoring
import ServiceLifecycle
import UnixSignals

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `snapferry dashboard`: a page that shows the fleet.
struct DashboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Serves a page that shows the queue, slots filling up, copies, dead letters and recovery points.",
        discussion: """
            The page that each worker serves, without a worker: what it shows is asked of SQS, RDS and the slot table, with the \
            environment variables of "snapferry work", while somebody looks and not otherwise. Changes nothing; up to 500 dead \
            letters are read once a minute to count them by reason, which hides them from others for a moment.

            The page answers to loopback names and to the address that it is asked by; SNAPFERRY_ALLOWED_HOSTS lets other \
            names in. Whoever can reach it sees the names of databases: it has no password.

            It listens on 127.0.0.1:9500, or on a free port where that is taken. From elsewhere, \
            ssh -L 9500:127.0.0.1:9500 shows the same page.

            Examples:
              snapferry dashboard
              snapferry dashboard --listen 127.0.0.1:0        any free port

            Exit status: 0 after an interrupt, 2 when it could not look or listen.
            """
    )

    /// Not where workers listen: both may be on one machine.
    private static let standard = ListenAddress(host: "127.0.0.1", port: 9500)

    @OptionGroup var options: OperatorOptions

    @Option(help: ArgumentHelp("Where to listen; 127.0.0.1:9500 by default.", valueName: "address:port"))
    var listen: String?

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        guard let listen = self.listen, ListenAddress(listen) == nil else { return }
        throw ValidationError("--listen is an address and a port, such as 127.0.0.1:9500")
    }

    func run() async throws {
        let server: MonitorServer
        do {
            let bridge = try await self.options.bridge()
            let hosts = try Monitored.allowedHosts(ProcessInfo.processInfo.environment["SNAPFERRY_ALLOWED_HOSTS"])
            let board = FleetBoard(bridge: bridge, time: self.clock?.time ?? SystemTimeSource())
            server = MonitorServer(
                setting: self.listen.flatMap { ListenAddress($0) }.map { .given($0) } ?? .preferred(Self.standard),
                hosts: hosts,
                logger: Logger(label: "snapferry") { _ in SwiftLogNoOpLogHandler() },
                routes: board.routes.merging(["/health/live": WorkerHealth.live]) { first, _ in first }
            )
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as ConfigurationError {
            throw LookFailure(error.description).exit
        }
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: DashboardService(server: server))],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "snapferry.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        configuration.maximumGracefulShutdownDuration = .seconds(3)
        configuration.maximumCancellationDuration = .seconds(2)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let failure as BindFailure {
            throw LookFailure(failure.description).exit
        }
    }
}

/// Serves until it is told to stop.
private struct DashboardService: Service {
    let server: MonitorServer

    func run() async throws {
        async let _ = self.server.run()
        if let address = try await self.server.waitUntilListening() {
            LineOutput.standardOutput.write("Look at \(address.url)/ (ends with Ctrl-C)")
        }
        // Nothing is under way that would be worth waiting for.
        try? await gracefulShutdown()
    }
}
