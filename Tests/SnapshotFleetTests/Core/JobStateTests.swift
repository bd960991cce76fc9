// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet
import Testing

@Suite struct JobStateTests {
    @Test("whoever changes a job changes it for nobody else")
    func valueSemantics() throws {
        let policy = try PolicyDocument.parse(Array(CoreHarness.policy().utf8), source: "the test")
            .resolved(ownAccount: CoreHarness.account)
        let job = CoreHarness.job()
        let planned = try #require(policy.plan(for: job))
        let original = JobState(
            job: job,
            terms: CopyTerms(planned),
            messages: [MessageToken(number: 1)],
            phase: .describing,
            source: nil,
            target: "copy",
            since: CoreHarness.start
        )
        var changed = original
        changed.messages.append(MessageToken(number: 2))
        changed.job.failedCopies += 1
        let copyOfChanged = changed
        changed.target = "another"
        #expect(original.messages == [MessageToken(number: 1)])
        #expect(original.job.failedCopies == 0)
        #expect(copyOfChanged.messages.count == 2)
        #expect(copyOfChanged.target == "copy")
        #expect(changed.target == "another")
        #expect(changed.job.failedCopies == 1)
    }
}
