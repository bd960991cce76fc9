// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import SnapshotFleet

/// A forecast for programs: moments in ISO 8601, durations in seconds.
extension ForecastPage {
    var document: JSONValue {
        [
            "from": .string(self.outlook.question.start.iso8601),
            "days": .integer(Int64(self.outlook.question.days)),
            "lastSafe": .string(self.answer.end.iso8601),
            "worstRpoSeconds": Self.seconds(self.answer.worstAge),
            "databases": .array(self.answer.lanes.map { self.document($0) }),
            "quotas": .array(self.answer.pools.map { self.document($0) }),
            "notCopied": .array(
                self.answer.unwanted.map { ["name": .string($0.database.name), "why": .string($0.reason)] }
            ),
            "superseded": .integer(Int64(self.answer.superseded)),
            "assumptions": .array(
                ForecastAssumptions(outlook: self.outlook, answer: self.answer).lines.map { .string($0) }
            ),
            "problems": .array((self.outlook.problems + self.answer.failures).map { .string($0) }),
        ]
    }

    private func document(_ lane: ForecastAnswer.Lane) -> JSONValue {
        let id = lane.lane.database
        return [
            "name": .string(id.name), "kind": .string(id.kind.rawValue), "account": .string(id.account),
            "region": .string(id.region), "route": .string(lane.route),
            "destination": [
                "account": .string(lane.lane.destination.account), "region": .string(lane.lane.destination.region),
            ],
            "worstRpoSeconds": Self.seconds(lane.worstAge), "rpoSeconds": Self.seconds(lane.rpo),
            "isLate": .bool(lane.isLate),
            "copies": .array(
                lane.copies.map { copy in
                    [
                        "taken": .string(copy.taken.iso8601), "starts": .string(copy.starts.iso8601),
                        "safe": .string(copy.safe.iso8601), "waitsSeconds": Self.seconds(copy.waited),
                        "takesSeconds": Self.seconds(copy.took), "basis": .string(copy.basis.rawValue),
                    ]
                }
            ),
        ]
    }

    private func document(_ pool: ForecastAnswer.Pool) -> JSONValue {
        let more = self.answer.withMore.filter { $0.pool == pool.pool }
        return [
            "account": .string(pool.pool.destination.account), "region": .string(pool.pool.destination.region),
            "kind": .string(pool.pool.kind.rawValue), "slots": .integer(Int64(pool.slots)),
            "mostTaken": .integer(Int64(pool.most)), "binds": .bool(pool.binds),
            "shortSeconds": Self.seconds(pool.short), "load": .double((pool.load * 1000).rounded() / 1000),
            "longestCopySeconds": Self.seconds(pool.longestCopy), "worstLagSeconds": Self.seconds(pool.worstLag),
            "worstRpoSeconds": Self.seconds(pool.worstAge),
            "withMore": .array(
                more.map {
                    [
                        "slots": .integer(Int64(pool.slots + $0.more)), "worstLagSeconds": Self.seconds($0.worstLag),
                        "worstRpoSeconds": Self.seconds($0.worstAge), "binds": .bool($0.stillBinds),
                    ]
                }
            ),
        ]
    }

    private static func seconds(_ duration: Duration?) -> JSONValue {
        duration.map { .integer(Int64($0.inSeconds.rounded())) } ?? .null
    }
}
