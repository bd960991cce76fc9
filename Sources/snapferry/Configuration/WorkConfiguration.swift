// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Configuration
import Monitoring

/// What is wrong with the configuration, in one line that says what to change.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// How a worker is to work, from flags, environment and defaults.
struct WorkConfiguration: Sendable, Equatable {
    var queueURL: String
    /// `nil` takes the queue that the job queue's redrive policy names.
    var deadLetterQueueURL: String?
    /// `nil` takes the policy from the environment's variables.
    var policyPath: String?
    /// The DynamoDB table that a fleet shares its slots in; `nil` counts them in this process alone.
    var slotTable: String?
    var visibilityTimeout: Duration
    var receiveWait: Duration
    var waitingRoom: Int
    var confirmShortest: Duration
    var confirmLongest: Duration
    /// From one look at the age of recovery points to the next; `nil` for never.
    var rpoSurvey: Duration?
    var allowsPlaintext: Bool
    /// Who is told what happens; `nil` for nobody.
    var notify: NotifySetting?
    /// Whether each confirmed copy is told.
    var notifiesConfirmed: Bool
    /// How long nothing is told again that was told already.
    var notifyInterval: Duration
    /// From one report of the run in the log to the next; `nil` for one at the end alone.
    var report: Duration?
    /// Where health, metrics and the page are served.
    var listen: ListenSetting
    /// Which names, beside loopback ones and its own addresses, requests for them may be made to.
    var allowedHosts: AllowedHosts
    /// Whether metrics are written to the log as CloudWatch's embedded metric format.
    var embedsMetrics: Bool

    /// Whether anybody sees what is measured.
    var measures: Bool { self.listen != .off || self.embedsMetrics }

    /// Reads the configuration.
    ///
    /// ## Configuration keys
    /// - `snapferry.queue.url` (string, needed): the job queue.
    /// - `snapferry.dead.letter.queue.url` (string, default: from the job queue's redrive policy).
    /// - `snapferry.policy` (string, default none): a policy file; without it the `SNAPFERRY_…` variables are the policy.
    /// - `snapferry.slot.table` (string, default none): a DynamoDB table in the queue's Region; slots are shared in it.
    /// - `snapferry.visibility.timeout.seconds` (int, default 120, range 30–21600).
    /// - `snapferry.receive.wait.seconds` (int, default 20, range 0–20): SQS allows no longer poll.
    /// - `snapferry.waiting.room` (int, default 200, range 1–10000): messages held to choose from.
    /// - `snapferry.confirm.shortest.seconds` (int, default 15, range 1–3600).
    /// - `snapferry.confirm.longest.seconds` (int, default 300, range 1–3600).
    /// - `snapferry.rpo.survey.seconds` (int, default 900, range 0–86400): 0 never looks how old recovery points are.
    /// - `snapferry.notify.topic` (string, default none): the ARN of an SNS topic that is told what happens.
    /// - `snapferry.notify.bus` (string, default none): the same for an EventBridge bus, by name or ARN; one of the two.
    /// - `snapferry.notify.confirmed` (bool, default false): tell each confirmed copy as well.
    /// - `snapferry.notify.interval.minutes` (int, default 60, range 1–10080).
    /// - `snapferry.report.minutes` (int, default 60, range 0–10080): 0 reports the run at its end alone.
    /// - `snapferry.allow.plaintext` (bool, default false): allow `http` endpoints beyond this machine.
    /// - `snapferry.listen` (string, default `127.0.0.1:9400`, or a free port where that is taken): an address, or `off`.
    /// - `snapferry.metrics` (string, default `off`): `emf` writes metrics to the log.
    /// - `snapferry.allowed.hosts` (string, default none): names that requests may be made to, commas between them.
    ///
    /// - Throws: ``ConfigurationError`` for a value that is missing or out of its range.
    init(config: ConfigReader) throws(ConfigurationError) {
        guard let queueURL = config.string(forKey: "snapferry.queue.url"), !queueURL.isEmpty else {
            throw ConfigurationError("no job queue: set SNAPFERRY_QUEUE_URL, or pass --queue-url")
        }
        self.queueURL = try Self.queue("snapferry.queue.url", queueURL)
        self.deadLetterQueueURL = try config.string(forKey: "snapferry.dead.letter.queue.url")
            .flatMap { (url) throws(ConfigurationError) in
                url.isEmpty ? nil : try Self.queue("snapferry.dead.letter.queue.url", url)
            }
        self.policyPath = config.string(forKey: "snapferry.policy")
        self.slotTable = config.string(forKey: "snapferry.slot.table").flatMap { $0.isEmpty ? nil : $0 }
        self.visibilityTimeout = .seconds(
            try Self.int("snapferry.visibility.timeout.seconds", config, default: 120, in: 30...21_600)
        )
        self.receiveWait = .seconds(try Self.int("snapferry.receive.wait.seconds", config, default: 20, in: 0...20))
        self.waitingRoom = try Self.int("snapferry.waiting.room", config, default: 200, in: 1...10_000)
        self.confirmShortest = .seconds(
            try Self.int("snapferry.confirm.shortest.seconds", config, default: 15, in: 1...3600)
        )
        self.confirmLongest = .seconds(
            try Self.int("snapferry.confirm.longest.seconds", config, default: 300, in: 1...3600)
        )
        let survey = try Self.int("snapferry.rpo.survey.seconds", config, default: 900, in: 0...86_400)
        self.rpoSurvey = survey == 0 ? nil : .seconds(survey)
        self.allowsPlaintext = try Self.bool("snapferry.allow.plaintext", config, default: false)
        self.notify = try NotifySetting(
            topic: config.string(forKey: "snapferry.notify.topic"),
            bus: config.string(forKey: "snapferry.notify.bus")
        )
        self.notifiesConfirmed = try Self.bool("snapferry.notify.confirmed", config, default: false)
        self.notifyInterval = .seconds(
            60 * (try Self.int("snapferry.notify.interval.minutes", config, default: 60, in: 1...10_080))
        )
        let report = try Self.int("snapferry.report.minutes", config, default: 60, in: 0...10_080)
        self.report = report == 0 ? nil : .seconds(60 * report)
        self.listen = try Monitored.listen(config)
        self.embedsMetrics = try Monitored.embedsMetrics(config)
        self.allowedHosts = try Monitored.allowedHosts(config)
        guard self.confirmShortest <= self.confirmLongest else {
            throw ConfigurationError("SNAPFERRY_CONFIRM_SHORTEST_SECONDS is above SNAPFERRY_CONFIRM_LONGEST_SECONDS")
        }
    }

    private static func queue(_ key: ConfigKey, _ url: String) throws(ConfigurationError) -> String {
        guard QueueURL.name(of: url) != nil else {
            throw ConfigurationError(
                "\(Self.variable(key)) is \"\(url)\"; it has to be a queue's URL, such as "
                    + "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"
            )
        }
        return url
    }

    /// The environment variable of a key.
    private static func variable(_ key: ConfigKey) -> String {
        key.components.joined(separator: "_").uppercased()
    }

    private static func int(
        _ key: ConfigKey,
        _ config: ConfigReader,
        default standard: Int,
        in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        let name = Self.variable(key)
        guard let text = config.string(forKey: key), !text.isEmpty else { return standard }
        guard let value = Int(text) else {
            throw ConfigurationError("\(name) is \"\(text)\"; it has to be a whole number")
        }
        guard range.contains(value) else {
            throw ConfigurationError("\(name) is \(value); it has to be \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func bool(
        _ key: ConfigKey,
        _ config: ConfigReader,
        default standard: Bool
    ) throws(ConfigurationError) -> Bool {
        guard let text = config.string(forKey: key), !text.isEmpty else { return standard }
        switch text.lowercased() {
        case "true", "yes", "1": return true
        case "false", "no", "0": return false
        default:
            throw ConfigurationError("\(Self.variable(key)) is \"\(text)\"; it has to be true or false")
        }
    }
}
