// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// Carrying out what a core decides about snapshots that another account is to copy.
extension Worker {
    func handOver(_ action: HandoverAction) async -> CoreInput {
        do {
            return .handedOver(try await self.answer(to: action))
        } catch {
            let kind = action.job?.source.kind
            return .handedOver(.failed(action, Trouble(of: action.operation, kind: kind, error)))
        }
    }

    private func answer(to action: HandoverAction) async throws -> HandoverAnswer {
        let service = self.ports.snapshots
        switch action {
        case .inspect(let question):
            return .inspected(question.job, try await service.inspect(question))
        case .share(let id, let arn):
            guard self.mayHandOver(id) else { throw CancellationError() }
            try await service.share(arn, for: id)
            return .shared(id, arn)
        case .makeHop(let request):
            return .hopStarted(
                request.job,
                try await service.makeHop(request) { self.mayHandOver(request.job) }
            )
        case .describeHops(let group, let identifiers):
            let found = try await service.describeHops(identifiers, in: group)
            return .hopsDescribed(group, asked: identifiers, found: found)
        case .tidy(let id, let hop, let failedOnly):
            // After a lease, another worker may be making the hop anew.
            guard self.mayHandOver(id) else { throw CancellationError() }
            try await service.tidy(id, hop: hop, failedOnly: failedOnly)
            return .tidied(id)
        }
    }
}
