// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Reads every destination's list of copies, and the sources' databases where they can be had.
///
/// A list that can't be read is a gap of the report and hides nothing else; an unreachable source costs no more than the
/// databases that were never copied.
package struct RecoverySurvey: Sendable {
    /// More pages than any account has: a list that goes on beyond is broken.
    private static let mostPages = 10_000

    private let policy: Policy
    private let destinations: [Destination]
    private let depth: Int
    /// How many lists are read side by side.
    private let width: Int
    /// How long one call may take; `nil` for as long as its retries last.
    private let patience: Duration?

    /// Makes a survey.
    ///
    /// - Parameters:
    ///   - policy: Its accounts filled in.
    ///   - destinations: Where to look; `nil` for all that the policy knows.
    ///   - depth: How many confirmed copies of each database are kept.
    ///   - width: How many lists are read side by side.
    ///   - patience: How long one call may take; `nil` for as long as its retries last.
    package init(
        policy: Policy,
        destinations: [Destination]? = nil,
        depth: Int = .max / 4,
        width: Int = 16,
        patience: Duration? = nil
    ) {
        self.policy = policy
        self.destinations = destinations ?? policy.destinations
        self.depth = depth
        self.width = max(1, width)
        self.patience = patience
    }

    /// What came of one list, or one page of it.
    private enum News: Sendable {
        case page([Snapshot], SlotPool)
        case databases([DatabaseFacts], SourceGroup)
        case sourcePage([Snapshot])
        case lostPool(SlotPool, Trouble)
        case lostGroup(SourceGroup, Trouble)
    }

    /// Looks at the destinations, and with `sources` also at where the databases are.
    ///
    /// - Parameters:
    ///   - service: Who lists.
    ///   - sources: Whether to look at the sources.
    ///   - now: What ages count up to.
    ///   - see: Is shown each page of a destination's list, one after the other.
    /// - Returns: The engine, which has seen it all and may be told more before it reports; and how many calls that took.
    /// - Throws: `CancellationError`.
    package func look(
        with service: any RecoveryLister,
        sources: Bool,
        at now: Instant,
        seeing see: ([Snapshot], SlotPool) -> Void = { _, _ in }
    ) async throws -> (points: RecoveryPoints, pages: Int) {
        var points = RecoveryPoints(
            policy: self.policy,
            destinations: self.destinations,
            depth: self.depth,
            now: now
        )
        var pages = 0
        var jobs: [@Sendable (AsyncStream<News>.Continuation) async -> Void] = []
        for pool in self.policy.pools where self.destinations.contains(pool.destination) && self.isUsed(pool) {
            jobs.append { feed in await self.read(pool, from: service, feed) }
        }
        if sources {
            for group in self.policy.sourceGroups.sorted() {
                jobs.append { feed in await self.read(group, from: service, feed) }
            }
        }
        await self.run(jobs) { news in
            if case .page(let page, let pool) = news {
                pages += 1
                see(page, pool)
            }
            Self.take(news, into: &points)
        }
        try Task.checkCancellation()
        // Only what the policy asks of snapshots, and no copy answers, is worth listing snapshots for.
        let undecided = points.undecided.map { group -> @Sendable (AsyncStream<News>.Continuation) async -> Void in
            { feed in await self.readSnapshots(of: group, from: service, feed) }
        }
        await self.run(undecided) { Self.take($0, into: &points) }
        try Task.checkCancellation()
        return (points, pages)
    }

    private func isUsed(_ pool: SlotPool) -> Bool {
        self.policy.routes.contains { route in
            route.match.kinds.contains(pool.kind) && route.destinations.contains { $0.leads(to: pool.destination) }
        }
    }

    private static func take(_ news: News, into points: inout RecoveryPoints) {
        switch news {
        case .page(let page, let pool): points.take(page, at: pool)
        case .databases(let databases, let group): points.take(databases, in: group)
        case .sourcePage(let page): points.take(sourcePage: page)
        case .lostPool(let pool, let trouble): points.miss(pool, trouble)
        case .lostGroup(let group, let trouble): points.miss(group, trouble)
        }
    }

    /// Runs jobs side by side, no more than ``width`` at once, and takes in what they tell as it comes.
    private func run(
        _ jobs: [@Sendable (AsyncStream<News>.Continuation) async -> Void],
        _ take: (News) -> Void
    ) async {
        let (stream, feed) = AsyncStream.makeStream(of: News.self)
        async let finished: Void = {
            await withDiscardingTaskGroup { group in
                let (turns, turn) = AsyncStream.makeStream(of: Void.self)
                for _ in 0..<self.width { turn.yield() }
                var waiting = turns.makeAsyncIterator()
                for job in jobs {
                    guard await waiting.next() != nil else { break }
                    group.addTask {
                        await job(feed)
                        turn.yield()
                    }
                }
            }
            feed.finish()
        }()
        for await news in stream { take(news) }
        await finished
    }

    // MARK: - Lists

    private func read(
        _ pool: SlotPool,
        from service: any RecoveryLister,
        _ feed: AsyncStream<News>.Continuation
    ) async {
        do {
            try await self.read(.copies(pool), from: service) { feed.yield(.page($0, pool)) }
        } catch {
            feed.yield(.lostPool(pool, Trouble(of: .describeTarget, kind: pool.kind, error)))
        }
    }

    private func read(
        _ group: SourceGroup,
        from service: any RecoveryLister,
        _ feed: AsyncStream<News>.Continuation
    ) async {
        do {
            feed.yield(.databases(try await self.wait { try await service.facts(in: group) }, group))
        } catch {
            feed.yield(.lostGroup(group, Trouble(of: .describeSource, kind: group.kind, error)))
        }
    }

    private func readSnapshots(
        of group: SourceGroup,
        from service: any RecoveryLister,
        _ feed: AsyncStream<News>.Continuation
    ) async {
        do {
            try await self.read(.own(group, origin: nil), from: service) { feed.yield(.sourcePage($0)) }
        } catch {
            feed.yield(.lostGroup(group, Trouble(of: .describeSource, kind: group.kind, error)))
        }
    }

    private func read(
        _ listing: SnapshotListing,
        from service: any RecoveryLister,
        _ take: ([Snapshot]) -> Void
    ) async throws {
        var marker: String?
        for _ in 0..<Self.mostPages {
            let page = try await self.wait { [marker] in try await service.page(of: listing, after: marker) }
            take(page.snapshots)
            guard let next = page.marker else { return }
            guard next != marker else {
                throw AWSError(.malformedAnswer, message: "the list's marker does not move on")
            }
            marker = next
        }
        throw AWSError(.malformedAnswer, message: "the list is longer than \(Self.mostPages) pages")
    }

    private func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        guard let patience = self.patience else { return try await body() }
        return try await Patience.wait(patience, for: body)
    }
}

extension Policy {
    /// Every account, Region and kind that a route copies from.
    package var sourceGroups: Set<SourceGroup> {
        Set(
            self.routes.flatMap { route in
                route.source.regions.flatMap { region in
                    route.source.accounts.flatMap { account in
                        route.match.kinds.map { SourceGroup(account: account, region: region, kind: $0) }
                    }
                }
            }
        )
    }
}
