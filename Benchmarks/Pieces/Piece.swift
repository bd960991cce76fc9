// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet

/// A piece of the worker's work that is measured by itself.
package struct Piece: Sendable {
    /// What tables and thresholds call it; a file's name as well.
    package let name: String
    /// How many iterations are one measurement, 1 or 1000, so that the clock can tell.
    package let iterations: Int
    /// Makes what is worked on, and gives what does so many iterations with it.
    package let prepare: @Sendable () throws -> (Int) async throws -> Void

    package static let all: [Piece] = [
        Piece(name: "sign-a-request", iterations: 1000) {
            { count in
                for _ in 0..<count {
                    var request = Samples.unsigned
                    Samples.signer.sign(&request, at: Samples.now)
                    keep(request)
                }
            }
        },
        Piece(name: "decode-an-event", iterations: 1000) {
            let decoder = SQSMessageDecoder(account: Samples.account)
            let body = Samples.event(7)
            return { count in
                for _ in 0..<count { keep(decoder.decode(body, sentAt: Samples.now)) }
            }
        },
        Piece(name: "match-20-routes", iterations: 1000) {
            let policy = try Samples.policy(routes: 20)
            let facts = Samples.facts
            return { count in
                for _ in 0..<count { keep(policy.match(facts)) }
            }
        },
        Piece(name: "receive-10-messages", iterations: 1000) {
            let sqs = try Samples.session(answering: Samples.messages).sqs(region: Samples.region)
            return { count in
                for _ in 0..<count { keep(try await sqs.receiveMessage(queueURL: Samples.queueURL)) }
            }
        },
        Piece(name: "parse-100-snapshots", iterations: 1) {
            let page = Samples.page
            return { count in
                for _ in 0..<count { keep(try XMLNode(parsing: page)) }
            }
        },
        Piece(name: "describe-100-snapshots", iterations: 1) {
            let rds = try Samples.session(answering: Samples.page).rds(region: Samples.region)
            return { count in
                for _ in 0..<count {
                    let page = try await rds.describeDBSnapshots(RDSClient.SnapshotQuery())
                    guard page.elements.count == 100 else { throw Surprise() }
                    keep(page)
                }
            }
        },
        Piece(name: "core-10-jobs", iterations: 1) {
            var story = try CoreStory(waiting: 0)
            return { count in
                for _ in 0..<count { try story.carryTenJobs() }
            }
        },
        Self.tick(waiting: 100),
        Self.tick(waiting: 1000),
        Self.tick(waiting: 10_000),
    ]

    private static func tick(waiting: Int) -> Piece {
        Piece(name: "core-tick-\(waiting)-waiting", iterations: 1000) {
            var story = try CoreStory(waiting: waiting)
            return { count in
                for _ in 0..<count { keep(story.tick()) }
            }
        }
    }
}

/// What is measured does something else than it should.
struct Surprise: Error {}

/// Takes a value that nobody needs, so that the compiler computes it all the same.
@_optimize(none)
func keep(_ value: some Any) {}
