// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

/// Long histories of jobs across accounts in which nearly everything goes wrong.
@Suite("Histories of handovers")
struct HandoverHistoryTests {
    @Test(
        "every copy is made or says why not, no hop goes too early, and none stays behind",
        arguments: 1...10 as ClosedRange<UInt64>
    )
    func history(seed: UInt64) throws {
        let world = try HandoverWorld(seed: seed)
        var jobs: [CopyJob] = []
        for number in 0..<4 {
            let isManual = number == 3
            let arn = CoreHarness.arn(isManual ? "orders-m" : "rds:db\(number)-2026-11-21-03-00")
            var source = CoreHarness.source(arn, database: "db\(number)", encrypted: number == 1)
            source.origin = isManual ? .manual : .automated
            world.sources[arn] = source
            for account in HandoverWorld.accounts {
                for region in ["eu-west-1", "eu-central-1"] {
                    jobs.append(CoreHarness.job(arn, to: Destination(account: account, region: region)))
                }
            }
        }
        for job in jobs { world.send(JobMessage.encode(job)) }
        // One automated snapshot ages out in the middle of it all.
        let old = CoreHarness.arn("rds:db2-2026-11-21-03-00")
        world.after(world.some(0...4000)) {
            world.sources[old] = nil
            world.breakCopies(of: old)
        }
        // Workers die, or stand still for longer than a lease lasts, while copies are made.
        for _ in 0..<16 {
            let worker = world.workers[Int.random(in: 0..<3, using: &world.random)]
            let stops = world.chance(40)
            world.after(world.some(0...4000)) {
                if stops { worker.stoppedUntil = world.now + .seconds(400) } else { world.kill(worker) }
            }
        }
        world.after(.seconds(10_800)) { world.isRough = false }
        world.run(for: .seconds(3 * 86_400))

        #expect(world.violations.isEmpty, "seed \(seed)")
        #expect(world.messages.isEmpty, "seed \(seed): \(world.messages.values.map(\.body))")
        #expect(world.hopsMade > 5 && world.deaths > 1, "seed \(seed)")
        let dead = Set(world.letters.map { "\($0.source ?? "") -> \($0.destination ?? "")" })
        for job in jobs where !dead.contains(job.id.description) {
            let target = world.targets[job.id]?.seen(at: world.now)
            #expect(target?.status == "available", "seed \(seed): \(job.id)")
            #expect(world.hops[HopIdentifier.make(for: job.id)] == nil, "seed \(seed): a hop is left of \(job.id)")
        }
        // Sources age out and copies fail three times now and then; most get through.
        #expect(dead.count <= jobs.count / 2, "seed \(seed): \(world.letters.map(\.detail))")
        for (arn, source) in world.sources where dead.isEmpty {
            #expect(source.tags.isEmpty, "seed \(seed): \(arn) still has \(source.tags)")
            #expect(world.shares[arn]?.isEmpty ?? true, "seed \(seed): \(arn) is still shared")
        }
    }
}
