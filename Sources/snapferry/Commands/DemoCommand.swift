// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser
import Logging
import ServiceLifecycle
import UnixSignals

/// `snapferry demo`: the whole thing on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows a simulated day of the fleet, live, on this machine.",
        discussion: """
            Runs an embedded AWS and two workers in this process, and lets a day pass in about a minute: a dozen databases, \
            Aurora and encrypted ones among them, take their daily snapshots in us-east-1, and the fleet carries them to \
            eu-west-1. Slots fill, RDS throttles, a copy fails, a poisoned message goes to the dead-letter queue, and one of \
            the workers is killed while it watches copies: the other adopts them. Nothing leaves this machine.

            On a terminal, "k" kills a worker and "q" ends the demo. Into a pipe, or with --plain, it prints a line for each \
            thing that happens.

            Examples:
              snapferry demo                        a live picture on a terminal
              snapferry demo --plain                a line for each thing that happens

            Exit status: 0 when every snapshot is confirmed at the destination, the queue is empty and only the poisoned \
            message is a dead letter; 1 otherwise, with what is missing; 130 when it was interrupted.
            """
    )

    @Flag(help: "Print lines, not a screen: for pipes and CI.")
    var plain = false

    @Option(help: "How many simulated seconds pass in a second; 60 to 3000.")
    var speed = 1200.0

    @Option(help: "How long the simulated day is, in hours; 6 to 24.")
    var hours = 24

    @Option(help: "How many workers there are at the beginning; 2 to 8.")
    var workers = 2

    func validate() throws {
        guard (60...3000).contains(self.speed) else { throw ValidationError("--speed has to be 60 to 3000") }
        guard (6...24).contains(self.hours) else { throw ValidationError("--hours has to be 6 to 24") }
        guard (2...8).contains(self.workers) else { throw ValidationError("--workers has to be 2 to 8") }
    }

    func run() async throws {
        let isTerminal = TerminalWindow.isTerminal
        let environment = TerminalWindow.environment
        let isPlain = self.plain || !isTerminal || environment["TERM"] == "dumb"
        let outcome = DemoOutcome()
        let options = DemoRunner.Options(story: .day(hours: self.hours), speed: self.speed, workers: self.workers)
        let show = DemoShow(
            runner: try DemoRunner(options: options),
            isPlain: isPlain,
            style: isPlain ? .plain : Style.allowed(isTerminal: isTerminal, environment: environment),
            output: .standardOutput,
            outcome: outcome
        )
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: show, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "snapferry.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        configuration.maximumCancellationDuration = .seconds(2)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            LineOutput.standardError.write("snapferry: the demo could not be given: \(error)")
            throw ExitCode(1)
        }
        if outcome.exitStatus != 0 { throw ExitCode(outcome.exitStatus) }
    }
}
