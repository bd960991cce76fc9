// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes whole lines to a file descriptor, one writer at a time.
final class LineOutput: Sendable {
    static let standardOutput = LineOutput(descriptor: STDOUT_FILENO)
    static let standardError = LineOutput(descriptor: STDERR_FILENO)

    private let descriptor: Int32
    private let turn = Mutex(())

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Whether a person is looking.
    var isTerminal: Bool { isatty(self.descriptor) == 1 }

    /// Writes a line; a reader that has gone away is no reason to stop working.
    func write(_ line: String) {
        self.write(raw: line + "\n")
    }

    /// Writes text as it is.
    func write(raw text: String) {
        let bytes = Array(text.utf8)
        self.turn.withLock { _ in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
                guard written > 0 else {
                    if written < 0, errno == EINTR { continue }
                    return
                }
                rest = rest.dropFirst(written)
            }
        }
    }
}
