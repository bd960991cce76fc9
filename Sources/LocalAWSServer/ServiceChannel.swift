// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Has a ``ConnectionHandler`` answer each connection, where Hummingbird's own would start a task for it.
struct ServiceChannel: ServerChildChannel {
    /// A connection that was accepted.
    struct Connection: ServerChildChannelValue {
        let channel: any Channel
    }

    private static let idleTimeout = TimeAmount.seconds(300)

    let server: LocalAWSServer

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 80 * 1024
            limits.maxHeaderListSize = 80 * 1024
            limits.maxHeaderFieldCount = 1000
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
                withDecoderLimitConfiguration: limits
            )
            try pipeline.addHandler(IdleStateHandler(readTimeout: Self.idleTimeout))
            try pipeline.addHandler(ConnectionHandler(server: self.server))
            return Connection(channel: channel)
        }
    }

    /// Returns when the connection is closed; cancellation closes it.
    func handle(value connection: Connection, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await connection.channel.closeFuture.get()
        } onCancel: {
            connection.channel.close(promise: nil)
        }
    }
}
