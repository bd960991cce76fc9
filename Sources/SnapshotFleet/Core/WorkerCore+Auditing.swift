// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Looking for slots that nobody gives back: of workers that died with a copy, or between its end and the release.
///
/// Every worker audits every destination of the policy, seldom and at random moments, so that a slot comes back even
/// where nothing is due any more. The ledger is asked first: RDS is called only where slots are left over.
extension WorkerCore {
    mutating func auditSlots(_ step: inout CoreStep, _ random: inout some RandomNumberGenerator) {
        guard !self.isDraining else { return }
        if !self.auditsArePlanned {
            self.auditsArePlanned = true
            for pool in self.policy.pools {
                self.planAudit(of: pool, &step, &random)
            }
        }
        while let pool = self.audits.pop(dueAt: step.now) { step.actions.append(.auditSlots(pool)) }
    }

    mutating func planAudit(
        of pool: SlotPool,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        let pause = self.settings.auditInterval * Double.random(in: 0.5...1.5, using: &random)
        self.audits.push(pool, due: step.now + pause)
    }
}
