// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The terminal that this program writes to, if it is one.
struct TerminalWindow: Sendable, Hashable {
    var width: Int
    var height: Int

    /// What pipes and files get.
    static let assumed = TerminalWindow(width: 100, height: 24)

    /// Whether a person looks at standard output.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The size right now; the assumed one where standard output is no terminal, or does not tell.
    static var current: TerminalWindow {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return self.assumed
        }
        return TerminalWindow(width: Int(size.ws_col), height: Int(size.ws_row))
    }

    /// The environment's variables that decide how output looks.
    static var environment: [String: String] {
        var found: [String: String] = [:]
        for name in ["NO_COLOR", "TERM"] {
            if let value = getenv(name) { found[name] = String(cString: value) }
        }
        return found
    }
}
