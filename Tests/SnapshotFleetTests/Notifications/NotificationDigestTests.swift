// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@testable import SnapshotFleet

/// Events of a small fleet.
enum Told {
    static let start = Instant(iso8601: "2026-11-22T03:00:00Z") ?? Instant(microseconds: 0)
    static let destination = Destination(account: "444455556666", region: "eu-west-1")
    static let pool = SlotPool(destination: destination, kind: .instance)
    static let source = "arn:aws:rds:us-east-1:111122223333:snapshot:rds:orders-2026-11-22-02-10"

    static func letter(_ reason: DeadLetterReason = .kmsKey, source: String = source) -> FleetEvent {
        .deadLettered(
            DeadLetter(
                body: "{}",
                reason: reason,
                detail: "KMSKeyNotAccessibleFault: the key is disabled",
                source: source,
                destination: self.destination.description,
                route: "prod",
                database: "orders",
                attempts: 1,
                firstSeen: self.start
            )
        )
    }

    static func point(_ breached: Int, route: String = "prod") -> FleetEvent {
        let databases = (0..<breached).map {
            SourceDatabase(account: "111122223333", region: "us-east-1", kind: .instance, identifier: "db-\($0)")
        }
        return .recoveryPoints([
            RoutePoint(
                route: route,
                destination: self.destination,
                rpo: .seconds(26 * 3600),
                databases: 40,
                worst: databases.first,
                worstAge: breached > 0 ? .seconds(31 * 3600) : .seconds(20 * 3600),
                breached: databases,
                breachedCount: breached
            )
        ])
    }

    static func confirmed() throws -> FleetEvent {
        .confirmed(
            ConfirmedCopy(
                job: CopyJob(
                    source: try #require(SnapshotARN(self.source)),
                    destination: self.destination,
                    route: "prod",
                    firstSeen: self.start
                ),
                target: "orders-2026-11-22-02-10-us-east-1",
                database: "orders",
                sourceCreatedAt: self.start - .seconds(3000),
                duration: .seconds(1800),
                sizeGiB: 400,
                confirmedAt: self.start,
                wasAdopted: false
            )
        )
    }

    static func started() throws -> FleetEvent {
        .started(CopyJob.ID(source: try #require(SnapshotARN(self.source)), destination: self.destination), target: "t")
    }
}

@Suite struct NotificationDigestTests {
    /// What happens, a number of minutes after the beginning.
    enum Step: Sendable {
        case event(Int, FleetEvent)
        case tick(Int)
        case flush(Int)
    }

    private static func told(_ steps: [Step], tellsConfirmed: Bool = false) -> [String] {
        var settings = NotificationDigest.Settings()
        settings.tellsConfirmed = tellsConfirmed
        var digest = NotificationDigest(settings: settings)
        return steps.flatMap { step -> [String] in
            let notifications: [FleetNotification]
            let minute: Int
            switch step {
            case .event(let at, let event):
                minute = at
                notifications = digest.take(event, at: Told.start + .seconds(60 * at))
            case .tick(let at):
                minute = at
                notifications = digest.tick(at: Told.start + .seconds(60 * at))
            case .flush(let at):
                minute = at
                notifications = digest.flush(at: Told.start + .seconds(60 * at))
            }
            return notifications.map { notification in
                let detail = notification.detail
                let words = [
                    "\(minute)", notification.kind.rawValue, detail["reason"]?.string,
                    detail["count"]?.int.map { "\($0)" },
                    detail["reminder"] == true ? "again" : nil,
                ]
                return words.compactMap(\.self).joined(separator: " ")
            }
        }
    }

    @Test func deadLettersAreGatheredAndToldOnceAReasonAndInterval() {
        let letters = (0..<300).map { _ in Step.event(0, Told.letter()) }
        #expect(Self.told(letters + [.tick(0)]) == [])
        #expect(
            Self.told(
                letters + [
                    .event(0, Told.letter(.accessDenied)), .tick(1), .event(2, Told.letter()), .tick(3),
                    .event(30, Told.letter()), .tick(60), .tick(61), .tick(200), .event(300, Told.letter()), .tick(300),
                    .tick(301),
                ]
            ) == [
                "1 Jobs Dead-Lettered access-denied 1", "1 Jobs Dead-Lettered kms-key 300",
                "61 Jobs Dead-Lettered kms-key 2", "301 Jobs Dead-Lettered kms-key 1",
            ]
        )
    }

    @Test func whatWaitsIsToldWhenTheWorkerEnds() {
        #expect(Self.told([.event(0, Told.letter()), .flush(0), .flush(1)]) == ["0 Jobs Dead-Lettered kms-key 1"])
    }

    @Test func aMessageNamesAFewOfManyLetters() throws {
        var digest = NotificationDigest(settings: .init())
        for number in 0..<50 { _ = digest.take(Told.letter(source: "s-\(number)"), at: Told.start) }
        #expect(digest.nextDue == Told.start + .seconds(30))
        let notification = try #require(digest.tick(at: Told.start + .seconds(30)).first)
        #expect(notification.detail["count"] == 50)
        let examples = try #require(notification.detail["examples"]?.array)
        #expect(examples.map { $0["source"]?.string } == (0..<5).map { "s-\($0)" })
        #expect(notification.subject == "snapferry: 50 jobs in the dead-letter queue: kms-key")
        #expect(digest.nextDue == nil)
    }

    @Test func aBreachIsToldWhenItBeginsAndEndsAndOnceAnIntervalBetween() {
        #expect(
            Self.told([
                .event(0, Told.point(0)), .event(15, Told.point(2)), .event(30, Told.point(2)),
                .event(45, Told.point(3)), .event(75, Told.point(3)), .event(90, Told.point(3)),
                .event(105, Told.point(0)), .event(120, Told.point(0)), .event(135, Told.point(1)),
            ]) == [
                "15 RPO Breached 2", "75 RPO Breached 3 again", "105 RPO Met Again", "135 RPO Breached 1",
            ]
        )
    }

    @Test func eachRouteAndDestinationHasABreachOfItsOwn() {
        #expect(
            Self.told([
                .event(0, Told.point(1)), .event(0, Told.point(2, route: "vault")), .event(1, Told.point(0)),
            ]) == ["0 RPO Breached 1", "0 RPO Breached 2", "1 RPO Met Again"]
        )
    }

    @Test func destinationsAreToldWhenTheyAreBlockedAndUnblocked() throws {
        let opened = FleetEvent.circuitOpened(Told.pool, .kmsKey, detail: "the key is disabled")
        let full = FleetEvent.snapshotQuotaReached(Told.pool, detail: "Cannot create more than 100 manual snapshots")
        #expect(
            Self.told([
                .event(0, .circuitClosed(Told.pool, .kmsKey)), .event(1, opened), .event(2, opened), .event(3, full),
                .event(30, full), .event(64, full), .event(70, .circuitClosed(Told.pool, .kmsKey)),
                .event(71, .snapshotQuotaFreed(Told.pool, deleted: 4)),
                .event(72, .snapshotQuotaFreed(Told.pool, deleted: 1)),
            ]) == [
                "1 Destination Blocked kms-key", "3 Destination Blocked snapshot-quota",
                "64 Destination Blocked snapshot-quota again", "70 Destination Unblocked kms-key",
                "71 Destination Unblocked snapshot-quota",
            ]
        )
        // People may have made room; a copy that RDS accepts tells.
        #expect(
            Self.told([.event(0, full), .event(9, try Told.started()), .event(10, try Told.started())]) == [
                "0 Destination Blocked snapshot-quota", "9 Destination Unblocked snapshot-quota",
            ]
        )
    }

    @Test func confirmedCopiesAreToldOnlyOnRequest() throws {
        #expect(Self.told([.event(0, try Told.confirmed())]) == [])
        #expect(Self.told([.event(0, try Told.confirmed())], tellsConfirmed: true) == ["0 Copy Confirmed"])
        #expect(Self.told([.event(0, .received(count: 3)), .event(0, .working)], tellsConfirmed: true) == [])
    }
}
