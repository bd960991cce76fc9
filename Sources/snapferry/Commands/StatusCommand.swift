// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser

/// `snapferry status`: how the fleet stands.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract:
            "Shows the queue, the dead letters, and for each destination the copies in progress and the slots taken.",
        discussion: """
            Reads and changes nothing. The queue, the policy and the way to AWS come from the same environment variables as \
            for "snapferry work". What can't be asked is named, and hides nothing else.

            Exit status: 0; 1 when there are dead letters; 2 when something could not be looked at.
            """
    )

    @OptionGroup var options: OperatorOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func run() async throws {
        let status: FleetStatus
        do {
            let bridge = try await self.options.bridge()
            status = await FleetStatus.look(from: bridge, at: (self.clock?.time ?? SystemTimeSource()).now())
        } catch let failure as LookFailure {
            throw failure.exit
        }
        let page = StatusPage(status: status)
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else {
            let isTerminal = TerminalWindow.isTerminal
            let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
            let width = isTerminal ? TerminalWindow.current.width : 160
            for line in page.lines(width: width) { LineOutput.standardOutput.write(line.rendered(style)) }
        }
        if status.exitStatus != 0 { throw ExitCode(status.exitStatus) }
    }
}
