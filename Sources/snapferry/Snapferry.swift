// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser

@main
struct Snapferry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapferry",
        abstract: "Carries Amazon RDS and Aurora snapshots into other Regions and accounts.",
        version: Version.current,
        subcommands: [
            CheckCommand.self, CopyCommand.self, DeadLetterCommand.self, DemoCommand.self, ExplainCommand.self,
            ForecastCommand.self, HealthCommand.self, PolicyCommand.self, PruneCommand.self, ReportCommand.self,
            SimulateCommand.self, StatusCommand.self, SweepCommand.self, WorkCommand.self,
        ]
    )

    /// Runs the command that the arguments name.
    ///
    /// A flag that no command knows ends with status 2, as everything does that could not even begin; the parser's own
    /// status would be 64.
    static func main() async {
        do {
            var command = try self.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard self.exitCode(for: error) == .validationFailure else { self.exit(withError: error) }
            LineOutput.standardError.write(self.fullMessage(for: error))
            self.exit(withError: ExitCode(2))
        }
    }
}
