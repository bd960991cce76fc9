// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Looks now and then how old the recovery points are, and tells the notifier.
///
/// Needs the destinations alone. Whether a database that seems to be late is still there is asked of its source, where that
/// answers: what was deleted breaks no RPO. What goes wrong is told as trouble and ends nothing but that look.
package struct RecoveryPointWatch: Sendable {
    /// A list of so many pages may be read again after as many times this.
    private static let pausePerPage = Duration.seconds(10)

    private let policy: Policy
    private let lister: any RecoveryLister
    private let notifier: any Notifier
    private let time: any TimeSource
    private let interval: Duration

    /// Makes a watch that does nothing until ``run()``.
    ///
    /// - Parameters:
    ///   - policy: Its accounts filled in.
    ///   - lister: Who lists copies and databases.
    ///   - notifier: Is told ``FleetEvent/recoveryPoints(_:)``.
    ///   - time: The clock.
    ///   - interval: From one look to the next, give or take a tenth, so that workers do not look all at once; long lists
    ///     make it longer.
    package init(
        policy: Policy,
        lister: any RecoveryLister,
        notifier: any Notifier,
        time: any TimeSource,
        interval: Duration
    ) {
        self.policy = policy
        self.lister = lister
        self.notifier = notifier
        self.time = time
        self.interval = interval
    }

    /// Looks until the task is cancelled; for the first time within a quarter of the interval.
    package func run() async {
        var random = SystemRandomNumberGenerator()
        var pause = self.interval * Double.random(in: 0.05...0.25, using: &random)
        while (try? await self.time.sleep(for: pause)) != nil {
            let pages = await self.survey()
            pause = Self.pause(after: pages, interval: self.interval, using: &random)
        }
    }

    /// How long to wait after a look that took so many pages.
    package static func pause(
        after pages: Int,
        interval: Duration,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        max(interval, Self.pausePerPage * pages) * Double.random(in: 0.9...1.1, using: &random)
    }

    /// Looks once.
    ///
    /// - Returns: How many pages there were to read.
    @discardableResult
    package func survey() async -> Int {
        let now = self.time.now()
        let survey = RecoverySurvey(policy: self.policy, depth: 1, width: 4)
        guard let look = try? await survey.look(with: self.lister, sources: false, at: now) else { return 0 }
        var points = look.points
        var report = points.report()
        if report.breaches > 0 {
            await self.askSources(of: report, &points)
            guard !Task.isCancelled else { return look.pages }
            report = points.report()
        }
        for gap in report.gaps {
            self.notifier.notify(.trouble(operation: "recovery-points", gap.trouble), at: self.time.now())
        }
        if !report.routes.isEmpty { self.notifier.notify(.recoveryPoints(report.routes), at: self.time.now()) }
        return look.pages
    }

    /// Asks whether databases that seem to be late are there; where nobody answers they count as there.
    private func askSources(of report: RecoveryReport, _ points: inout RecoveryPoints) async {
        let late = report.lines.filter(\.isBreach).map { line in
            SourceGroup(account: line.database.account, region: line.database.region, kind: line.database.kind)
        }
        for group in Set(late).sorted() {
            guard let facts = try? await self.lister.facts(in: group) else { continue }
            points.take(present: facts.map(\.database), in: group)
        }
    }
}
