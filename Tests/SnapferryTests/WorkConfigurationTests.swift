// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Configuration
import Testing

@testable import snapferry

@Suite struct WorkConfigurationTests {
    private static let url = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"

    private static func read(_ variables: [String: String]) throws(ConfigurationError) -> WorkConfiguration {
        let all = ["SNAPFERRY_QUEUE_URL": Self.url].merging(variables) { _, new in new }
        let provider = EnvironmentVariablesProvider(environmentVariables: all)
        return try WorkConfiguration(config: ConfigReader(provider: provider))
    }

    @Test func queueAloneIsEnough() throws {
        let configuration = try Self.read([:])
        #expect(configuration.queueURL == Self.url)
        #expect(configuration.deadLetterQueueURL == nil)
        #expect(configuration.policyPath == nil)
        #expect(configuration.slotTable == nil)
        #expect(configuration.visibilityTimeout == .seconds(120))
        #expect(configuration.receiveWait == .seconds(20))
        #expect(configuration.waitingRoom == 200)
        #expect(configuration.confirmShortest == .seconds(15))
        #expect(configuration.confirmLongest == .seconds(300))
        #expect(!configuration.allowsPlaintext)
    }

    @Test func everyVariableIsRead() throws {
        let configuration = try Self.read([
            "SNAPFERRY_DEAD_LETTER_QUEUE_URL": "\(Self.url)-dead", "SNAPFERRY_POLICY": "/etc/policy.json",
            "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "60", "SNAPFERRY_RECEIVE_WAIT_SECONDS": "0",
            "SNAPFERRY_WAITING_ROOM": "7", "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "2",
            "SNAPFERRY_CONFIRM_LONGEST_SECONDS": "30", "SNAPFERRY_ALLOW_PLAINTEXT": "true",
            "SNAPFERRY_SLOT_TABLE": "slots",
        ])
        #expect(configuration.slotTable == "slots")
        #expect(configuration.deadLetterQueueURL == "\(Self.url)-dead")
        #expect(configuration.policyPath == "/etc/policy.json")
        #expect(configuration.visibilityTimeout == .seconds(60))
        #expect(configuration.receiveWait == .zero)
        #expect(configuration.waitingRoom == 7)
        #expect(configuration.confirmShortest == .seconds(2))
        #expect(configuration.confirmLongest == .seconds(30))
        #expect(configuration.allowsPlaintext)
    }

    @Test(arguments: [
        ("VISIBILITY_TIMEOUT_SECONDS", 30, 21_600), ("RECEIVE_WAIT_SECONDS", 0, 20), ("WAITING_ROOM", 1, 10_000),
        ("CONFIRM_LONGEST_SECONDS", 15, 3600),
    ])
    func boundsAreTaken(name: String, lowest: Int, highest: Int) throws {
        _ = try Self.read(["SNAPFERRY_\(name)": "\(lowest)"])
        _ = try Self.read(["SNAPFERRY_\(name)": "\(highest)"])
    }

    @Test(arguments: [
        ("VISIBILITY_TIMEOUT_SECONDS", "29", "is 29; it has to be 30 to 21600"),
        ("VISIBILITY_TIMEOUT_SECONDS", "21601", "is 21601; it has to be 30 to 21600"),
        ("RECEIVE_WAIT_SECONDS", "21", "is 21; it has to be 0 to 20"),
        ("RECEIVE_WAIT_SECONDS", "-1", "is -1; it has to be 0 to 20"),
        ("WAITING_ROOM", "0", "is 0; it has to be 1 to 10000"),
        ("CONFIRM_SHORTEST_SECONDS", "0", "is 0; it has to be 1 to 3600"),
        ("CONFIRM_LONGEST_SECONDS", "3601", "is 3601; it has to be 1 to 3600"),
        ("WAITING_ROOM", "many", #"is "many"; it has to be a whole number"#),
        ("WAITING_ROOM", "1.5", #"is "1.5"; it has to be a whole number"#),
        ("WAITING_ROOM", "99999999999999999999", #"is "99999999999999999999"; it has to be a whole number"#),
    ])
    func valueOutOfItsRangeIsNamedWithTheRange(name: String, value: String, words: String) {
        #expect(throws: ConfigurationError("SNAPFERRY_\(name) \(words)")) {
            try Self.read(["SNAPFERRY_\(name)": value])
        }
    }

    @Test func emptyNumberCountsAsNotSet() throws {
        #expect(try Self.read(["SNAPFERRY_WAITING_ROOM": ""]).waitingRoom == 200)
    }

    @Test(arguments: ["maybe", "2"])
    func switchThatIsNeitherOnNorOffIsRefused(value: String) {
        #expect(
            throws: ConfigurationError(#"SNAPFERRY_ALLOW_PLAINTEXT is "\#(value)"; it has to be true or false"#)
        ) {
            try Self.read(["SNAPFERRY_ALLOW_PLAINTEXT": value])
        }
    }

    @Test func shortestPauseIsNotAboveTheLongest() {
        #expect(
            throws: ConfigurationError(
                "SNAPFERRY_CONFIRM_SHORTEST_SECONDS is above SNAPFERRY_CONFIRM_LONGEST_SECONDS"
            )
        ) {
            try Self.read(["SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "301"])
        }
    }

    @Test(arguments: ["QUEUE_URL", "DEAD_LETTER_QUEUE_URL"], ["jobs", "arn:aws:sqs:us-east-1:1:jobs", "https://q"])
    func whatIsNoQueuesURLIsRefused(name: String, value: String) throws {
        let error = try #require(
            throws: ConfigurationError.self
        ) {
            try Self.read(["SNAPFERRY_\(name)": value])
        }
        #expect(error.description.hasPrefix("SNAPFERRY_\(name) is \"\(value)\"; it has to be a queue's URL"))
    }

    @Test func missingQueueIsAskedForByBothItsNames() {
        for variables in [[:], ["SNAPFERRY_QUEUE_URL": ""]] {
            let provider = EnvironmentVariablesProvider(environmentVariables: variables)
            #expect(throws: ConfigurationError("no job queue: set SNAPFERRY_QUEUE_URL, or pass --queue-url")) {
                try WorkConfiguration(config: ConfigReader(provider: provider))
            }
        }
    }
}
