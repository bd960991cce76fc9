// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Logging
import SnapshotFleet

/// Who is told what happens in the fleet.
enum NotifySetting: Hashable, Sendable {
    /// The ARN of an SNS topic, and the Region in it.
    case topic(String, region: String)
    /// An EventBridge bus by name or ARN, and the Region in it; `nil` for the queue's.
    case bus(String, region: String?)

    /// Reads the two variables; `nil` when neither says anything.
    ///
    /// - Throws: ``ConfigurationError`` for what is no topic or no bus, or for both at once.
    init?(topic: String?, bus: String?) throws(ConfigurationError) {
        let topic = topic.flatMap { $0.isEmpty ? nil : $0 }
        let bus = bus.flatMap { $0.isEmpty ? nil : $0 }
        switch (topic, bus) {
        case (nil, nil): return nil
        case (.some, .some):
            throw ConfigurationError(
                "SNAPFERRY_NOTIFY_TOPIC and SNAPFERRY_NOTIFY_BUS are both set; one of them is enough"
            )
        case (.some(let topic), nil):
            let fields = topic.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 6, fields[0] == "arn", fields[2] == "sns", !fields[5].isEmpty,
                RegionName.partition(of: String(fields[3])) != nil
            else {
                throw ConfigurationError(
                    "SNAPFERRY_NOTIFY_TOPIC is \"\(topic.excerpt())\"; it has to be a topic's ARN, such as "
                        + "arn:aws:sns:us-east-1:111122223333:snapferry"
                )
            }
            self = .topic(topic, region: String(fields[3]))
        case (nil, .some(let bus)):
            guard bus.hasPrefix("arn:") else {
                self = .bus(bus, region: nil)
                return
            }
            let fields = bus.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 6, fields[2] == "events", fields[5].hasPrefix("event-bus/"),
                RegionName.partition(of: String(fields[3])) != nil
            else {
                throw ConfigurationError(
                    "SNAPFERRY_NOTIFY_BUS is \"\(bus.excerpt())\"; it has to be a bus's name or its ARN, such as "
                        + "arn:aws:events:us-east-1:111122223333:event-bus/ops"
                )
            }
            self = .bus(bus, region: String(fields[3]))
        }
    }
}

/// What a worker tells besides a line for each event: notifications, and reports of its run.
struct Announcements: Sendable {
    /// How long the last notifications may take while the worker ends.
    private static let farewell = Duration.milliseconds(1500)

    private let reporter: RunReporter
    private let post: NotificationPost?

    /// Makes them; nothing is sent before ``run(_:)``.
    init(
        _ configuration: WorkConfiguration,
        session: AWSSession,
        region: String,
        time: any TimeSource,
        logger: Logger
    ) throws(AWSError) {
        self.reporter = RunReporter(logger: logger, time: time, interval: configuration.report)
        let channel: any NotificationChannel
        switch configuration.notify {
        case nil:
            self.post = nil
            return
        case .topic(let arn, let region):
            channel = SNSNotificationChannel(sns: try session.sns(region: region), topicARN: arn)
        case .bus(let bus, let own):
            channel = EventBridgeNotificationChannel(events: try session.events(region: own ?? region), bus: bus)
        }
        var settings = NotificationDigest.Settings()
        settings.tellsConfirmed = configuration.notifiesConfirmed
        settings.interval = configuration.notifyInterval
        self.post = NotificationPost(channel, settings: settings, time: time, logger: logger)
    }

    var notifiers: [any Notifier] { [self.reporter] + (self.post.map { [$0] } ?? []) }

    /// Reports and sends until the task is cancelled.
    func run(_ worker: Worker) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.reporter.run { worker.view } }
            if let post = self.post { group.addTask { await post.run() } }
        }
    }

    /// Reports the whole run, and sends what is left to tell.
    func finish(_ worker: Worker) async {
        self.reporter.finish(worker.view)
        await self.post?.finish(within: Self.farewell)
    }
}
