// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An HTTP/1.1 server on a loopback port, on one thread, that says exactly what a test tells it to.
package final class LoopbackServer: Sendable {
    /// A request as it came in.
    package struct Received: Sendable {
        /// Method, target and headers, lines ended by CR LF.
        package let head: String
        package let body: [UInt8]
        /// Counts connections from 0.
        package let connection: Int
    }

    /// What to do about a request.
    package struct Reply: Sendable {
        package var bytes: [UInt8]
        package var closes = false

        /// A well-formed answer on a connection that stays open.
        package static func answer(_ status: Int = 200, headers: [String] = [], body: [UInt8] = []) -> Reply {
            let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.count)"] + headers
            return Reply(bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
        }

        /// These very bytes, and then the end of the connection.
        package static func raw(_ text: String) -> Reply { Reply(bytes: Array(text.utf8), closes: true) }
        /// Nothing, for as long as the client waits.
        package static let silence = Reply(bytes: [])
    }

    package let port: Int
    private let listener: Int32
    private let isStopping = Atomic<Bool>(false)
    private let handler: @Sendable (Received) -> Reply

    package init(_ handler: @escaping @Sendable (Received) -> Reply) {
        self.handler = handler
        self.listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        self.port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                precondition(bind(listener, address, size) == 0 && listen(listener, 1024) == 0, "no loopback port")
                getsockname(listener, address, &size)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
        _ = fcntl(self.listener, F_SETFL, O_NONBLOCK)
        DispatchQueue(label: "loopback-server").async { [self] in self.run() }
    }

    package var url: String { "http://127.0.0.1:\(self.port)/" }

    package func stop() { self.isStopping.store(true, ordering: .relaxed) }

    private struct Connection {
        let number: Int
        var input: [UInt8] = []
        var output: ArraySlice<UInt8> = []
        var closes = false
    }

    private func run() {
        var connections: [Int32: Connection] = [:]
        var accepted = 0
        while !self.isStopping.load(ordering: .relaxed) {
            var polled = [pollfd(fd: self.listener, events: Int16(POLLIN), revents: 0)]
            polled += connections.map { descriptor, connection in
                pollfd(fd: descriptor, events: Int16(connection.output.isEmpty ? POLLIN : POLLOUT), revents: 0)
            }
            _ = poll(&polled, nfds_t(polled.count), 20)
            for entry in polled where entry.revents != 0 {
                if entry.fd == self.listener {
                    while case let descriptor = accept(self.listener, nil, nil), descriptor >= 0 {
                        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                        connections[descriptor] = Connection(number: accepted)
                        accepted += 1
                    }
                } else if var connection = connections[entry.fd] {
                    let isOpen = self.serve(entry.fd, &connection)
                    connections[entry.fd] = isOpen ? connection : nil
                    if !isOpen { close(entry.fd) }
                }
            }
        }
        connections.keys.forEach { close($0) }
        close(self.listener)
    }

    private func serve(_ descriptor: Int32, _ connection: inout Connection) -> Bool {
        if connection.output.isEmpty {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return count < 0 && errno == EAGAIN }
            connection.input += buffer[..<count]
            guard let request = Self.takeRequest(&connection) else { return true }
            let reply = self.handler(request)
            connection.output = reply.bytes[...]
            connection.closes = reply.closes
        }
        let sent = connection.output.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent >= 0 || errno == EAGAIN else { return false }
        connection.output = connection.output.dropFirst(max(0, sent))
        return !(connection.closes && connection.output.isEmpty)
    }

    private static func takeRequest(_ connection: inout Connection) -> Received? {
        guard let end = connection.input.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: connection.input[..<end.lowerBound], as: UTF8.self)
        let length =
            head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
        guard connection.input.count >= end.upperBound + length else { return nil }
        let body = Array(connection.input[end.upperBound..<end.upperBound + length])
        connection.input.removeFirst(end.upperBound + length)
        return Received(head: head, body: body, connection: connection.number)
    }
}
