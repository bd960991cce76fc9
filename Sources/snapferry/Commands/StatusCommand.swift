// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import Logging
import ServiceLifecycle
import UnixSignals

/// `snapferry status`: how the fleet stands.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract:
            "Shows the queue, the dead letters by reason, and for each destination the slots taken and copies in progress.",
        discussion: """
            Changes nothing. The queue, the policy and the way to AWS come from the same environment variables as for \
            "snapferry work"; with SNAPFERRY_SLOT_TABLE the slots are the table's. Up to 500 dead letters are read to count \
            them by reason, which hides them from others for a moment. What can't be asked is named, and hides nothing else: \
            where the source Region is gone, the destinations are still shown. The age of the oldest job comes from \
            CloudWatch, which learns it some minutes late.

            On a terminal --watch refreshes in place until q or an interrupt; elsewhere it prints one status after the other, \
            with --json one document a line. NO_COLOR and TERM=dumb are respected.

            Examples:
              snapferry status                            once
              snapferry status --watch                    every two seconds
              snapferry status --watch 10                 every ten seconds
              snapferry status --json | jq '.pools[] | select(.taken >= .limit)'

            Exit status: 0; 1 when there are dead letters; 2 when something could not be looked at.
            """
    )

    @OptionGroup var options: OperatorOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Go on looking.")
    var watch = false

    @Argument(help: ArgumentHelp("With --watch: how long from one look to the next, 1 to 3600.", valueName: "seconds"))
    var seconds: Double?

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        guard let seconds = self.seconds else { return }
        guard self.watch else { throw ValidationError("a number of seconds belongs to --watch") }
        guard (1...3600).contains(seconds) else { throw ValidationError("--watch takes 1 to 3600 seconds") }
    }

    func run() async throws {
        let bridge: OperatorBridge
        do {
            bridge = try await self.options.bridge()
        } catch let failure as LookFailure {
            throw failure.exit
        }
        let time: any TimeSource = self.clock?.time ?? SystemTimeSource()
        let isTerminal = TerminalWindow.isTerminal
        let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
        if self.watch { return try await self.watch(bridge, time, style) }
        let status = await FleetStatus.look(from: bridge, at: time.now())
        let page = StatusPage(status: status)
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else {
            let width = isTerminal ? TerminalWindow.current.width : 160
            for line in page.lines(width: width) { LineOutput.standardOutput.write(line.rendered(style)) }
        }
        if status.exitStatus != 0 { throw ExitCode(status.exitStatus) }
    }

    private func watch(_ bridge: OperatorBridge, _ time: any TimeSource, _ style: Style) async throws {
        let outcome = StatusOutcome()
        let watch = StatusWatch(
            bridge: bridge,
            time: time,
            interval: .milliseconds(Int64((self.seconds ?? 2) * 1000)),
            isJSON: self.json,
            isTerminal: TerminalWindow.isTerminal && TerminalWindow.environment["TERM"] != "dumb",
            style: style,
            output: .standardOutput,
            outcome: outcome
        )
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: watch, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "snapferry.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        configuration.maximumGracefulShutdownDuration = .seconds(3)
        configuration.maximumCancellationDuration = .seconds(2)
        try await ServiceGroup(configuration: configuration).run()
        if outcome.exitStatus != 0 { throw ExitCode(outcome.exitStatus) }
    }
}
