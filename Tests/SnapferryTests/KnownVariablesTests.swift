// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import ArgumentParser
import Testing

@testable import snapferry

@Suite struct KnownVariablesTests {
    @Test func misspeltVariablesAreNamedInOrder() {
        let environment = ["SNAPFERRY_QUEUE": "x", "SNAPFERRY_DESTINATION": "x", "SNAPFERRY_QUEUE_URL": "x"]
        #expect(
            KnownVariables.warnings(for: environment) == [
                "SNAPFERRY_DESTINATION is set, but snapferry knows no such variable",
                "SNAPFERRY_QUEUE is set, but snapferry knows no such variable",
            ]
        )
    }

    @Test func otherPeoplesVariablesAreTheirs() {
        #expect(KnownVariables.warnings(for: ["PATH": "x", "AWS_REGION": "x", "snapferry_queue": "x"]).isEmpty)
    }

    @Test func everyVariableThatTheHelpNamesIsKnown() {
        let words = WorkCommand.helpMessage(columns: 400).split { !($0.isLetter || $0 == "_") }.map(String.init)
        let named = Set(words.filter { $0.hasPrefix("SNAPFERRY_") })
        #expect(named.count >= 6)
        #expect(named.isSubset(of: KnownVariables.names))
    }
}
