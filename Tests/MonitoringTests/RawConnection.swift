// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection to a loopback port that says and hears bytes as they are.
final class RawConnection: Sendable {
    struct Refused: Error {}
    struct NeverReset: Error {}

    private let descriptor: Int32
    private let isOver = Mutex(false)

    init(port: Int) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(self.descriptor)
            throw Refused()
        }
    }

    deinit { close(self.descriptor) }

    /// Whether the server has ended the connection.
    var hasEnded: Bool { self.isOver.withLock { $0 } }

    func send(_ text: String) { self.send(Array(text.utf8)) }

    /// Sends what a server takes; one that has gone takes nothing.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Everything until the server ends the connection.
    func hearAll() async -> String {
        var heard: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // Asked again and again rather than waited for: a thread that waits would be one that the server lacks.
        while !Task.isCancelled {
            let count = recv(self.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                heard += buffer[..<count]
            } else if count < 0, errno == EAGAIN {
                try? await Task.sleep(for: .milliseconds(5))
            } else {
                self.isOver.withLock { $0 = true }
                break
            }
        }
        return String(decoding: heard, as: UTF8.self)
    }

    /// Returns once the server has ended the connection, though nothing was read of what it said.
    func waitUntilReset() async throws {
        for _ in 0..<600 {
            var polled = pollfd(fd: self.descriptor, events: 0, revents: 0)
            _ = poll(&polled, 1, 0)
            if polled.revents & Int16(POLLHUP | POLLERR) != 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NeverReset()
    }
}
