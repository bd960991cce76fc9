// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser

@main
struct Snapferry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapferry",
        abstract: "Carries Amazon RDS and Aurora snapshots into other Regions and accounts.",
        discussion: """
            Workers take RDS's snapshot events off an SQS queue, start copies within RDS's quotas, and confirm each. The             other commands look, plan, and help. Tables are for people, with times in the zone of this machine; --json is             for programs, with times in UTC. What changes AWS says what it will do, and does it with --yes.

            Examples:
              snapferry check                       what would fail
              snapferry work                        a worker
              snapferry status                      how the fleet stands
              snapferry help sweep                  all about one command
              snapferry --generate-completion-script bash

            Exit status: 0; 1 found trouble; 2 could not look, or start.
            """,
        version: Version.current,
        subcommands: [
            CheckCommand.self, CopyCommand.self, DashboardCommand.self, DeadLetterCommand.self, DemoCommand.self,
            ExplainCommand.self, ForecastCommand.self, HealthCommand.self, PolicyCommand.self, PruneCommand.self,
            ReportCommand.self, SimulateCommand.self, StatusCommand.self, SweepCommand.self, WorkCommand.self,
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
