// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The keys that are pressed, one by one, without echo and without waiting for the end of a line.
///
/// Interrupts still reach the process as signals. ``restore()`` gives the terminal its own ways back.
struct Keyboard {
    private let original: termios

    /// Takes the terminal; `nil` where standard input is none.
    init?() {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        self.original = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
    }

    /// The keys since the last time; never waits.
    func pressed() -> [Character] {
        var wanted = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 0) == 1, wanted.revents & Int16(POLLIN) != 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        return count > 0 ? bytes.prefix(count).map { Character(Unicode.Scalar($0)) } : []
    }

    /// Gives the terminal back as it was.
    func restore() {
        var settings = self.original
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }
}
