// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import FleetSimulation
import SnapshotFleet

/// `snapferry forecast`: when each database will be safe, and what that depends on.
struct ForecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Tells when each database will be safe, how old its copy becomes, and which quota that is due to.",
        discussion: """
            Lets a worker's own decisions run over the coming days in virtual time. Databases come from a file, or from \
            RDS itself: their backup windows, how long earlier copies took, and what is under way. Destinations, \
            priorities and slots come from the policy, as for "snapferry work". Reads and changes nothing.

            A file is JSON, { "databases": [ … ] }, or a table of comma-separated values whose first line names the \
            columns. Both know: name, kind (instance or cluster), region, account, engine, sizeGiB, backup (a time of \
            day or a window in UTC, or several), copyTime and rpo (as 90m, 26h, 2d).

            Examples:
              snapferry forecast --policy policy.json
              snapferry forecast --policy policy.json --file databases.csv --rpo 26h
              snapferry forecast --file databases.csv --slots cluster=10 --speed 400

            Exit status: 0; 1 when a copy would come too late for its RPO; 2 when something could not be looked at.
            """
    )

    @Option(help: ArgumentHelp("The databases, in JSON or CSV; RDS is asked by default.", valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("The policy; SNAPFERRY_POLICY, or the SNAPFERRY_… variables.", valueName: "file"))
    var policy: String?

    @Option(
        help: ArgumentHelp(
            "How old a copy may become at worst, as 26h, other than the routes say.",
            valueName: "duration"
        )
    )
    var rpo: DurationOption?

    @Option(help: ArgumentHelp("For how many days, 1 to 30.", valueName: "number"))
    var days = 3

    @Option(help: ArgumentHelp("From when on, in ISO 8601; from now on by default.", valueName: "time"))
    var from: InstantOption?

    @Option(help: ArgumentHelp("Another quota than the policy's, as instance=40; may be repeated.", valueName: "slots"))
    var slots: [SlotsOption] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "How many slots to add to a quota that is too small; may be repeated; 1, 5 and 20 by default.",
            valueName: "number"
        )
    )
    var more: [Int] = []

    @Option(help: ArgumentHelp("GiB an hour, where no earlier copy tells.", valueName: "speed"))
    var speed = 200.0

    @Option(help: ArgumentHelp("What a copy takes whatever its size.", valueName: "duration"))
    var overhead = DurationOption(duration: .seconds(300))

    @Option(help: ArgumentHelp("The fleet's own account, with --file.", valueName: "account"))
    var account = "000000000000"

    @Flag(help: "List every database, not only those that wait longest.")
    var all = false

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Allow plain http endpoints beyond this machine.")
    var allowPlaintext = false

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        guard (1...30).contains(self.days) else { throw ValidationError("--days has to be 1 to 30") }
        guard self.speed > 0, self.speed.isFinite else { throw ValidationError("--speed has to be above 0") }
        guard self.more.allSatisfy({ (1...1000).contains($0) }) else {
            throw ValidationError("--more has to be 1 to 1000")
        }
        guard self.account.isAccountID else { throw ValidationError("--account has to be 12 digits") }
    }

    func run() async throws {
        let source = ForecastSource(
            file: self.file,
            policy: self.policy,
            account: self.account,
            slots: Dictionary(self.slots.map { ($0.kind, $0.slots) }) { _, last in last },
            start: self.from?.instant ?? (self.clock?.time ?? SystemTimeSource()).now(),
            days: self.days,
            rpo: self.rpo?.duration,
            assumedSpeed: self.speed,
            overhead: self.overhead.duration,
            allowsPlaintext: self.allowPlaintext
        )
        let outlook: ForecastOutlook
        do {
            outlook = try await source.look()
        } catch let failure as LookFailure {
            throw failure.exit
        }
        let answer = Forecast(outlook.question).answer(more: self.more.isEmpty ? [1, 5, 20] : self.more)
        let page = ForecastPage(outlook: outlook, answer: answer, showsAll: self.all)
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else {
            let isTerminal = TerminalWindow.isTerminal
            let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
            let width = isTerminal ? TerminalWindow.current.width : 120
            for line in page.lines(width: width) { LineOutput.standardOutput.write(line.rendered(style)) }
        }
        if page.exitStatus != 0 { throw ExitCode(page.exitStatus) }
    }
}

/// A duration as people write it: `26h`.
struct DurationOption: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let duration: Duration

    init(duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let duration = Duration(policyText: argument), duration > .zero else { return nil }
        self.duration = duration
    }

    var description: String { self.duration.policyText }
    var defaultValueDescription: String { self.description }
}

/// A moment in ISO 8601.
struct InstantOption: ExpressibleByArgument, Sendable {
    let instant: Instant

    init?(argument: String) {
        guard let instant = Instant(iso8601: argument) else { return nil }
        self.instant = instant
    }
}

/// A quota: `cluster=10`.
struct SlotsOption: ExpressibleByArgument, Sendable {
    let kind: SnapshotKind
    let slots: Int

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = SnapshotKind(rawValue: String(parts[0])), let slots = Int(parts[1]),
            (1...1000).contains(slots)
        else { return nil }
        self.kind = kind
        self.slots = slots
    }
}
