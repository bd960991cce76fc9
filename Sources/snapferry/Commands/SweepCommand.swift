// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser
import SnapshotFleet

/// `snapferry sweep`: what is missing, and jobs for it.
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Compares every source of the policy with its destinations, and enqueues what is missing.",
        discussion: """
            Lists each source and each destination once, a call for each hundred snapshots. A copy is there when a snapshot \
            of its name is, and is a copy of the source by our tag or by RDS's word, or when our tag on another one says so. \
            What is older than --since counts only as the newest snapshot of its database; what the route's retention \
            would delete again is left alone. A job that is on the queue already does no harm a second time. Says what \
            it will do, and does it with --yes. Workers do the same for the message {"snapferry": "sweep"}, which may \
            carry "route", "regions", "horizon" and "max".

            Examples:
              snapferry sweep --dry-run                  what is missing
              snapferry sweep --since 14d --max 50 --yes
              snapferry sweep --json | jq .missing       for programs

            Exit status: 0 when nothing is missing, or all that is missing was enqueued; 1 when something is missing that \
            was not enqueued; 2 when something could not be looked at, or not be sent.
            """
    )

    @Option(help: "One route alone.")
    var route: String?

    @Option(help: ArgumentHelp("One source Region alone; may be repeated.", valueName: "region"))
    var region: [String] = []

    @Option(
        name: [.customLong("since"), .customLong("horizon")],
        help: ArgumentHelp("How far to look back: a duration such as 7d, or a time in ISO 8601.", valueName: "when")
    )
    var since = SweepHorizon.duration(SweepRequest.standardHorizon)

    @Option(help: ArgumentHelp("How many jobs to enqueue at the most, the newest first.", valueName: "number"))
    var max = SweepRequest.standardLimit

    @Flag(help: "Enqueue nothing, whatever else is said.")
    var dryRun = false

    @Flag(help: "Enqueue what is missing.")
    var yes = false

    @Flag(help: "Print one JSON document.")
    var json = false

    @OptionGroup var options: OperatorOptions

    @Option(help: "Keep step with an embedded AWS, as its ready line says.")
    var clock: ClockOption?

    func validate() throws {
        guard SweepRequest.limits.contains(self.max) else {
            throw ValidationError(
                "--max has to be \(SweepRequest.limits.lowerBound) to \(SweepRequest.limits.upperBound)"
            )
        }
    }

    func run() async throws {
        do {
            let sends = self.yes && !self.dryRun
            let bridge = sends ? try await self.options.bridge() : nil
            let post: OperatorPost
            if let bridge { post = bridge.post } else { post = try await self.options.post() }
            let now = (self.clock?.time ?? SystemTimeSource()).now()
            let page = SweepPage(
                report: try await self.look(from: post, at: now),
                now: now,
                horizon: try self.since.horizon(at: now),
                sends: sends
            )
            self.show(page)
            var status = page.exitStatus
            if let bridge { status = Swift.max(status, try await self.send(page.report, over: bridge)) }
            if status != 0 { throw ExitCode(status) }
        } catch let failure as LookFailure {
            throw failure.exit
        } catch let error as AWSError {
            throw LookFailure("\(error)").exit
        }
    }

    private func look(from post: OperatorPost, at now: Instant) async throws -> SweepReport {
        if let route = self.route, !post.policy.routes.contains(where: { $0.name == route }) {
            throw LookFailure("the policy has no route \"\(route.excerpt())\"")
        }
        let known = Set(post.policy.routes.flatMap(\.source.regions))
        for region in self.region where !known.contains(region) {
            let names = known.sorted().joined(separator: ", ")
            throw LookFailure("\(region.excerpt()) is no source of the policy, which has \(names)")
        }
        let request = SweepRequest(
            route: self.route,
            regions: self.region,
            horizon: try self.since.horizon(at: now),
            limit: self.max
        )
        let service = try RDSSnapshotService(session: post.session, ownAccount: post.account, policy: post.policy)
        return try await Sweep(policy: post.policy, request: request).look(with: service, at: now)
    }

    /// - Returns: The exit status.
    private func send(_ report: SweepReport, over bridge: OperatorBridge) async throws -> Int32 {
        guard !report.missing.isEmpty else { return 0 }
        let queue = SQSJobQueue(sqs: bridge.sqs, url: bridge.queueURL, deadLetterURL: "", worker: "")
        do {
            try await queue.send(report.missing.map { OutgoingMessage(body: JobMessage.encode($0.job)) })
        } catch {
            throw LookFailure("not everything could be enqueued, and may be swept again: \(error)")
        }
        let line = "Enqueued \(report.missing.count) on \(bridge.queueURL)"
        if !self.json { LineOutput.standardOutput.write(line) }
        return 0
    }

    private func show(_ page: SweepPage) {
        if self.json {
            LineOutput.standardOutput.write(page.document.description)
        } else {
            let isTerminal = TerminalWindow.isTerminal
            let style = Style.allowed(isTerminal: isTerminal, environment: TerminalWindow.environment)
            let width = isTerminal ? TerminalWindow.current.width : 160
            for line in page.lines(width: width) { LineOutput.standardOutput.write(line.rendered(style)) }
        }
        for gap in page.report.gaps { LineOutput.standardError.write("snapferry: could not look: \(gap)") }
    }
}

/// How far a sweep looks back, as people say it.
enum SweepHorizon: ExpressibleByArgument, Sendable, Equatable {
    case duration(Duration)
    case time(Instant)

    init?(argument: String) {
        if let duration = Duration(policyText: argument), SweepRequest.horizons.contains(duration) {
            self = .duration(duration)
        } else if let time = Instant(iso8601: argument) {
            self = .time(time)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .duration(let duration): duration.policyText
        case .time(let time): time.iso8601
        }
    }

    /// The span that ends now.
    func horizon(at now: Instant) throws(LookFailure) -> Duration {
        switch self {
        case .duration(let duration): return duration
        case .time(let time):
            guard time < now else { throw LookFailure("--since \(time.iso8601) is not in the past") }
            return now - time
        }
    }
}
