// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import LocalAWS
import NIOCore
import NIOHTTP1
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Answers the requests of one connection, one after the other.
///
/// What needs no waiting is answered at once, on the connection's event loop: the way to a task's thread and back costs
/// more than most answers do. Only what waits, or may take long, becomes a task.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How many requests may wait for their turn before no more are read.
    private static let patience = 16

    /// What comes next on the connection.
    private enum Turn {
        case request(IncomingRequest)
        /// Nothing can be read any more; this says so.
        case refusal(status: Int)
    }

    /// Tells tasks whether the client is still there.
    private final class Presence: Sendable {
        let isGone = Atomic(false)
    }

    private let server: LocalAWSServer
    private let presence = Presence()
    /// The request that is being read.
    private var reading: (head: HTTPRequestHead, body: [UInt8])?
    private var turns: [Turn] = []
    private var isAnswering = false
    /// How many answers have not left for the client yet.
    private var unsent = 0
    /// Whether the connection ends with the answers that are still to be given.
    private var isEnding = false
    /// Whether whatever else comes in is of no interest.
    private var isDeaf = false
    private var holdsRead = false
    private var task: Task<Void, Never>?

    init(server: LocalAWSServer) {
        self.server = server
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDeaf else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head): self.reading = (head, [])
        case .body(let part):
            guard let size = self.reading?.body.count, size + part.readableBytes <= LocalAWSServer.bodyLimit else {
                self.refuse(413, context)
                return
            }
            self.reading?.body += part.readableBytesView
        case .end:
            guard let (head, body) = self.reading else { return }
            self.reading = nil
            self.turns.append(.request(IncomingRequest(head, body: body)))
            if !head.isKeepAlive { (self.isDeaf, self.isEnding) = (true, true) }
            self.takeTurns(context)
        }
    }

    func read(context: ChannelHandlerContext) {
        self.holdsRead = self.turns.count >= Self.patience
        if !self.holdsRead { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            self.refuse(400, context)
        } else {
            context.close(promise: nil)
        }
    }

    private func refuse(_ status: Int, _ context: ChannelHandlerContext) {
        self.reading = nil
        (self.isDeaf, self.isEnding) = (true, true)
        self.turns.append(.refusal(status: status))
        self.takeTurns(context)
    }

    // MARK: - Answering

    private func takeTurns(_ context: ChannelHandlerContext) {
        while !self.isAnswering, context.channel.isWritable, !self.turns.isEmpty {
            switch self.turns.removeFirst() {
            case .refusal(let status):
                self.write(OutgoingAnswer(status: status, headers: [("Connection", "close")]), context)
            case .request(let request):
                self.isAnswering = true
                self.answer(request, context)
            }
        }
        self.endIfOver(context)
        if self.holdsRead, self.turns.count < Self.patience { self.read(context: context) }
    }

    private func answer(_ request: IncomingRequest, _ context: ChannelHandlerContext) {
        guard !request.path.hasPrefix("/_local/") else {
            self.wait(context) { server, _ in .answer(server.administer(request)) }
            return
        }
        let progress = self.server.begin(request)
        if case .over(let outcome) = progress {
            self.conclude(outcome, context)
        } else {
            let eventLoop = context.eventLoop
            self.wait(context) { server, presence in
                // Asked there, the event loop has taken in before what the client did before now.
                await server.finish(progress) {
                    (try? await eventLoop.submit { presence.isGone.load(ordering: .relaxed) }.get()) ?? true
                }
            }
        }
    }

    private func wait(
        _ context: ChannelHandlerContext,
        for outcome: @escaping @Sendable (LocalAWSServer, Presence) async -> LocalAWSServer.Outcome
    ) {
        let (server, presence, eventLoop) = (self.server, self.presence, context.eventLoop)
        let here = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
        self.task = Task {
            let outcome = await outcome(server, presence)
            eventLoop.execute {
                let (handler, context) = here.value
                guard context.channel.isActive else { return }
                handler.task = nil
                handler.conclude(outcome, context)
                handler.takeTurns(context)
            }
        }
    }

    private func conclude(_ outcome: LocalAWSServer.Outcome, _ context: ChannelHandlerContext) {
        self.isAnswering = false
        switch outcome {
        case .answer(let answer): self.write(answer, context)
        case .truncated(let answer, let bytes):
            (self.isDeaf, self.isEnding) = (true, true)
            self.turns = []
            self.write(answer, upTo: bytes, context)
        case .reset:
            self.isDeaf = true
            self.turns = []
            // Without lingering, closing sends a reset instead of an orderly end.
            let channel = context.channel
            let options = channel as? any SocketOptionProvider
            let isSet = options?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            (isSet ?? context.eventLoop.makeSucceededVoidFuture()).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    /// Writes an answer, or only the beginning of its body.
    private func write(_ answer: OutgoingAnswer, upTo bytes: Int? = nil, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(answer.body.count))
        let status = HTTPResponseStatus(statusCode: answer.status)
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        let body = bytes.map { ByteBuffer(bytes: answer.body.prefix($0)) } ?? ByteBuffer(bytes: answer.body)
        let sent = context.eventLoop.makePromise(of: Void.self)
        let here = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in
            let (handler, context) = here.value
            handler.unsent -= 1
            handler.endIfOver(context)
        }
        self.unsent += 1
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: bytes == nil ? nil : sent)
        if bytes == nil { context.write(Self.wrapOutboundOut(.end(nil)), promise: sent) }
        context.flush()
    }

    // MARK: - Ending

    private func endIfOver(_ context: ChannelHandlerContext) {
        guard self.isEnding, !self.isAnswering, self.turns.isEmpty, self.reading == nil, self.unsent == 0 else {
            return
        }
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.takeTurns(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            // The server leaves half-closed connections open, so that a client that gave up on a long poll shows only
            // as the end of its input.
            self.noteAbsence()
            self.reading = nil
            self.isEnding = true
            self.takeTurns(context)
        case is ChannelShouldQuiesceEvent:
            self.isEnding = true
            self.takeTurns(context)
        case is IdleStateHandler.IdleStateEvent:
            if !self.isAnswering { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.noteAbsence()
        self.turns = []
        self.task?.cancel()
        context.fireChannelInactive()
    }

    private func noteAbsence() {
        let isKnown = self.presence.isGone.exchange(true, ordering: .relaxed)
        if !isKnown { self.server.wakeups.signal() }
    }
}

extension IncomingRequest {
    fileprivate init(_ head: HTTPRequestHead, body: [UInt8]) {
        let target = Self.path(ofTarget: head.uri).utf8
        let mark = target.firstIndex(of: UInt8(ascii: "?"))
        self.init(
            method: head.method.rawValue,
            path: String(Substring(target[..<(mark ?? target.endIndex)])),
            query: mark.map { String(Substring(target[target.index(after: $0)...])) } ?? "",
            headers: head.headers.map { (name: $0.name.lowercased(), value: $0.value) },
            body: body
        )
    }

    /// What a client that takes this for a proxy puts before the path is left out.
    private static func path(ofTarget target: String) -> Substring {
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return target[...] }
        let rest = target[scheme.upperBound...]
        return rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? "/"
    }
}
