// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Cached credentials", .timeLimit(.minutes(5)))
struct CachedCredentialsTests {
    private let time = SteppedTime()

    private func make(_ name: String, expiresIn duration: Duration?) -> Credentials {
        Credentials(
            accessKeyID: name,
            secretAccessKey: "s",
            sessionToken: "t",
            expiration: duration.map { self.time.now() + $0 }
        )
    }

    private static let outage = AWSError(.unavailable, message: "outage")

    /// A cache that holds `old`, with the time moved to where `left` is left of its six hours.
    private func cache(
        left: Duration,
        then outcomes: [QueuedProvider.Outcome],
        windows: CachedCredentials.Windows = .init()
    ) async throws -> (CachedCredentials, QueuedProvider) {
        let old = self.make("old", expiresIn: .seconds(6 * 3600))
        let provider = QueuedProvider([.success(old)] + outcomes)
        let cache = CachedCredentials(provider, time: self.time, windows: windows)
        #expect(try await cache.credentials() == old)
        self.time.step(.seconds(6 * 3600) - left)
        return (cache, provider)
    }

    @Test(
        "asks again when 15 minutes are left, and not before",
        arguments: [(Duration.seconds(3600), 1), (.seconds(901), 1), (.seconds(900), 2), (.seconds(60), 2), (.zero, 2)]
    )
    func window(left: Duration, calls: Int) async throws {
        let fresh = self.make("new", expiresIn: .seconds(24 * 3600))
        let (cache, provider) = try await self.cache(left: left, then: [.success(fresh)])
        #expect(try await cache.credentials().accessKeyID == (calls == 1 ? "old" : "new"))
        #expect(provider.calls == calls)
        #expect(try await cache.credentials().accessKeyID == (calls == 1 ? "old" : "new"))
        #expect(provider.calls == calls)
    }

    @Test("credentials that don't expire are asked for once")
    func eternal() async throws {
        let provider = QueuedProvider([.success(self.make("old", expiresIn: nil))])
        let cache = CachedCredentials(provider, time: self.time)
        for _ in 0..<3 {
            #expect(try await cache.credentials().accessKeyID == "old")
            self.time.step(.seconds(86_400 * 365))
        }
        #expect(provider.calls == 1)
    }

    @Test("credentials that live for a quarter of an hour are not refreshed for every call")
    func shortLived() async throws {
        let provider = QueuedProvider([
            .success(self.make("old", expiresIn: .seconds(900))), .success(self.make("new", expiresIn: .seconds(1800))),
        ])
        let cache = CachedCredentials(provider, time: self.time)
        for _ in 0..<10 {
            #expect(try await cache.credentials().accessKeyID == "old")
            self.time.step(.seconds(60))
        }
        #expect(provider.calls == 1)
        self.time.step(.seconds(80))
        #expect(try await cache.credentials().accessKeyID == "new")
    }

    @Test("callers that come while a refresh runs share it")
    func singleFlight() async throws {
        let gate = Gate()
        let provider = QueuedProvider([.success(self.make("one", expiresIn: .seconds(3600)))], gate: gate)
        let cache = CachedCredentials(provider, time: self.time)
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await cache.credentials().accessKeyID } }
            await gate.arrival()
            for _ in 0..<200 { await Task.yield() }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(names == Array(repeating: "one", count: 20))
        #expect(provider.calls == 1)
    }

    @Test("callers that share a refresh share its failure, and the next call tries again")
    func sharedFailure() async throws {
        let gate = Gate()
        let provider = QueuedProvider(
            [.failure(Self.outage), .success(self.make("one", expiresIn: .seconds(3600)))],
            gate: gate
        )
        let cache = CachedCredentials(provider, time: self.time)
        let first = Task { () throws(AWSError) in try await cache.credentials() }
        await gate.arrival()
        gate.open()
        await #expect(throws: Self.outage) { try await first.value }
        #expect(try await cache.credentials().accessKeyID == "one")
        #expect(provider.calls == 2)
    }

    @Test("a cancelled caller stops waiting at once, and the refresh goes on for the others")
    func cancellation() async throws {
        let gate = Gate()
        let provider = QueuedProvider([.success(self.make("one", expiresIn: .seconds(3600)))], gate: gate)
        let cache = CachedCredentials(provider, time: self.time)
        let first = Task { () throws(AWSError) in try await cache.credentials() }
        await gate.arrival()
        let second = Task { () throws(AWSError) in try await cache.credentials() }
        first.cancel()
        // The gate is still closed, so this would hang if the caller waited for the refresh.
        let error = await #expect(throws: AWSError.self) { try await first.value }
        #expect(error?.code == .cancelled)
        gate.open()
        #expect(try await second.value.accessKeyID == "one")
        #expect(provider.calls == 1)
        #expect(!provider.sawCancellation)
    }

    @Test("a caller that is cancelled before it asks gets told so")
    func cancelledBefore() async throws {
        let provider = QueuedProvider([.success(self.make("one", expiresIn: .seconds(3600)))])
        let cache = CachedCredentials(provider, time: self.time)
        let gate = Gate()
        let task = Task { () throws(AWSError) in
            await gate.pass()
            return try await cache.credentials()
        }
        await gate.arrival()
        task.cancel()
        gate.open()
        let error = await #expect(throws: AWSError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(provider.calls == 0)
    }

    @Test("between 15 and 10 minutes one caller refreshes and the others go on with what there is")
    func advisory() async throws {
        let fresh = self.make("new", expiresIn: .seconds(24 * 3600))
        let (cache, provider) = try await self.cache(left: .seconds(840), then: [.success(fresh)])
        let gate = Gate()
        provider.close(with: gate)
        let refreshing = Task { try await cache.credentials().accessKeyID }
        await gate.arrival()
        #expect(try await cache.credentials().accessKeyID == "old")
        gate.open()
        #expect(try await refreshing.value == "new")
        #expect(try await cache.credentials().accessKeyID == "new")
        #expect(provider.calls == 2)
    }

    @Test("with less than 10 minutes left every caller waits for the refresh")
    func mandatory() async throws {
        let fresh = self.make("new", expiresIn: .seconds(24 * 3600))
        let (cache, provider) = try await self.cache(left: .seconds(540), then: [.success(fresh)])
        let gate = Gate()
        provider.close(with: gate)
        let first = Task { try await cache.credentials().accessKeyID }
        await gate.arrival()
        let second = Task { try await cache.credentials().accessKeyID }
        for _ in 0..<50 { await Task.yield() }
        gate.open()
        #expect(try await [first.value, second.value] == ["new", "new"])
        #expect(provider.calls == 2)
    }

    @Test("a refresh that fails is not noticed while the old credentials are good", arguments: [840, 540, 1])
    func staticStability(secondsLeft: Int) async throws {
        let fresh = self.make("new", expiresIn: .seconds(24 * 3600))
        let (cache, provider) = try await self.cache(
            left: .seconds(secondsLeft),
            then: [.failure(Self.outage), .success(fresh)]
        )
        #expect(try await cache.credentials().accessKeyID == "old")
        // Not for every call in an outage, either.
        #expect(try await cache.credentials().accessKeyID == "old")
        #expect(provider.calls == 2)
        self.time.step(.seconds(30))
        #expect(try await cache.credentials().accessKeyID == "new")
        #expect(provider.calls == 3)
    }

    @Test("once they have expired, the failure is the callers'")
    func expired() async throws {
        let (cache, provider) = try await self.cache(left: .seconds(0), then: [.failure(Self.outage)])
        await #expect(throws: Self.outage) { try await cache.credentials() }
        await #expect(throws: Self.outage) { try await cache.credentials() }
        #expect(provider.calls == 3)
    }

    @Test("old credentials end with their expiry although the last refresh failed a moment ago")
    func expiryEndsStability() async throws {
        let (cache, _) = try await self.cache(left: .seconds(10), then: [.failure(Self.outage)])
        #expect(try await cache.credentials().accessKeyID == "old")
        self.time.step(.seconds(10))
        await #expect(throws: Self.outage) { try await cache.credentials() }
    }

    @Test("on EC2 expired credentials are used until new ones can be had")
    func keepsExpired() async throws {
        let fresh = self.make("new", expiresIn: .seconds(48 * 3600))
        let (cache, provider) = try await self.cache(
            left: .seconds(-7200),
            then: [.failure(Self.outage), .failure(Self.outage), .success(fresh)],
            windows: .instanceMetadata
        )
        for _ in 0..<3 { #expect(try await cache.credentials().accessKeyID == "old") }
        #expect(provider.calls == 2)
        self.time.step(.seconds(31))
        #expect(try await cache.credentials().accessKeyID == "old")
        self.time.step(.seconds(31))
        #expect(try await cache.credentials().accessKeyID == "new")
    }

    @Test("credentials that have expired when they come are a failure")
    func deadOnArrival() async throws {
        let provider = QueuedProvider([.success(self.make("dead", expiresIn: .seconds(-1)))])
        let cache = CachedCredentials(provider, time: self.time)
        let error = await #expect(throws: AWSError.self) { try await cache.credentials() }
        #expect(error?.code == .noCredentials)
    }

    @Test("after a service called them expired, new ones are fetched, and the source is told")
    func invalidation() async throws {
        let fresh = self.make("new", expiresIn: .seconds(24 * 3600))
        let (cache, provider) = try await self.cache(left: .seconds(5 * 3600), then: [.success(fresh)])
        let old = try await cache.credentials()
        await cache.invalidate(old)
        #expect(provider.invalidated == [old])
        #expect(try await cache.credentials() == fresh)
        // Another call that failed with the old ones says so late.
        await cache.invalidate(old)
        #expect(try await cache.credentials() == fresh)
        #expect(provider.calls == 2)
    }

    @Test("credentials called expired are not used again, whatever their expiry says", arguments: [false, true])
    func invalidAndFailing(keepsExpired: Bool) async throws {
        let (cache, _) = try await self.cache(
            left: .seconds(5 * 3600),
            then: [.failure(Self.outage)],
            windows: .init(keepsExpired: keepsExpired)
        )
        await cache.invalidate(try await cache.credentials())
        await #expect(throws: Self.outage) { try await cache.credentials() }
        await #expect(throws: Self.outage) { try await cache.credentials() }
    }
}
