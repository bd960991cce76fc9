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

/// `snapferry report`: how old the recovery points are.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Shows, for each database and destination, the newest confirmed copy and its age against the RPO.",
        discussion: """
            Lists the copies at every destination, a call for each hundred snapshots, and the databases at the sources. A copy \
            counts when RDS calls it available and it is the fleet's own, by tag and by name; its age is that of the data, \
            counted from when the source's snapshot was taken. The worst comes first: databases never copied, then those \
            furthest beyond their route's "rpo". Databases that no route takes are named with the reason; what was deleted at \
            its source breaks nothing.

            The destinations are enough: where a source does not answer, one line says so, and databases that were never \
            copied are missing. How long copies took is known of DB instances, for two weeks, by RDS's events.

            Changes nothing, and needs no queue. Beside rds:DescribeDBSnapshots and rds:DescribeDBClusterSnapshots at the \
            destinations it asks for rds:DescribeEvents there, and for rds:DescribeDBInstances and rds:DescribeDBClusters at \
            the sources; without those it knows less.

            Examples:
              snapferry report                             a table
              snapferry report --breaches || page-someone  for cron and CI
              snapferry report --html report.html          one page that needs nothing else
              snapferry report --json | jq '.rows[] | select(.breach)'
              snapferry report --csv > report.csv

            Exit status: 0; 1 when an RPO is broken, or can't be shown to be kept; 2 when a destination could not be looked at.
            """
    )

    @Option(
        help: ArgumentHelp(
            "One destination alone: a Region, or an account and a Region.",
            valueName: "[account/]region"
        )
    )
    var to: String?

    @Flag(help: "Leave out what keeps its RPO.")
    var breaches = false

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Print comma-separated values.")
    var csv = false

    @Option(help: ArgumentHelp("Write a page for browsers; - for standard output.", valueName: "file"))
    var html: String?

    @Flag(inversion: .prefixedNo, help: "Ask how long copies took.")
    var durations = true

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        guard !(self.json && self.csv) else { throw ValidationError("--json and --csv exclude each other") }
        guard self.html != "-" || !(self.json || self.csv) else {
            throw ValidationError("standard output takes one of --json, --csv and --html -")
        }
    }

    func run() async throws {
        do {
            let post = try await self.options.post()
            let survey = ReportSurvey(
                post: post,
                destinations: try self.options.destinations(to: self.to, of: post.policy),
                asksForDurations: self.durations
            )
            var page = try await survey.look(at: (self.clock?.time ?? SystemTimeSource()).now())
            page.breachesOnly = self.breaches
            try self.show(page)
            if page.exitStatus != 0 { throw ExitCode(page.exitStatus) }
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as AWSError {
            throw LookFailure("\(error)").exit
        }
    }

    private func show(_ page: ReportPage) throws {
        if let path = self.html {
            let text = ReportHTML(page: page).text
            if path == "-" { return LineOutput.standardOutput.write(raw: text) }
            do {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
            } catch {
                throw LookFailure("the file \(path.excerpt(300)) can't be written")
            }
        }
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else if self.csv {
            for line in page.commaSeparated { LineOutput.standardOutput.write(line + "\r") }
        } else {
            let isTerminal = TerminalWindow.isTerminal
            let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
            let width = isTerminal ? TerminalWindow.current.width : 200
            for line in page.lines(width: width) { LineOutput.standardOutput.write(line.rendered(style)) }
        }
        guard self.json || self.csv else { return }
        for problem in page.problems { LineOutput.standardError.write("snapferry: could not look: \(problem)") }
    }
}
