// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Actions that one call can carry out.
package enum ActionBatch: Sendable {
    case single(CoreAction)
    /// What the ledger is told and asked, one after another: a slot freed in a step can be taken in the same step.
    ///
    /// Where slots are freed, the step's messages are deleted afterwards: a worker that is killed in between leaves a
    /// message behind, whose next owner frees the slot, and not a slot that nobody knows of.
    case ledger([CoreAction], then: [ActionBatch])
    /// Up to ten deletions in one call.
    case delete([(token: MessageToken, receiptHandle: String)])
    /// Up to ten messages given back in one call.
    case requeue([(token: MessageToken, receiptHandle: String, after: Duration)])
    /// Up to ten leases extended in one call.
    case extend([(token: MessageToken, receiptHandle: String)], visibilityTimeout: Duration)

    /// How many entries SQS takes in one batch.
    private static let limit = 10

    /// Groups what one step of a core asks for, in the order of its actions; reports are not for the shell to carry out.
    package static func batches(of actions: [CoreAction]) -> [ActionBatch] {
        var batches: [ActionBatch] = []
        var deletions: [(token: MessageToken, receiptHandle: String)] = []
        var requeues: [(token: MessageToken, receiptHandle: String, after: Duration)] = []
        var ledger: [CoreAction] = []
        for action in actions {
            switch action {
            case .occupySlot, .releaseSlot, .disownSlot, .learnLimit, .acquireSlot: ledger.append(action)
            case .report, .finished: continue
            case .delete(let token, let receiptHandle): deletions.append((token, receiptHandle))
            case .requeue(let token, let receiptHandle, let delay): requeues.append((token, receiptHandle, delay))
            case .extend(let leases, let visibilityTimeout):
                let sorted = leases.sorted { $0.key < $1.key }.map { (token: $0.key, receiptHandle: $0.value) }
                batches += sorted.chunked(by: self.limit).map { .extend($0, visibilityTimeout: visibilityTimeout) }
            default: batches.append(.single(action))
            }
        }
        let deletes = deletions.chunked(by: self.limit).map { ActionBatch.delete($0) }
        let freesSlots = ledger.contains { if case .releaseSlot = $0 { true } else { false } }
        if !ledger.isEmpty { batches.append(.ledger(ledger, then: freesSlots ? deletes : [])) }
        if !freesSlots { batches += deletes }
        batches += requeues.chunked(by: self.limit).map { .requeue($0) }
        return batches
    }

    /// What is carried out once this batch is, whatever came of it.
    package var followers: [ActionBatch] {
        if case .ledger(_, let then) = self { then } else { [] }
    }
}

extension Array {
    /// The elements in order, in runs of `size`; the last one may be shorter.
    package func chunked(by size: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: size).map { Array(self[$0..<Swift.min($0 + size, self.count)]) }
    }
}
