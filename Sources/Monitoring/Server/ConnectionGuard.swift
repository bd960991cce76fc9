// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import NIOCore
import NIOHTTPTypes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Ends a connection whose client takes too long: to send a whole request, or to read a whole answer.
///
/// Bytes that trickle in do not count as progress, only whole requests and answers do.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let patience: TimeAmount
    private let roll: ConnectionRoll
    private var deadline: Scheduled<Void>?
    private var isAnswering = false

    init(patience: TimeAmount, roll: ConnectionRoll) {
        self.patience = patience
        self.roll = roll
    }

    func channelActive(context: ChannelHandlerContext) {
        self.roll.enter(context.channel)
        self.wait(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.end(context) }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(context)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .end = self.unwrapInboundIn(data) {
            self.move(context, isAnswering: true)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = self.unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess {
            self.move(context, isAnswering: false)
        }
        context.write(data, promise: written)
    }

    private func move(_ context: ChannelHandlerContext, isAnswering: Bool) {
        self.isAnswering = isAnswering
        self.roll.move(context.channel, isAnswering: isAnswering)
        self.wait(context)
    }

    private func wait(_ context: ChannelHandlerContext) {
        self.deadline?.cancel()
        guard context.channel.isActive else { return }
        self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: self.patience) {
            // What nobody reads would be kept until somebody does, unless the end is a reset.
            if self.isAnswering, let socket = context.channel as? any SocketOptionProvider {
                _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            }
            context.close(promise: nil)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        self.deadline?.cancel()
        self.deadline = nil
        self.roll.leave(context.channel)
    }
}
