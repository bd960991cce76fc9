// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Monitoring
import SnapshotFleet

/// How the fleet stands, for a page that asks often and for many who look at once.
///
/// AWS is asked while somebody looks and not otherwise, by one look at a time, and seldom enough that pages take no more
/// than a tenth of the time; in between the last answer is good enough. Dead letters are read once a minute at most, since
/// that hides them from others for a moment.
actor FleetBoard {
    private static let freshness = Duration.seconds(4)
    private static let lettersFreshness = Duration.seconds(60)

    private let bridge: OperatorBridge
    private let time: any TimeSource
    private var last: FleetStatus?
    private var lettersAt: ContinuousClock.Instant?
    private var goodUntil: ContinuousClock.Instant?
    private var look: Task<FleetStatus, Never>?

    init(bridge: OperatorBridge, time: any TimeSource) {
        self.bridge = bridge
        self.time = time
    }

    /// The document that `snapferry status --json` prints, at most seconds old.
    func document() async -> JSONValue { StatusPage(status: await self.status()).document }

    private func status() async -> FleetStatus {
        if let look = self.look { return await look.value }
        if let last = self.last, let until = self.goodUntil, until > .now { return last }
        let look = Task { await self.lookAnew() }
        self.look = look
        let status = await look.value
        self.look = nil
        return status
    }

    private func lookAnew() async -> FleetStatus {
        let start = ContinuousClock.now
        let readsLetters = self.lettersAt.map { $0 + Self.lettersFreshness <= start } ?? true
        let survey = FleetSurvey(self.bridge, readsLetters: readsLetters, asksCloudWatch: false)
        var status = await survey.look(at: self.time.now(), after: self.last)
        if readsLetters {
            self.lettersAt = .now
        } else if status.deadLetters?.isEmpty == false {
            status.letters = status.letters ?? self.last?.letters
        }
        self.last = status
        self.goodUntil = .now + max(Self.freshness, (.now - start) * 9)
        return status
    }
}

extension FleetBoard {
    /// `/api/fleet.json`.
    ///
    /// - Parameter worker: Tells of the worker that shows the page; `nil` where no worker does.
    /// - Returns: What answers it.
    nonisolated func route(worker: (@Sendable () -> JSONValue)? = nil) -> MonitorRoute {
        {
            guard case .object(var members) = await self.document() else { return .json(.null, status: 500) }
            if let worker { members["worker"] = worker() }
            return .json(.object(members))
        }
    }

    /// The page, and what it asks for.
    nonisolated var routes: [String: MonitorRoute] {
        ["/": { FleetPage.answer }, FleetPage.documentPath: self.route()]
    }
}
