// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What happened in a run: a hash of all of it, and the last lines in words.
struct Trace {
    private static let kept = 30

    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private var ring: [String] = []
    private var position = 0

    mutating func add(_ line: String, at now: Instant) {
        self.mix(UInt64(bitPattern: now.microseconds))
        for byte in line.utf8 { self.hash = (self.hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let written = "\(now.iso8601) \(line)"
        if self.ring.count < Self.kept {
            self.ring.append(written)
        } else {
            self.ring[self.position] = written
            self.position = (self.position + 1) % Self.kept
        }
    }

    /// Takes a number into the hash that is not worth a line.
    mutating func mix(_ number: UInt64) {
        self.hash = (self.hash ^ number) &* 0x100_0000_01B3
        self.hash ^= self.hash >> 29
    }

    /// The last lines, oldest first.
    var tail: [String] { Array(self.ring[self.position...] + self.ring[..<self.position]) }
}
