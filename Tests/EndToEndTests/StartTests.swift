// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// A worker that can't start says in one line what to change; one that only has to wait waits.
@Suite struct StartTests {
    /// Runs a worker that is to give up by itself.
    ///
    /// - Returns: What it said, which is one line on stderr.
    private static func refusal(
        _ environment: [String: String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let run = try await WorkerProcess.run(environment: environment, sourceLocation: sourceLocation)
        #expect(run.status == .exited(2), sourceLocation: sourceLocation)
        #expect(run.words.errors.count == 1, "\(run.words.errors)", sourceLocation: sourceLocation)
        #expect(!run.log.contains { $0.message == "Working" }, sourceLocation: sourceLocation)
        return run.words.errors.first ?? ""
    }

    @Test func queueThatDoesNotExistIsNamed() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            var environment = stage.environment
            environment["SNAPFERRY_QUEUE_URL"] = stage.queueURL + "-elsewhere"
            let line = try await Self.refusal(environment)
            #expect(line.contains("jobs-elsewhere does not exist"))
            #expect(line.contains("SNAPFERRY_QUEUE_URL"))
        }
    }

    @Test func credentialsThatAreMissingAreAskedFor() async throws {
        try await SimulatedAWS.run { aws in
            var environment = try await Stage(on: aws).environment
            environment["AWS_ACCESS_KEY_ID"] = nil
            environment["AWS_SECRET_ACCESS_KEY"] = nil
            let line = try await Self.refusal(environment)
            #expect(line.contains("credentials"))
            #expect(line.contains("AWS_ACCESS_KEY_ID"))
        }
    }

    @Test(arguments: [
        ["AWS_SECRET_ACCESS_KEY": "wrong"], ["AWS_ACCESS_KEY_ID": "AKIANOBODYNOBODYNOBOD"],
    ])
    func credentialsThatAWSRefusesAreSaidToBeWrong(changes: [String: String]) async throws {
        try await SimulatedAWS.run { aws in
            let environment = try await Stage(on: aws).environment.merging(changes) { _, new in new }
            let line = try await Self.refusal(environment)
            #expect(line.contains("AWS refuses the credentials"))
        }
    }

    @Test func queueWithoutADeadLetterQueueIsRefused() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            var environment = stage.environment
            environment["SNAPFERRY_QUEUE_URL"] = try await aws.session.sqs(region: SimulatedAWS.source)
                .createQueue(name: "loose")
            let line = try await Self.refusal(environment)
            #expect(line.contains("no redrive policy"))
            #expect(line.contains("SNAPFERRY_DEAD_LETTER_QUEUE_URL"))
            // Naming one is as good.
            environment["SNAPFERRY_DEAD_LETTER_QUEUE_URL"] = stage.deadLetterURL
            try await WorkerProcess.run(environment: environment) { worker in
                try await eventually("it works") { worker.hasLogged("Working") }
            }
        }
    }

    @Test(arguments: [
        (
            #"{"routes": [{"name": "a", "source": {"regions": ["us-east-1"]}, "destinatons": [{"region": "eu-west-1"}]}]}"#,
            ["destinatons", #""destinations""#]
        ),
        ("{\n  \"routes\": [\n    }\n", ["line 3, column 5"]),
        (#"{"routes": []}"#, ["routes"]),
    ])
    func policyThatIsWrongIsShownWhereAndHow(text: String, words: [String]) async throws {
        var environment = SimulatedAWS.environment(url: "http://127.0.0.1:9")
        environment["SNAPFERRY_QUEUE_URL"] = "http://127.0.0.1:9/111122223333/jobs"
        let run = try await withTemporaryFile(text) { path in
            environment["SNAPFERRY_POLICY"] = path
            return try await WorkerProcess.run(environment: environment)
        }
        #expect(run.status == .exited(2))
        let line = try #require(run.words.errors.first)
        for word in words { #expect(line.contains(word), "\(line)") }
    }

    @Test(arguments: [
        (["SNAPFERRY_POLICY": "/nonexistent/policy.json"], "/nonexistent/policy.json can't be read"),
        (["SNAPFERRY_SOURCE_REGIONS": "us-east-1"], "SNAPFERRY_DESTINATIONS"),
        ([:], "no policy: set SNAPFERRY_POLICY"),
        (["SNAPFERRY_QUEUE_URL": ""], "set SNAPFERRY_QUEUE_URL"),
        (["SNAPFERRY_QUEUE_URL": "jobs"], "a queue's URL"),
        (["SNAPFERRY_RECEIVE_WAIT_SECONDS": "21"], "SNAPFERRY_RECEIVE_WAIT_SECONDS is 21"),
        (["SNAPFERRY_LOG_LEVEL": "loud"], "SNAPFERRY_LOG_LEVEL"),
    ])
    func configurationThatIsWrongIsSaidInOneLine(changes: [String: String], words: String) async throws {
        let url = "http://127.0.0.1:9"
        let environment = SimulatedAWS.environment(url: url)
            .merging(["SNAPFERRY_QUEUE_URL": "\(url)/111122223333/jobs"]) { _, new in new }
            .merging(changes) { _, new in new }
        #expect(try await Self.refusal(environment).contains(words))
    }

    @Test func workerThatWaitsForItsEndpointStopsWhenAsked() async throws {
        let url = "http://127.0.0.1:\(try FreePort.find())"
        let environment = SimulatedAWS.environment(url: url).merging([
            "SNAPFERRY_QUEUE_URL": "\(url)/\(SimulatedAWS.account)/jobs", "SNAPFERRY_DESTINATIONS": "eu-west-1",
            "SNAPFERRY_SOURCE_REGIONS": "us-east-1",
        ]) { _, new in new }
        let run = try await WorkerProcess.run(environment: environment) { worker in
            try await eventually("it finds nobody there") {
                worker.hasLogged("AWS can't be reached; will try again")
            }
        }
        #expect(run.status == .exited(0))
        #expect(run.stopping < WorkerProcess.drainLimit)
        #expect(run.words.errors.isEmpty)
    }

    @Test func endpointThatComesUpLaterIsWaitedFor() async throws {
        let port = try FreePort.find()
        let url = "http://127.0.0.1:\(port)"
        let place: [String: JSONValue] = [
            "account": .string(SimulatedAWS.account), "region": .string(SimulatedAWS.source),
        ]
        let queue: [String: JSONValue] = ["name": "jobs", "deadLetterQueue": "jobs-dead"]
        let seed: [String: JSONValue] = ["queues": [.object(place.merging(queue) { _, new in new })]]
        let environment = SimulatedAWS.environment(url: url).merging([
            "SNAPFERRY_QUEUE_URL": "\(url)/\(SimulatedAWS.account)/jobs", "SNAPFERRY_DESTINATIONS": "eu-west-1",
            "SNAPFERRY_SOURCE_REGIONS": "us-east-1", "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "1",
        ]) { _, new in new }
        let run = try await WorkerProcess.run(environment: environment) { worker in
            try await eventually("it finds nobody there") {
                worker.hasLogged("AWS can't be reached; will try again")
            }
            let settings: [String: JSONValue] = ["copyOverheadSeconds": 1, "snapshotOverheadSeconds": 0]
            try await SimulatedAWS.run(speed: 1, port: port, settings: settings, seed: seed) { aws in
                let stage = try await Stage(on: aws)
                try await stage.createInstance("orders")
                try await stage.snapInstance("orders", as: "orders-m")
                try await stage.settled(copies: 1)
            }
        }
        #expect(run.confirmed == ["orders-m-us-east-1"])
        #expect(run.status == .exited(0))
    }
}
