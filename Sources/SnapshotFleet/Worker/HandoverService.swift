// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// What has to be done in the source's account before, and after, another account copies a snapshot.
///
/// Every operation throws ``AWSError``, or `CancellationError` once its task is cancelled.
package protocol HandoverService: Sendable {
    /// Finds out how far a handover is, asking no more than it takes.
    func inspect(_ question: HandoverQuestion) async throws -> HandoverFacts
    /// Lets the destination's account copy a snapshot: the source of the job, or its hop.
    ///
    /// A source is marked before that with ``HandoverTags/shareKey(for:)``. Where it can't be marked it is shared all the
    /// same, and stays so.
    func share(_ snapshot: SnapshotARN, for job: CopyJob.ID) async throws
    /// Starts a hop, in as many attempts as it takes; `isAllowed` is asked right before each.
    ///
    /// - Returns: The hop as RDS describes it right after accepting.
    func makeHop(_ request: HopRequest, whileAllowed isAllowed: @escaping @Sendable () -> Bool) async throws -> Snapshot
    /// Describes hops by identifier; those that do not exist are missing from the answer.
    func describeHops(_ identifiers: [String], in group: SourceGroup) async throws -> [Snapshot]
    /// Deletes the hop of a job and takes back what the fleet shared for it, as far as there is anything.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - hop: The identifier of its hop; a snapshot of that name that does not carry our tags is left alone.
    ///   - failedOnly: Whether only a hop that has failed is to go, and nothing else is touched.
    /// - Throws: ``AWSError``, or `CancellationError`; nothing where there is nothing to tidy up.
    func tidy(_ job: CopyJob.ID, hop: String, failedOnly: Bool) async throws
}
