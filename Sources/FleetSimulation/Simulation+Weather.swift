// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// What is wrong for a while.
struct Weather {
    /// Regions in which nothing answers.
    var deadRegions: Set<String> = []
    /// Services that throttle nearly everything.
    var throttling: Set<ServiceName> = []
}

/// Troubles that come, last, and go.
extension Simulation {
    /// Of the requests in a storm, so many are throttled.
    static let stormStrength = 0.85

    func planWeather() {
        self.planAgain(.throttlingStorms) { [unowned self] in self.storm() }
        self.planAgain(.regionOutages) { [unowned self] in self.regionOutage() }
        self.planAgain(.disabledKeys) { [unowned self] in self.disableKey() }
        self.planAgain(.loweredLimits) { [unowned self] in self.lowerLimits() }
        self.planAgain(.inFlightCaps) { [unowned self] in self.capInFlight() }
        self.planAgain(.fullDestinations) { [unowned self] in self.fillDestinations() }
    }

    func endWeather() {
        self.weather = Weather()
        self.world.sqs.inFlightLimit = 120_000
        for destination in [Scenario.near, Scenario.far] { self.setKey(in: destination.region, isEnabled: true) }
        self.world.rds.settings.instanceCopyLimit = 20
        self.world.rds.settings.clusterCopyLimit = 5
        self.world.rds.settings.manualSnapshotLimit = Scenario.manualSnapshotLimit
    }

    private func storm() {
        let services: [ServiceName] = [.rds, .sqs, .dynamodb]
        let service = services[self.dice.pick(.throttlingStorms, 0..<services.count)]
        self.note("weather: \(service) throttles")
        self.weather.throttling.insert(service)
        self.plan(after: self.dice.duration(.throttlingStorms, 60...1800)) { [unowned self] in
            self.note("weather: \(service) throttles no more")
            self.weather.throttling.remove(service)
        }
    }

    private func regionOutage() {
        let regions = [Scenario.home, Scenario.near.region, Scenario.far.region]
        let region = regions[self.dice.pick(.regionOutages, 0..<regions.count)]
        self.note("weather: \(region) is gone")
        self.weather.deadRegions.insert(region)
        self.plan(after: self.dice.duration(.regionOutages, 120...5400)) { [unowned self] in
            self.note("weather: \(region) is back")
            self.weather.deadRegions.remove(region)
        }
    }

    private func disableKey() {
        let region = self.dice.happens(.disabledKeys, 0.5) ? Scenario.near.region : Scenario.far.region
        self.note("people: the key in \(region) is switched off")
        self.setKey(in: region, isEnabled: false)
        self.plan(after: self.dice.duration(.disabledKeys, 300...7200)) { [unowned self] in
            self.note("people: the key in \(region) is switched on")
            self.setKey(in: region, isEnabled: true)
        }
    }

    private func setKey(in region: String, isEnabled: Bool) {
        guard let key = self.keys[region] else { return }
        self.ask(.kms, isEnabled ? "EnableKey" : "DisableKey", ["KeyId": key], region, by: "people")
    }

    private func lowerLimits() {
        self.note("weather: RDS takes one copy of each kind")
        self.world.rds.settings.instanceCopyLimit = 1
        self.world.rds.settings.clusterCopyLimit = 1
        self.plan(after: self.dice.duration(.loweredLimits, 600...10_800)) { [unowned self] in
            self.note("weather: RDS takes more copies again")
            self.setCopyLimits()
        }
    }

    /// Leaves no room for more manual snapshots than there are anywhere.
    private func fillDestinations() {
        let counts = self.checks.pools.map { pool in
            self.world.snapshots(account: Scenario.account, region: pool.destination.region, kind: pool.kind.model)
                .count { $0.type == "manual" }
        }
        let limit = max(1, counts.max() ?? 1)
        self.note("weather: RDS keeps \(limit) manual snapshots of each kind")
        self.world.rds.settings.manualSnapshotLimit = limit
        self.plan(after: self.dice.duration(.fullDestinations, 600...10_800)) { [unowned self] in
            self.note("weather: RDS keeps more manual snapshots again")
            self.world.rds.settings.manualSnapshotLimit = Scenario.manualSnapshotLimit
        }
    }

    func setCopyLimits() {
        let isTight = self.dice.rate(.tightQuota) > 0
        self.world.rds.settings.instanceCopyLimit = isTight ? 2 : 20
        self.world.rds.settings.clusterCopyLimit = isTight ? 2 : 5
    }

    private func capInFlight() {
        let cap = self.dice.pick(.inFlightCaps, 1..<6)
        self.note("weather: SQS hands out \(cap) messages at once")
        self.world.sqs.inFlightLimit = cap
        self.plan(after: self.dice.duration(.inFlightCaps, 300...3600)) { [unowned self] in
            self.world.sqs.inFlightLimit = 120_000
        }
    }

    /// Does something over and over, at random moments, until faults end.
    func planAgain(_ fault: Fault, _ action: @escaping () -> Void) {
        guard let wait = self.dice.wait(for: fault) else { return }
        self.plan(after: wait) { [unowned self] in
            guard self.dice.rate(fault) > 0 else { return }
            action()
            self.planAgain(fault, action)
        }
    }
}
