// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

extension RDSClient {
    /// Something that happened in this Region, as `DescribeEvents` tells it: without the event's number.
    package struct Event: Hashable, Sendable {
        /// `db-snapshot`, `db-cluster-snapshot`, and so on.
        package var sourceType: String?
        package var sourceIdentifier: String?
        package var sourceARN: String?
        package var message: String?
        package var date: Instant?

        /// Makes an event.
        package init(
            sourceType: String? = nil,
            sourceIdentifier: String? = nil,
            sourceARN: String? = nil,
            message: String? = nil,
            date: Instant? = nil
        ) {
            self.sourceType = sourceType
            self.sourceIdentifier = sourceIdentifier
            self.sourceARN = sourceARN
            self.message = message
            self.date = date
        }

        init(_ node: XMLNode) {
            self.sourceType = node.string("SourceType")
            self.sourceIdentifier = node.string("SourceIdentifier")
            self.sourceARN = node.string("SourceArn")
            self.message = node.string("Message")
            self.date = node.instant("Date")
        }
    }

    /// Lists every page of what happened of late to things of one type.
    ///
    /// - Parameters:
    ///   - sourceType: `db-snapshot` and so on.
    ///   - category: `notification` and so on.
    ///   - minutes: How far back; RDS keeps 14 days.
    ///   - cap: How many pages are asked for at most.
    /// - Returns: The events, the oldest first.
    /// - Throws: ``AWSError``, also for a list that is longer than the cap.
    package func allEvents(
        sourceType: String,
        category: String,
        minutes: Int,
        cap: Int = 1000
    ) async throws(AWSError) -> [Event] {
        try await Self.allPages(cap: cap) { (marker) throws(AWSError) in
            var form = Self.form("DescribeEvents")
            form.add("SourceType", sourceType)
            form.add("Duration", minutes)
            form.addList("EventCategories", member: "EventCategory", [category])
            form.add("MaxRecords", 100)
            form.add("Marker", marker)
            return try await self.call(form) { result in result.page("Events", of: "Event") { Event($0) } }
        }
    }
}
