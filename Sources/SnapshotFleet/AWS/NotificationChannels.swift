// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Tells by a topic of SNS.
package struct SNSNotificationChannel: NotificationChannel {
    private let sns: SNSClient
    private let topicARN: String

    /// Makes a channel; nothing is asked of SNS yet.
    ///
    /// - Parameters:
    ///   - sns: In the topic's Region.
    ///   - topicARN: The topic.
    package init(sns: SNSClient, topicARN: String) {
        self.sns = sns
        self.topicARN = topicARN
    }

    package func send(_ notification: FleetNotification) async throws {
        // A subscription may filter by these.
        var attributes = ["detail-type": notification.kind.rawValue]
        for name in ["reason", "route", "destination"] { attributes[name] = notification.detail[name]?.string }
        try await self.sns.publish(
            topicARN: self.topicARN,
            message: notification.message.description,
            subject: notification.subject,
            attributes: attributes
        )
    }
}

/// Tells by an event bus of EventBridge.
package struct EventBridgeNotificationChannel: NotificationChannel {
    private let events: EventBridgeClient
    private let bus: String

    /// Makes a channel; nothing is asked of EventBridge yet.
    ///
    /// - Parameters:
    ///   - events: In the bus's Region.
    ///   - bus: Its name, or its ARN.
    package init(events: EventBridgeClient, bus: String) {
        self.events = events
        self.bus = bus
    }

    package func send(_ notification: FleetNotification) async throws {
        var resources: [String] = []
        if let source = notification.detail["source"]?.string { resources.append(source) }
        let entry = EventBridgeClient.Entry(
            source: FleetNotification.source,
            detailType: notification.kind.rawValue,
            detail: notification.detail,
            resources: resources,
            time: notification.time,
            bus: self.bus
        )
        if let refusal = try await self.events.putEvents([entry])[0] {
            throw AWSError(.rejected, message: refusal)
        }
    }
}
