// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Compares sources with destinations, page by page, and finds what is missing.
///
/// RDS delivers events on a best-effort basis; a sweep finds what none has told of. What to make of the pages is for
/// ``SweepPlan`` to say.
package struct Sweep: Sendable {
    /// More pages than any account has: a list that goes on beyond is broken.
    private static let mostPages = 10_000

    package let policy: Policy
    package let request: SweepRequest

    package init(policy: Policy, request: SweepRequest) {
        self.policy = policy
        self.request = request
    }

    /// Lists every source and every destination once, a call for each hundred snapshots.
    ///
    /// A list that can't be read is a gap of the report and hides nothing else.
    ///
    /// - Throws: `CancellationError`.
    package func look(with service: any SnapshotLister, at now: Instant) async throws -> SweepReport {
        var plan = SweepPlan(policy: self.policy, request: self.request, ownAccount: service.ownAccount, now: now)
        for listing in plan.sources {
            do {
                try await self.read(listing, from: service) { plan.take($0) }
            } catch {
                try Self.rethrow(error)
                plan.miss(listing, Trouble(of: .describeSource, kind: listing.kind, error))
            }
        }
        plan.endSources()
        for listing in plan.destinations {
            do {
                try await self.read(listing, from: service) { plan.take($0, at: listing) }
            } catch {
                try Self.rethrow(error)
                plan.miss(listing, Trouble(of: .describeTarget, kind: listing.kind, error))
            }
        }
        return plan.report()
    }

    private func read(
        _ listing: SnapshotListing,
        from service: any SnapshotLister,
        _ take: ([Snapshot]) -> Void
    ) async throws {
        var marker: String?
        for _ in 0..<Self.mostPages {
            let page = try await service.page(of: listing, after: marker)
            take(page.snapshots)
            guard let next = page.marker else { return }
            guard next != marker else {
                throw AWSError(.malformedAnswer, message: "the list's marker does not move on")
            }
            marker = next
        }
        throw AWSError(.malformedAnswer, message: "the list is longer than \(Self.mostPages) pages")
    }

    private static func rethrow(_ error: any Error) throws {
        if error is CancellationError || (error as? AWSError)?.code == .cancelled { throw CancellationError() }
    }
}

extension Instant {
    /// Earlier than anything that happened.
    static let distantPast = Instant(microseconds: .min)
}
