// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `snapferry policy lint`: everything that is wrong with a policy, at once.
struct PolicyLintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Names every mistake of a policy at once: where it is, what is wrong, what to write instead.",
        discussion: """
            Asks nobody; "snapferry check" asks AWS. What is legal and was hardly meant is told as a doubt, which is no mistake.

            Examples:
              snapferry policy lint policy.json
              snapferry policy lint - < policy.json
              SNAPFERRY_POLICY=policy.json snapferry policy lint

            Exit status: 0; 1 when the policy has mistakes; 2 when there is no policy, or it can't be read.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The policy, - for standard input; by default SNAPFERRY_POLICY, or the SNAPFERRY_… variables.",
            valueName: "file"
        )
    )
    var file: String?

    @Option(help: "The fleet's own account: checks what only shows when it is filled in.")
    var account: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    func validate() throws {
        if let account = self.account, !account.isAccountID { throw ValidationError("--account has to be 12 digits") }
    }

    func run() throws {
        let page: LintPage
        do throws(ConfigurationError) {
            let environment = ProcessInfo.processInfo.environment
            let given = self.file ?? environment["SNAPFERRY_POLICY"]
            page = try LintPage(path: given, environment: environment, account: self.account)
        } catch {
            throw LookFailure(error.description).exit
        }
        let lines = self.json ? [page.document.description] : page.lines
        for line in lines { LineOutput.standardOutput.write(line) }
        if page.exitStatus != 0 { throw ExitCode(page.exitStatus) }
    }
}
