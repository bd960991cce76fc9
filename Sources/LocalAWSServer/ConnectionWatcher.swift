// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import NIOCore
import Synchronization

/// Notices that a client went away while its request is being answered.
///
/// The server leaves half-closed connections open, so a client that gave up on a long poll shows only as the end of its
/// input.
final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Any

    private let gone = Mutex(false)
    private let onClose: @Sendable () -> Void

    /// Makes a watcher for one connection.
    init(onClose: @escaping @Sendable () -> Void) {
        self.onClose = onClose
    }

    /// Whether nobody is there any more to read an answer.
    var isGone: Bool { self.gone.withLock { $0 } }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { self.note() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.note()
        context.fireChannelInactive()
    }

    private func note() {
        let isNews = self.gone.withLock { gone in
            defer { gone = true }
            return !gone
        }
        if isNews { self.onClose() }
    }
}
