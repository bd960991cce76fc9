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

/// A loopback port through which a server can be reached while the gate is open; when it is shut, connections break and
/// new ones are refused.
final class Gate: Sendable {
    struct NoPort: Error {}

    let port: Int
    private let upstream: Int
    private let isOpen = Atomic<Bool>(true)
    private let isStopping = Atomic<Bool>(false)

    /// Opens a gate.
    ///
    /// - Parameter url: The server behind it: `http://127.0.0.1:40213`.
    /// - Throws: ``NoPort``.
    init(to url: String) throws {
        guard let upstream = url.split(separator: ":").last.flatMap({ Int($0) }) else { throw NoPort() }
        self.upstream = upstream
        self.port = try FreePort.find()
        guard let listener = Self.listen(self.port) else { throw NoPort() }
        DispatchQueue(label: "gate").async { [self] in self.run(listener) }
    }

    var url: String { "http://127.0.0.1:\(self.port)" }

    func shut() { self.isOpen.store(false, ordering: .relaxed) }

    func open() { self.isOpen.store(true, ordering: .relaxed) }

    func stop() { self.isStopping.store(true, ordering: .relaxed) }

    /// One thread copies bytes both ways between pairs of sockets.
    private func run(_ first: Int32) {
        var listener: Int32? = first
        var pairs: [Int32: Int32] = [:]
        func part(_ descriptor: Int32) {
            guard let other = pairs.removeValue(forKey: descriptor) else { return }
            pairs[other] = nil
            close(descriptor)
            close(other)
        }
        while !self.isStopping.load(ordering: .relaxed) {
            if self.isOpen.load(ordering: .relaxed) {
                listener = listener ?? Self.listen(self.port)
            } else if let descriptor = listener {
                close(descriptor)
                listener = nil
                for descriptor in Array(pairs.keys) { part(descriptor) }
            }
            var polled = (Array(pairs.keys) + [listener].compactMap(\.self)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&polled, nfds_t(polled.count), 20)
            for entry in polled where entry.revents != 0 {
                if entry.fd == listener {
                    guard case let client = accept(entry.fd, nil, nil), client >= 0 else { continue }
                    guard let server = Self.connect(self.upstream) else {
                        close(client)
                        continue
                    }
                    pairs[client] = server
                    pairs[server] = client
                } else if let other = pairs[entry.fd] {
                    var buffer = [UInt8](repeating: 0, count: 65_536)
                    let count = recv(entry.fd, &buffer, buffer.count, 0)
                    if count <= 0 || !Self.sendAll(buffer[..<count], to: other) { part(entry.fd) }
                }
            }
        }
        for descriptor in Array(pairs.keys) { part(descriptor) }
        if let listener { close(listener) }
    }

    private static func sendAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    private static func listen(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let isBound = self.withAddress(port) { bind(descriptor, $0, $1) } == 0
        if isBound, Glibc.listen(descriptor, 128) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func connect(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if self.withAddress(port, { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
