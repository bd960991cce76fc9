// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// A generator whose numbers follow from its seed alone.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { self.state = seed }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A generator of its own, so that what it is used for does not shift the numbers of anything else.
    mutating func split() -> SplitMix64 { SplitMix64(seed: self.next()) }

    /// Whether something with this probability happens.
    mutating func happens(_ probability: Double) -> Bool {
        probability > 0 && Double(self.next() >> 11) * 0x1p-53 < probability
    }

    /// A duration between the two, evenly.
    mutating func duration(_ range: ClosedRange<Double>) -> Duration {
        .microseconds(Int64(Double.random(in: range, using: &self) * 1_000_000))
    }

    /// A wait for something that happens so often an hour, at any moment alike; `nil` when it never does.
    mutating func wait(perHour rate: Double) -> Duration? {
        guard rate > 0 else { return nil }
        let share = Double(self.next() >> 11) * 0x1p-53
        // -ln(1 - x) by its integral would need Foundation's log; a few halvings do as well for a rare event.
        var hours = 0.0
        var left = 1 - share
        while left < 0.5 {
            left *= 2
            hours += 0.693_147_180_559_945_3
        }
        hours += (1 - left) * (1 + (1 - left) * (0.5 + (1 - left) / 3))
        return .microseconds(Int64(hours / rate * 3_600_000_000))
    }
}
