// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Leaving nothing behind in the source's account: the hop of a copy that is whole is deleted, and a share taken back.
///
/// The message is deleted after that, so a worker that dies in between leaves it to another one, which finds the copy
/// whole and tidies up. A job that goes to the dead-letter queue keeps its hop: a replay goes on from there, also when
/// the source has aged out meanwhile.
extension WorkerCore {
    /// Begins to tidy up after a job that is over.
    ///
    /// Whatever this worker did or found itself: another one that held the message may have done more.
    ///
    /// - Returns: Whether there may be anything to tidy up.
    mutating func tidy(_ id: CopyJob.ID, _ step: inout CoreStep) -> Bool {
        guard let state = self.jobs[id], !state.messages.isEmpty, self.worksIn(accountOf: id) else { return false }
        self.jobs[id]?.phase = .tidying
        step.actions.append(.handOver(.tidy(id, hop: HopIdentifier.make(for: id), failedOnly: false)))
        return true
    }

    mutating func tidied(_ id: CopyJob.ID, _ step: inout CoreStep) {
        guard let state = self.jobs[id] else { return }
        switch state.phase {
        case .tidying:
            step.report(.handover(id, .tidied))
            self.jobs[id] = nil
            self.delete(state.messages, &step)
        case .cleaning: self.cleaned(id, &step)
        default: break
        }
    }

    mutating func notTidied(
        _ id: CopyJob.ID,
        _ failure: Trouble,
        _ step: inout CoreStep,
        _ random: inout some RandomNumberGenerator
    ) {
        switch self.jobs[id]?.phase {
        case .tidying:
            let detail = "the copy is whole, but what led to it could not be cleaned up: \(failure.detail)"
            let trouble = Trouble(failure.failureClass, reason: failure.reason, detail: detail)
            step.report(.trouble(operation: "tidy", trouble))
            self.fail(id, trouble, &step, &random)
        case .cleaning:
            step.report(.trouble(operation: "DeleteSnapshot", failure))
            self.fail(id, failure, &step, &random)
        default: break
        }
    }
}
