// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

/// What orchestrators ask of a worker.
@Suite struct HealthTests {
    @Test func workerIsUnreadyForAsLongAsTheQueueIsGoneAndSaysWhy() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let gate = try Gate(to: aws.url)
            defer { gate.stop() }
            try await stage.worker(["AWS_ENDPOINT_URL": gate.url]) { worker in
                let page = try await WorkerPage(of: worker)
                try await eventually("the worker is ready") { try await page.get("/health/ready").status == 200 }
                #expect(try await page.get("/health/ready").body == "{\"ready\":true}\n")
                gate.shut()
                try await eventually("the worker is unready") { try await page.get("/health/ready").status == 503 }
                let answer = try JSONValue(parsing: try await page.get("/health/ready").body)
                #expect(answer["ready"]?.bool == false)
                #expect(answer["reasons"]?.array?.first?.string?.hasPrefix("queue lost since 20") == true)
                // Restarting it would help nobody.
                #expect(try await page.get("/health/live").status == 200)
                let asked = try await Self.health(["--url", page.url, "--ready"])
                #expect(asked.status == .exited(1))
                #expect(asked.words.errors.joined().contains("queue lost since"))
                #expect(try await Self.health(["--url", page.url]).status == .exited(0))
                gate.open()
                try await eventually("the worker is ready again") { try await page.get("/health/ready").status == 200 }
            }
        }
    }

    @Test func workerThatCantStartYetIsAliveAndUnready() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            let gate = try Gate(to: aws.url)
            defer { gate.stop() }
            gate.shut()
            try await stage.worker(["AWS_ENDPOINT_URL": gate.url]) { worker in
                let page = try await WorkerPage(of: worker)
                #expect(try await page.get("/health/live").status == 200)
                try await eventually("it says why") { try await page.get("/health/ready").body.contains("starting: ") }
                #expect(try await page.get("/health/ready").status == 503)
                gate.open()
                try await eventually("the worker is ready") { try await page.get("/health/ready").status == 200 }
            }
        }
    }

    @Test func workersShareAMachineThoughThereIsOneStandardPort() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.worker(["SNAPFERRY_LISTEN": nil]) { first in
                let page = try await WorkerPage(of: first)
                try await stage.worker(["SNAPFERRY_LISTEN": nil]) { second in
                    let other = try await WorkerPage(of: second)
                    #expect(other.url != page.url)
                    #expect(second.hasLogged("The standard port is taken; listening on a free one"))
                    #expect(try await other.get("/health/live").status == 200)
                    #expect(try await page.get("/health/live").status == 200)
                }
            }
        }
    }

    @Test func addressThatIsAskedForAndTakenIsAReasonNotToStart() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.worker { first in
                let taken = String(try await WorkerPage(of: first).url.dropFirst("http://".count))
                let second = try await stage.refused(["SNAPFERRY_LISTEN": taken])
                #expect(second.status == .exited(2))
                #expect(
                    second.words.errors == [
                        "snapferry: can't listen on \(taken): the port is taken: correct SNAPFERRY_LISTEN"
                    ]
                )
            }
        }
    }

    @Test(arguments: [
        (["SNAPFERRY_LISTEN": "9400"], "SNAPFERRY_LISTEN is 9400"),
        (["SNAPFERRY_LISTEN": "example.com:80"], "SNAPFERRY_LISTEN is example.com:80"),
        (["SNAPFERRY_ALLOWED_HOSTS": "*"], "SNAPFERRY_ALLOWED_HOSTS is *"),
    ])
    func settingsThatMakeNoSenseAreNamed(environment: [String: String], words: String) async throws {
        var all = SimulatedAWS.environment(url: "http://127.0.0.1:9")
        all["SNAPFERRY_QUEUE_URL"] = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"
        all["SNAPFERRY_SOURCE_REGIONS"] = "us-east-1"
        all["SNAPFERRY_DESTINATIONS"] = "eu-west-1"
        let run = try await WorkerProcess.run(environment: all.merging(environment) { _, new in new })
        #expect(run.status == .exited(2))
        #expect(run.words.errors.first?.contains(words) == true)
    }

    @Test func nobodyListensWhereListeningIsOff() async throws {
        try await SimulatedAWS.run { aws in
            let stage = try await Stage(on: aws)
            try await stage.worker(["SNAPFERRY_LISTEN": "off"]) { worker in
                try await eventually("the worker works") { worker.hasLogged("Working") }
                #expect(!worker.hasLogged("Listening"))
            }
            #expect(try await Self.health(["SNAPFERRY_LISTEN": "off"]).status == .exited(2))
            #expect(try await Self.health(["SNAPFERRY_LISTEN": "127.0.0.1:1"]).status == .exited(1))
        }
    }

    private static func health(
        _ arguments: [String] = [],
        _ environment: [String: String] = [:]
    ) async throws -> ChildProcess.Ended {
        try await ChildProcess.run(["health"] + arguments, environment: environment) { child in
            try await eventually("health ends") { child.hasEnded }
        }
    }

    private static func health(_ environment: [String: String]) async throws -> ChildProcess.Ended {
        try await self.health([], environment)
    }
}

extension Stage {
    /// Runs a worker that does not start.
    fileprivate func refused(_ changes: [String: String]) async throws -> WorkerRun {
        try await WorkerProcess.run(
            ["--clock", self.aws.clock],
            environment: self.environment.merging(changes) { _, new in new }
        )
    }
}
