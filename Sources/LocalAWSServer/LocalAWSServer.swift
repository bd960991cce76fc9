// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient
import HummingbirdCore
package import LocalAWS
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// An AWS on this machine: the services of a ``World``, over HTTP.
///
/// Any number of accounts and Regions share the one port: a request's signature tells both. On graceful shutdown open
/// long polls are answered at once and the port closes; requests that still drag on are cut off after three seconds.
package final class LocalAWSServer: Service {
    /// Larger than any request of these services.
    static let bodyLimit = 2 * 1024 * 1024
    private static let shutdownGrace = Duration.seconds(3)

    let configuration: LocalAWSConfiguration
    let logger: Logger
    let state: Mutex<ServerState>
    /// Wakes long polls.
    let wakeups = Wakeups()
    /// Wakes who moves the world on: where something is due sooner than it was, or time itself has changed.
    let alarm = Wakeups()
    private let listening = AsyncStream<Int>.makeStream()

    /// Makes a server and puts the seed data into its world.
    ///
    /// - Throws: ``DocumentError`` for seed data or settings that the world refuses.
    package init(configuration: LocalAWSConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        var state = ServerState(configuration)
        if let settings = configuration.settings { try state.world.apply(settings: settings) }
        try configuration.seed.apply(to: &state.world, keys: &state.verifier.keys, at: state.now)
        self.state = Mutex(state)
    }

    /// Runs until graceful shutdown or cancellation.
    ///
    /// - Throws: ``ListenFailure`` when the address can't be listened on.
    package func run() async throws {
        let server = Server(
            childChannelSetup: ServiceChannel(server: self),
            configuration: ServerConfiguration(
                address: .hostname(self.configuration.host, port: self.configuration.port)
            ),
            onServerRunning: { channel in self.didListen(on: channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: self.logger
        )
        defer { self.listening.continuation.finish() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await server.run()
                } catch  where self.state.withLock({ $0.port == nil }) && !(error is CancellationError) {
                    throw ListenFailure(host: self.configuration.host, port: self.configuration.port, error)
                }
                return true
            }
            group.addTask {
                await self.keepTime()
                return false
            }
            group.addTask {
                do { try await gracefulShutdown() } catch { return false }
                self.stopWaiting()
                try? await Task.sleep(for: Self.shutdownGrace)
                return true
            }
            while let isOver = try await group.next(), !isOver {}
            group.cancelAll()
        }
    }

    /// The port, once the server listens on it.
    ///
    /// - Throws: `CancellationError` where it never will.
    package func waitUntilListening() async throws -> Int {
        if let port = self.state.withLock({ $0.port }) { return port }
        for await port in self.listening.stream { return port }
        guard let port = self.state.withLock({ $0.port }) else { throw CancellationError() }
        return port
    }

    /// Lends the world, at the present of its clock, to tests and the demo.
    ///
    /// Long polls look again afterwards.
    package func withWorld<Value, Failure: Error>(
        _ body: (inout World, Instant) throws(Failure) -> Value
    ) throws(Failure) -> sending Value where Value: Sendable {
        let result: Result<Value, Failure> = self.state.withLock { state in
            let now = state.now
            state.world.advance(to: now)
            do throws(Failure) {
                return .success(try body(&state.world, now))
            } catch {
                return .failure(error)
            }
        }
        self.tellOfChange()
        return try result.get()
    }

    /// The requests so far, after a sequence number.
    package func journal(after sequence: Int = 0) -> [Journal.Entry] {
        self.state.withLock { state in
            state.recordCopyEndings(wall: SystemTimeSource.systemNow())
            return state.journal.entries(after: sequence)
        }
    }

    /// Replaces the faults.
    package func setFaults(_ script: FaultScript) {
        self.state.withLock { $0.faults = FaultInjector(script) }
    }

    private func didListen(on port: Int) {
        self.state.withLock { $0.port = port }
        self.listening.continuation.yield(port)
        self.listening.continuation.finish()
    }

    private func stopWaiting() {
        self.state.withLock { $0.isStopping = true }
        self.tellOfChange()
    }

    /// Has everybody who waits look at the world again.
    func tellOfChange() {
        self.wakeups.signal()
        self.alarm.signal()
    }

    /// Moves the world on whenever something in it is due.
    private func keepTime() async {
        while !Task.isCancelled {
            let generation = self.alarm.generation
            let (wasDue, pause) = self.state.withLock { state in
                let now = state.now
                let wasDue = state.world.nextChange.map { $0 <= now } ?? false
                state.world.advance(to: now)
                state.alarmTime = state.world.nextChange
                let pause = state.alarmTime.map { ($0 - now) / self.configuration.time.speed } ?? .seconds(3600)
                return (wasDue, pause)
            }
            if wasDue {
                self.wakeups.signal()
                // What is due again at once is looked at soon, but not in a loop.
                try? await Task.sleep(for: .milliseconds(1))
            } else {
                await self.alarm.wait(since: generation, atMost: min(max(pause, .milliseconds(1)), .seconds(3600)))
            }
        }
    }
}
