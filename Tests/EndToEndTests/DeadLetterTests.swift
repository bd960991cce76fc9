// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The dead-letter queue by the command line.
@Suite struct DeadLetterTests {
    static func dlq(
        _ arguments: [String],
        on stage: Stage,
        _ body: @Sendable (ChildProcess) async throws -> Void = { child in
            try await eventually("dlq ends") { child.hasEnded }
        }
    ) async throws -> ChildProcess.Ended {
        let arguments = ["dlq"] + arguments + ["--clock", stage.aws.clock]
        let environment = stage.environment.merging(["TZ": "UTC"]) { $1 }
        return try await ChildProcess.run(arguments, environment: environment, body)
    }

    private static func document(_ ended: ChildProcess.Ended) throws -> JSONValue {
        try JSONValue(parsing: try #require(ended.words.output.first))
    }

    private static func arn(_ identifier: String) -> String {
        "arn:aws:rds:\(SimulatedAWS.source):\(SimulatedAWS.account):snapshot:\(identifier)"
    }

    /// A job as a worker sends it to the dead-letter queue.
    static func bury(
        _ identifier: String,
        reason: String = "kms-key",
        region: String = SimulatedAWS.destination,
        on stage: Stage
    ) async throws {
        let body: JSONValue = [
            "snapferry": "job", "version": 1, "source": .string(Self.arn(identifier)), "route": "environment",
            "destination": ["account": .string(SimulatedAWS.account), "region": .string(region)],
            "firstSeen": "2026-11-21T03:20:00.000000Z", "failedCopies": 3,
        ]
        let attributes = [
            "snapferry.reason": reason, "snapferry.detail": "as RDS said", "snapferry.source": Self.arn(identifier),
            "snapferry.destination": "\(SimulatedAWS.account)/\(region)", "snapferry.route": "environment",
            "snapferry.attempts": "2", "snapferry.first-seen": "2026-11-21T03:20:00.000000Z", "snapferry.worker": "w-1",
        ]
        try await stage.aws.session.sqs(region: SimulatedAWS.source).sendMessage(
            queueURL: stage.deadLetterURL,
            body: body.description,
            attributes: attributes.mapValues { SQSAttributeValue(stringValue: $0) }
        )
    }

    /// Two databases: `orders-1` was never copied, `crm-1` is copied already, `lost-1` is gone; a letter for each, one
    /// to nowhere, and one that nobody understands.
    private static func buried(speed: Int = 20, _ body: @Sendable (Stage) async throws -> Void) async throws {
        try await SimulatedAWS.run(speed: speed) { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await stage.createInstance("orders", isEncrypted: true)
            try await stage.createInstance("crm")
            try await stage.snapInstance("orders", as: "orders-1")
            let copied = try await stage.snapInstance("crm", as: "crm-1")
            try await stage.worker { _ in
                _ = try await CopyJobMessage.send(copied, on: stage)
                try await stage.settled(copies: 1)
            }
            try await Self.bury("orders-1", on: stage)
            try await Self.bury("crm-1", on: stage)
            try await Self.bury("lost-1", reason: "source-gone", on: stage)
            try await Self.bury("orders-1", reason: "access-denied", region: "sa-east-1", on: stage)
            try await aws.session.sqs(region: SimulatedAWS.source)
                .sendMessage(queueURL: stage.deadLetterURL, body: "poison")
            try await body(stage)
        }
    }

    @Test func listTellsWhatAReplayWouldBring() async throws {
        try await Self.buried { stage in
            let list = try await Self.dlq(["list"], on: stage)
            #expect(list.status == .exited(1), "\(list.words.errors)")
            let lines = list.words.output
            #expect(lines.first?.hasPrefix("5 dead letters, the oldest ") == true)
            #expect(lines.first?.hasSuffix(" old: 1 ready, 3 obsolete, 1 blocked") == true)
            #expect(lines.contains { $0.contains("kms-key") && $0.contains("1 ready, 1 obsolete") })
            #expect(lines.contains { $0.hasPrefix("source-gone  Check that the snapshot still exists") })
            let document = try Self.document(try await Self.dlq(["list", "--json"], on: stage))
            #expect(document["complete"] == true)
            let letters = try #require(document["letters"]?.array)
            let outlooks = letters.map { "\($0["reason"]?.string ?? "") \($0["why"]?.string ?? "-")" }.sorted()
            #expect(
                outlooks == [
                    "access-denied no route leads from 111122223333/us-east-1 to 111122223333/sa-east-1 any more",
                    "kms-key -", "kms-key already copied, as crm-1-us-east-1", "source-gone its source is gone",
                    "unstated nobody understands it: not JSON: line 1, column 1: no JSON value begins like this; "
                        + "it begins with: poison",
                ]
            )
            // Looking takes nothing away, and hides nothing for longer than it looks.
            #expect(try await stage.deadLetterQueue().visible == 5)
            let each = try await Self.dlq(["list", "--each"], on: stage)
            #expect(each.words.output.count { $0.contains("obsolete: ") } == 3)
            // The key is what the letter complains of.
            try await stage.disableKey(
                try #require(stage.keys[SimulatedAWS.destination]),
                region: SimulatedAWS.destination
            )
            let blocked = try await Self.dlq(["list", "--each"], on: stage)
            #expect(
                blocked.words.output.contains {
                    $0.contains("blocked: the key alias/dr at 111122223333/eu-west-1 is Disabled")
                }
            )
        }
    }

    @Test func oneLetterIsShownWithItsBodyAndRemedy() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await Self.bury("orders-1", on: stage)
            let document = try Self.document(try await Self.dlq(["list", "--json"], on: stage))
            let id = try #require(document["letters"]?.array?.first?["id"]?.string)
            let show = try await Self.dlq(["show", String(id.prefix(8))], on: stage)
            #expect(show.status == .exited(0), "\(show.words.errors)")
            let masked = show.words.output.map { line in
                ["Given up", "Kept until", "First seen"].contains(where: line.hasPrefix)
                    ? String(line.prefix(13)) + "…" : line
            }
            #expect(
                masked == [
                    "Letter       \(id)", "Reason       kms-key", "Detail       as RDS said",
                    "Remedy       Set kmsKey of the destination to an enabled key of the destination's Region, and let "
                        + "the role use it (kms:CreateGrant, kms:DescribeKey); where the message names the source's key, "
                        + "enable that, and let the destination's account use it; then replay.",
                    "If replayed  obsolete: its source is gone",
                    "Snapshot     arn:aws:rds:us-east-1:111122223333:snapshot:orders-1",
                    "To           111122223333/eu-west-1", "Route        environment", "Attempts     2",
                    "First seen   …", "Given up     …", "Kept until   …", "Worker       w-1", "Body", "  {",
                    #"    "destination": {"account":"111122223333","region":"eu-west-1"},"#,
                    #"    "failedCopies": 3,"#, #"    "firstSeen": "2026-11-21T03:20:00.000000Z","#,
                    #"    "route": "environment","#, #"    "snapferry": "job","#,
                    #"    "source": "arn:aws:rds:us-east-1:111122223333:snapshot:orders-1","#, #"    "version": 1"#,
                    "  }",
                ]
            )
            let json = try Self.document(try await Self.dlq(["show", id, "--json"], on: stage))
            #expect(json["attributes"]?["snapferry.worker"] == "w-1")
            #expect(json["firstSeen"] == "2026-11-21T03:20:00Z")
            let none = try await Self.dlq(["show", "zzz"], on: stage)
            #expect(none.status == .exited(1))
            #expect(none.words.errors == ["snapferry: there is no dead letter whose id begins with zzz"])
        }
    }

    @Test func replaySendsWhatIsReadyAndLeavesTheRest() async throws {
        try await Self.buried { stage in
            let plan = try await Self.dlq(["replay"], on: stage)
            #expect(plan.status == .exited(1), "\(plan.words.errors)")
            #expect(plan.words.output.first == "1 of 5 to replay; 3 obsolete; 1 would come back")
            #expect(plan.words.output.last == "Nothing is replayed yet; --yes replays.")
            #expect(try await stage.queue().isEmpty)
            let replay = try await Self.dlq(["replay", "--reason", "kms-key", "--yes"], on: stage)
            #expect(replay.status == .exited(0), "\(replay.words.errors)")
            #expect(replay.words.output.last == "Replayed 1 of 1 to \(stage.queueURL)")
            #expect(try await stage.queue().visible == 1)
            #expect(try await stage.deadLetterQueue().visible == 4)
            let run = try await stage.worker { worker in
                try await eventually("the copy is confirmed") {
                    worker.log.contains { $0.message == "Copy confirmed" }
                }
            }
            #expect(run.confirmed == ["orders-1-us-east-1"])
            let forced = try await Self.dlq(
                ["replay", "--reason", "source-gone", "--force", "--yes", "--json"],
                on: stage
            )
            #expect(forced.status == .exited(0), "\(forced.words.errors)")
            #expect(forced.words.output.count == 2)
            #expect(try JSONValue(parsing: forced.words.output[1])["outcome"] == "replayed")
            let none = try await Self.dlq(["replay", "--reason", "source-gone", "--yes"], on: stage)
            #expect(none.status == .exited(1))
            #expect(none.words.output == ["None of 3 dead letters is meant"])
        }
    }

    @Test func dropSavesBeforeItDeletes() async throws {
        try await Self.buried { stage in
            let folder = FileManager.default.temporaryDirectory.appending(path: "snapferry-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appending(path: "letters.jsonl").path(percentEncoded: false)
            let drop = ["drop", "--reason", "source-gone", "--reason", "unstated", "--save", path]
            let plan = try await Self.dlq(drop, on: stage)
            #expect(plan.status == .exited(0), "\(plan.words.errors)")
            #expect(plan.words.output.first == "2 to drop; 3 others stay")
            #expect(!FileManager.default.fileExists(atPath: path))
            let done = try await Self.dlq(drop + ["--yes"], on: stage)
            #expect(done.status == .exited(0), "\(done.words.errors)")
            #expect(try await stage.deadLetterQueue().visible == 3)
            let saved = try #require(FileManager.default.contents(atPath: path))
            let lines = try Array(saved).split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
            #expect(Set(lines.compactMap { $0["reason"]?.string }) == ["source-gone", "unstated"])
            #expect(lines.contains { $0["body"] == "poison" })
            // A file that is there is never written to, and nothing is dropped without one.
            let again = try await Self.dlq(["drop", "--all", "--save", path, "--yes"], on: stage)
            #expect(again.status == .exited(2))
            #expect(again.words.errors.first?.contains("is there already: nothing is dropped") == true)
            let nowhere = try await Self.dlq(["drop", "--all", "--save", "/nonexistent/x", "--yes"], on: stage)
            #expect(nowhere.status == .exited(2))
            #expect(try await stage.deadLetterQueue().visible == 3)
            #expect(Array(try #require(FileManager.default.contents(atPath: path))) == Array(saved))
        }
    }

    @Test func sqsMovesEverythingByItself() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            for number in 1...12 { try await Self.bury("orders-\(number)", on: stage) }
            let plan = try await Self.dlq(["replay", "--all", "--move", "--rate", "2"], on: stage)
            #expect(plan.status == .exited(0), "\(plan.words.errors)")
            #expect(
                plan.words.output == [
                    "Move about 12 letters to \(stage.queueURL), 2 a second, as they are",
                    "Nothing is moved yet; --yes moves.",
                ]
            )
            let move = try await Self.dlq(["replay", "--all", "--move", "--rate", "2", "--yes"], on: stage)
            #expect(move.status == .exited(0), "\(move.words.errors)")
            #expect(move.words.output.contains { $0.hasPrefix("Under way: ") && $0.hasSuffix(" of 12 moved") })
            #expect(move.words.output.last == "Done: 12 of 12 moved")
            #expect(try await stage.queue().visible == 12)
            #expect(try await stage.deadLetterQueue().isEmpty)
        }
    }

    @Test(arguments: [
        (["replay", "--move"], "--move goes with --all alone"), (["drop"], "say which letters to drop"),
        (["replay", "--rate", "0"], "--rate has to be 1 to 500"), (["replay", "--to", "x"], "is no destination"),
        (["replay", "--all", "--id", "a"], "--all leaves nothing to choose from"), (["show"], "<id>"),
    ])
    func whatMakesNoSenseIsNamed(arguments: [String], word: String) async throws {
        let ended = try await ChildProcess.run(["dlq"] + arguments, environment: [:]) { child in
            try await eventually("\(arguments) ends") { child.hasEnded }
        }
        #expect(ended.status == .exited(2))
        #expect(ended.words.errors.joined(separator: " ").contains(word))
    }

    @Test func whatCanNotBeLookedAtIsNamed() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            try await Self.bury("orders-1", on: stage)
            try await aws.setFaults([
                [
                    "operation": "DescribeDBSnapshots", "region": .string(SimulatedAWS.destination),
                    "fault": ["type": "error", "code": "AccessDenied", "message": "not authorized", "status": 403],
                ]
            ])
            let list = try await Self.dlq(["list"], on: stage)
            #expect(list.status == .exited(2))
            #expect(
                list.words.errors.first?.hasPrefix("snapferry: could not look: 111122223333/eu-west-1/instance") == true
            )
            try await aws.setFaults([
                [
                    "operation": "ReceiveMessage",
                    "fault": ["type": "error", "code": "AccessDenied", "message": "not authorized", "status": 403],
                ]
            ])
            #expect(try await Self.dlq(["list"], on: stage).status == .exited(2))
        }
    }

    @Test func whoeverInterruptsALookGetsEverythingBack() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws, hearsEvents: false)
            for number in 1...3 { try await Self.bury("orders-\(number)", on: stage) }
            try await aws.setFaults([
                ["operation": "DescribeDBSnapshots", "fault": ["type": "latency", "seconds": 3600]]
            ])
            // Letters are in hand while RDS does not answer; SIGTERM is what ends the process here.
            let ended = try await Self.dlq(["replay", "--yes"], on: stage) { _ in
                try await eventually("letters are in hand") { try await stage.deadLetterQueue().inFlight == 3 }
            }
            #expect(ended.status == .exited(1))
            #expect(
                ended.words.errors == ["snapferry: stopped; letters that were not dealt with are back in the queue"]
            )
            #expect(try await stage.deadLetterQueue().visible == 3)
        }
    }
}

/// Sends a job as people would.
enum CopyJobMessage {
    static func send(_ arn: String, on stage: Stage) async throws {
        try await stage.send([
            "snapferry": "job", "source": .string(arn), "route": "environment",
            "destination": [
                "account": .string(SimulatedAWS.account), "region": .string(SimulatedAWS.destination),
            ],
        ])
    }
}
