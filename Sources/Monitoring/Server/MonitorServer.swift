// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Serves what operators look at over HTTP: health, metrics, a page.
///
/// It answers GET and HEAD for exact paths and reads nothing else of a request than its path and its host. This is the one
/// place that decides who is let in and how long anybody may take.
package final class MonitorServer: Sendable {
    private let setting: ListenSetting
    let hosts: AllowedHosts
    private let limits: MonitorLimits
    private let logger: Logger
    let routes: [String: MonitorRoute]
    private let listening = Mutex<Result<ListenAddress, BindFailure>?>(nil)
    private let signal = AsyncStream<Void>.makeStream()

    /// Makes a server that does nothing until ``run()``.
    ///
    /// - Parameters:
    ///   - setting: Where to listen.
    ///   - hosts: Which hosts requests may name.
    ///   - limits: What to put up with.
    ///   - logger: Is told the address.
    ///   - routes: What is served, by path.
    package init(
        setting: ListenSetting,
        hosts: AllowedHosts = AllowedHosts(),
        limits: MonitorLimits = MonitorLimits(),
        logger: Logger,
        routes: [String: MonitorRoute]
    ) {
        self.setting = setting
        self.hosts = hosts
        self.limits = limits
        self.logger = logger
        self.routes = routes
    }

    /// Serves until cancellation; graceful shutdown does not concern it, so that a drain can be watched.
    ///
    /// - Throws: ``BindFailure`` when the address can't be listened on.
    package func run() async throws {
        defer { self.signal.continuation.finish() }
        guard let address = self.setting.address else { return }
        // Detached, it knows nothing of the service group's shutdown.
        let serving = Task.detached {
            do {
                try await self.serve(on: address)
            } catch let failure as BindFailure where failure.isTaken && self.setting == .preferred(address) {
                self.logger.warning(
                    "The standard port is taken; listening on a free one",
                    metadata: ["listen.address": "\(address)"]
                )
                try await self.serve(on: ListenAddress(host: address.host, port: 0))
            }
        }
        try await withTaskCancellationHandler {
            do {
                try await serving.value
            } catch let failure as BindFailure {
                self.listening.withLock { $0 = .failure(failure) }
                throw failure
            }
        } onCancel: {
            serving.cancel()
        }
    }

    /// Where the server listens, once it does; `nil` where it is told not to, or where it has ended.
    ///
    /// For one caller only.
    ///
    /// - Throws: ``BindFailure`` where it can't.
    package func waitUntilListening() async throws -> ListenAddress? {
        for await _ in self.signal.stream { break }
        return try self.listening.withLock { $0 }?.get()
    }

    private func serve(on address: ListenAddress) async throws {
        // One thread is plenty for a scrape now and then.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do {
            result = .success(try await self.server(on: address, group).run())
        } catch {
            let isListening = self.listening.withLock { $0 != nil }
            result = .failure(isListening || error is CancellationError ? error : BindFailure(address, error))
        }
        try? await group.shutdownGracefully()
        try result.get()
    }

    private func server(on address: ListenAddress, _ group: MultiThreadedEventLoopGroup) -> Server<HTTP1Channel> {
        let roll = ConnectionRoll(limit: self.limits.connections)
        let patience = TimeAmount(self.limits.patience)
        return Server(
            childChannelSetup: HTTP1Channel(
                responder: { request, writer, channel in try await self.respond(to: request, writer, channel) },
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionGuard(patience: patience, roll: roll)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: self.limits.headerBytes,
                        maxHeaderListSize: self.limits.headerBytes,
                        maxHeaderFieldCount: self.limits.headerCount
                    )
                )
            ),
            configuration: ServerConfiguration(address: .hostname(address.host, port: address.port)),
            onServerRunning: { self.didListen(on: address.host, $0) },
            eventLoopGroup: group,
            logger: Logger(label: "snapferry.monitor") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func didListen(on host: String, _ channel: any Channel) {
        let address = ListenAddress(host: host, port: channel.localAddress?.port ?? 0)
        self.listening.withLock { $0 = .success(address) }
        self.logger.info("Listening", metadata: ["listen.address": "\(address)", "listen.url": "\(address.url)"])
        self.signal.continuation.yield()
    }
}
