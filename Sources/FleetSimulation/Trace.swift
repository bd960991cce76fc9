// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What happened in a run: a hash of all of it and, where somebody is to read it, the lines.
///
/// The hash takes in numbers only, so that a run in which nobody reads spends nothing on words.
struct Trace {
    /// How many lines are kept for the report of a failure.
    private static let kept = 40

    /// Whether lines are wanted at all.
    let isReadable: Bool
    /// Takes each line as it comes; `nil` where only the last ones matter.
    let printer: ((String) -> Void)?
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private var ring: [String] = []
    private var position = 0

    init(isReadable: Bool = false, printer: ((String) -> Void)? = nil) {
        self.isReadable = isReadable || printer != nil
        self.printer = printer
    }

    mutating func add(_ line: @autoclosure () -> String, at now: Instant) {
        guard self.isReadable else { return }
        let written = "\(now.iso8601) \(line())"
        self.printer?(written)
        if self.ring.count < Self.kept {
            self.ring.append(written)
        } else {
            self.ring[self.position] = written
            self.position = (self.position + 1) % Self.kept
        }
    }

    mutating func mix(_ number: UInt64) {
        self.hash = (self.hash ^ number) &* 0x100_0000_01B3
        self.hash ^= self.hash >> 29
    }

    mutating func mix(_ text: String) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        self.mix(hash)
    }

    /// The last lines, oldest first.
    var tail: [String] { Array(self.ring[self.position...] + self.ring[..<self.position]) }
}
