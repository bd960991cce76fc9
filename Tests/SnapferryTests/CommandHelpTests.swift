// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser
import Testing

@testable import snapferry

/// What each command says about itself, and whether that is true.
@Suite struct CommandHelpTests {
    /// A command with its path: `dlq replay`.
    struct Command: Sendable, CustomTestStringConvertible {
        let path: String
        let type: any ParsableCommand.Type
        var testDescription: String { self.path }

        var discussion: String { self.type.configuration.discussion }

        /// What the help shows to be typed: lines that begin with two blanks and name the program.
        var examples: [String] {
            let lines = self.discussion.split(separator: "\n", omittingEmptySubsequences: false)
            guard let heading = lines.firstIndex(of: "Examples:") else { return [] }
            return lines[(heading + 1)...].prefix { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
                .filter { $0.contains("snapferry ") }
        }
    }

    static let commands = Self.all(Snapferry.self, path: "snapferry")

    private static func all(_ type: any ParsableCommand.Type, path: String) -> [Command] {
        [Command(path: path, type: type)]
            + type.configuration.subcommands.flatMap { child in
                self.all(child, path: "\(path) \(child.configuration.commandName ?? "?")")
            }
    }

    /// The arguments behind the program's name, without what belongs to the shell, or to the reader.
    static func arguments(of example: String) -> [String] {
        let words = example.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard let program = words.firstIndex(of: "snapferry") else { return [] }
        // A comment is two blanks away.
        let line = words[(program + 1)...].prefix { !["", "|", "||", ">", "<"].contains($0) }
        return line.map { $0.filter { $0 != "'" && $0 != "\"" } }
    }

    @Test(arguments: CommandHelpTests.commands) func everyCommandShowsHowItIsUsed(command: Command) throws {
        #expect(!command.examples.isEmpty)
        for example in command.examples where !example.hasPrefix("HEALTHCHECK") {
            #expect(example.contains("\(command.path) ") || example.hasSuffix(command.path), "\(example)")
            // With its indentation it has to fit into 80 columns.
            #expect(example.count <= 78, "\(example)")
        }
    }

    @Test(arguments: CommandHelpTests.commands) func everyExampleIsTaken(command: Command) throws {
        for example in command.examples where !example.hasPrefix("HEALTHCHECK") {
            let arguments = Self.arguments(of: example)
            do {
                _ = try Snapferry.parseAsRoot(arguments)
            } catch {
                // Help and completion scripts are no failure, though no command either.
                #expect(Snapferry.exitCode(for: error) == .success, "\(example): \(Snapferry.message(for: error))")
            }
        }
    }

    @Test(arguments: CommandHelpTests.commands) func everyCommandThatRunsNamesItsExitStatus(command: Command) {
        let isGroup = !command.type.configuration.subcommands.isEmpty
        let isSchema = command.path.hasSuffix("schema")
        if !isGroup, !isSchema { #expect(command.discussion.contains("Exit status: 0")) }
    }

    @Test(arguments: [CompletionShell.bash, .zsh, .fish]) func shellsCanCompleteEveryCommand(shell: CompletionShell) {
        let script = Snapferry.completionScript(for: shell)
        for command in Self.commands.dropFirst() {
            let name = command.path.split(separator: " ").last ?? ""
            #expect(script.contains(name), "\(name) is missing")
        }
        for flag in ["--dry-run", "--reason", "--move", "--save"] {
            #expect(script.contains(shell == .fish ? String(flag.dropFirst(2)) : flag), "\(flag) is missing")
        }
    }
}
