// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet

/// What a forecast rests on, a sentence each.
struct ForecastAssumptions: Sendable {
    let outlook: ForecastOutlook
    let answer: ForecastAnswer

    private var question: ForecastQuestion { self.outlook.question }

    var lines: [String] {
        var lines = [
            "Nothing fails, events arrive at once, and nobody else takes slots"
                + (self.question.underWay.isEmpty
                    ? "." : ", but for the \(self.question.underWay.count) copies that are under way."),
            "Who starts next: the route's priority, then the database whose newest copy is oldest, then age; one copy at "
                + "a time of one database to one destination.",
            self.backups,
        ]
        lines += self.answer.pools.map { self.pace(in: $0) }
        lines.append(
            "Slots are the policy's: "
                + self.answer.pools.map { "\(self.name(of: $0.pool)) \($0.slots)" }
                .joined(separator: ", ") + "."
        )
        if self.question.days < 2, self.question.newestCopies.isEmpty {
            lines.append("One day has no copy before the first, so that it tells no RPO; --days 2 does.")
        }
        if !self.question.overdue.isEmpty {
            lines.append("\(self.question.overdue.count) snapshots that have no copy yet are enqueued at once.")
        }
        if self.answer.superseded > 0 {
            lines.append("\(self.answer.superseded) snapshots are overtaken by newer ones and not copied.")
        }
        if !self.outlook.withoutBackups.isEmpty {
            lines.append(
                "No automated backups, so nothing to copy: \(self.outlook.withoutBackups.joined(separator: ", "))."
            )
        }
        return lines
    }

    private var backups: String {
        self.outlook.isOfAccount
            ? "Snapshots are there each day at the time of the newest automated one, else at the end of the backup window."
            : "Snapshots are there each day at the time given, of a backup window at its end."
    }

    /// How the times of a pool's copies were found.
    private func pace(in pool: ForecastAnswer.Pool) -> String {
        let lanes = self.answer.lanes.filter { $0.lane.pool == pool.pool }
        let counts = Dictionary(grouping: lanes.compactMap { $0.copies.last?.basis }) { $0 }.mapValues(\.count)
        let pace = self.question.pace
        let parts = ForecastPace.Basis.allCases.compactMap { basis -> String? in
            guard let count = counts[basis] else { return nil }
            switch basis {
            case .stated: return "\(count) as stated"
            case .measured: return "\(count) as long as their earlier copies took"
            case .neighbours:
                return "\(count) at \(Self.number(pace.speed(in: pool.pool) ?? 0)) GiB/h, the speed of "
                    + "\(pace.samples[pool.pool] ?? 0) earlier copies, and \(HumanUnits.hours(pace.overhead)) each"
            case .assumed:
                return "\(count) at \(Self.number(pace.gibibytesPerHour)) GiB/h and "
                    + "\(HumanUnits.hours(pace.overhead)) each, which nobody has measured (--speed, --overhead)"
            case .guessed: return "\(count) of unknown size at \(HumanUnits.hours(pace.unknown))"
            }
        }
        return "Copies to \(self.name(of: pool.pool)): \(parts.joined(separator: "; "))."
    }

    private func name(of pool: SlotPool) -> String {
        let isOwn = pool.destination.account == self.question.ownAccount
        return "\(isOwn ? pool.destination.region : pool.destination.description) \(pool.kind.rawValue)"
    }

    private static func number(_ value: Double) -> String {
        value >= 10 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
    }
}
