// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import ArgumentParser

/// A clock as `simulate` announces it: `60@2026-11-21T20:10:28Z`.
struct ClockOption: ExpressibleByArgument, Sendable {
    let time: SystemTimeSource

    init?(argument: String) {
        let parts = argument.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let speed = Double(parts[0]), speed > 0, speed.isFinite,
            let epoch = Instant(iso8601: parts[1])
        else { return nil }
        self.time = SystemTimeSource(speed: speed, epoch: epoch)
    }
}
