// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Two ledgers that ask for the same slot at the same time, over HTTP.
///
/// `SNAPFERRY_RACE_ENDPOINT` names another DynamoDB than the embedded one, and `SNAPFERRY_RACE_ROUNDS` how often they
/// race; the conformance tests let them race in moto.
@Suite struct SlotRaceTests {
    private static let pool = SlotPool(
        destination: Destination(account: SimulatedAWS.account, region: SimulatedAWS.destination),
        kind: .cluster
    )

    @Test func twoThatRaceForOneSlotNeverBothGetIt() async throws {
        let environment = ProcessInfo.processInfo.environment
        let rounds = environment["SNAPFERRY_RACE_ROUNDS"].flatMap { Int($0) } ?? 500
        if let endpoint = environment["SNAPFERRY_RACE_ENDPOINT"] {
            try await Self.race(in: try SimulatedAWS.session(at: endpoint), rounds: rounds)
        } else {
            try await SimulatedAWS.run { aws in try await Self.race(in: aws.session, rounds: rounds) }
        }
    }

    private static func race(in session: AWSSession, rounds: Int) async throws {
        let dynamoDB = try session.dynamoDB(region: SimulatedAWS.source)
        let name = "race-\(UInt32.random(in: .min ... .max))"
        _ = try await dynamoDB.createTable(name, partitionKey: "pk")
        let ledgers = ["ferry-1", "ferry-2"].map { owner in
            var settings = SlotTable.Settings(owner: owner)
            settings.leastReach = 1
            return DynamoDBSlotLedger(
                dynamoDB: dynamoDB,
                table: name,
                settings: settings,
                notifier: NotifierGroup([]),
                time: SystemTimeSource()
            )
        }
        var wins = [0, 0]
        var now = SystemTimeSource().now()
        for round in 0..<rounds {
            // What either remembers is too old by then: both read, then both write.
            now = now + .seconds(31)
            let start = now
            // Whoever asks first is often served first, so they take turns at it.
            let turn = round % 2
            async let first = ledgers[turn].acquire(Self.pool, target: "\(turn)-\(round)", limit: 1, at: start)
            async let second = ledgers[1 - turn].acquire(Self.pool, target: "\(1 - turn)-\(round)", limit: 1, at: start)
            let granted = (try await first, try await second)
            try #require(granted.0 != granted.1, "round \(round): \(granted.0 ? "both have it" : "nobody has it")")
            let winner = granted.0 ? turn : 1 - turn
            wins[winner] += 1
            try await ledgers[winner].release(Self.pool, target: "\(winner)-\(round)", because: .available)
        }
        let left = try await ledgers[0].overdue(Self.pool, at: now + .seconds(86_400))
        #expect(left.isEmpty)
        // A race that one side always wins is none.
        #expect(wins[0] > 0 && wins[1] > 0, "\(wins)")
        print("\(rounds) rounds of the race for one slot: won \(wins[0]) and \(wins[1]) times")
    }
}
