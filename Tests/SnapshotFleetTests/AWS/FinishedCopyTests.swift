// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite struct FinishedCopyTests {
    @Test(
        arguments: [
            ("Finished copy of snapshot orders from region us-east-1 in 12 minutes", 12),
            ("Finished copy of snapshot rds:orders-2026-11-21-03-10 from region us-east-1 in 0 minutes", 0),
            ("Finished copy of snapshot orders in region us-east-1", nil),
            ("Started copy of snapshot orders from region us-east-1", nil),
            ("Finished copy of snapshot orders from region us-east-1 in -3 minutes", nil),
            ("Finished copy of snapshot x in minutes", nil), ("", nil),
        ] as [(String, Int?)]
    )
    func theTextOfTheEventTellsTheMinutes(message: String, minutes: Int?) {
        #expect(RDSSnapshotService.minutes(in: message) == minutes)
    }
}
