// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import SnapshotFleet

extension CoreInput {
    /// A few words for the trace.
    var summary: String {
        switch self {
        case .tick: "tick"
        case .received(let deliveries): "received \(deliveries.map { "\($0.messageID.prefix(8))x\($0.receiveCount)" })"
        case .receiveFailed(let trouble): "receive failed: \(trouble.label)"
        case .sourcesDescribed(_, let asked, let found): "\(found.count) of \(asked.count) sources described"
        case .sourcesNotDescribed(_, _, let trouble): "sources not described: \(trouble.label)"
        case .poolSurveyed(let pool, let running): "\(pool) surveyed: \(running.map(\.arn.identifier))"
        case .poolNotSurveyed(let pool, let trouble): "\(pool) not surveyed: \(trouble.label)"
        case .slotGranted(let id): "slot granted: \(id)"
        case .slotRefused(let id): "slot refused: \(id)"
        case .slotNotDecided(let id, _): "slot not decided: \(id)"
        case .slotsAudited(let pool): "\(pool) audited"
        case .copyStarted(_, let target): "copy started: \(target.arn.identifier)"
        case .copyRejected(let id, let trouble): "copy rejected: \(id): \(trouble.label)"
        case .targetsDescribed(_, let asked, let found):
            "targets described: \(found.map { "\($0.arn.identifier) \($0.status)" }) of \(asked)"
        case .targetsNotDescribed(_, _, let trouble): "targets not described: \(trouble.label)"
        case .heard(let pool, let look):
            "\(pool) heard of: \((look?.found ?? []).map { "\($0.arn.identifier) \($0.status)" })"
        case .targetDeleted(let id): "target deleted: \(id)"
        case .targetNotDeleted(let id, let trouble): "target not deleted: \(id): \(trouble.label)"
        case .handedOver: "an answer about a handover"
        case .leasesExtended(let leases):
            "leases: \(leases.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })"
        case .requeued(let token, let outcome): "requeued \(token): \(outcome)"
        case .replaced(let tokens): "replaced \(tokens)"
        case .notReplaced(let tokens, let trouble): "not replaced \(tokens): \(trouble.label)"
        case .deadLettered(let token): "dead-lettered \(token)"
        case .notDeadLettered(let token, let trouble): "not dead-lettered \(token): \(trouble.label)"
        case .deleted(let token): "deleted \(token)"
        case .notDeleted(let token, let trouble): "not deleted \(token): \(trouble.label)"
        case .swept(let token, _): "swept \(token)"
        case .notSwept(let token, _): "not swept \(token)"
        case .pruned(let request, let deleted): "\(request.pool) pruned because of \(request.cause): \(deleted)"
        case .drain: "drain"
        }
    }
}

extension CoreAction {
    /// A few words for the trace; `nil` for what happens all the time and tells nothing.
    var summary: String? {
        switch self {
        case .receive, .describeSources, .surveyPool, .auditSlots, .describeTargets, .hearOthers, .extend, .report,
            .learnLimit,
            .finished:
            nil
        case .acquireSlot(_, _, let target): "acquire \(target)"
        case .occupySlot(_, let target): "occupy \(target)"
        case .releaseSlot(_, let target, let evidence): "release \(target): \(evidence)"
        case .disownSlot(_, let target): "disown \(target)"
        case .startCopy(let request): "start \(request.target)"
        case .deleteTarget(_, let target): "delete \(target)"
        case .handOver(let action): "hand over: \(action.operation)"
        case .requeue(let token, _, let delay): "requeue \(token) after \(delay)"
        case .replace(let tokens, let messages): "replace \(tokens) by \(messages.map(\.body))"
        case .deadLetter(let token, let letter): "dead-letter \(token): \(letter.reason): \(letter.detail)"
        case .delete(let token, _): "delete \(token)"
        case .sweep(let token, _): "sweep \(token)"
        case .prune(let request): "prune \(request.pool) because of \(request.cause)"
        }
    }
}
