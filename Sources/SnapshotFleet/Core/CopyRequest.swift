// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Everything a copy call needs.
package struct CopyRequest: Hashable, Sendable {
    package var job: CopyJob.ID
    package var source: Snapshot
    /// What RDS is to copy: the source itself, or the hop that stands for it.
    package var carrier: SnapshotARN
    package var pool: SlotPool
    package var target: String
    /// The key to encrypt under, in the destination; `nil` where the source is not encrypted.
    package var kmsKey: String?
    /// Instances only; `nil` leaves it to RDS.
    package var optionGroup: String?
    /// Whether RDS is to bring the source's option group into the destination's account; instances only.
    package var copyOptionGroup = false
    package var tags: [String: String]

    package init(
        job: CopyJob.ID,
        source: Snapshot,
        carrier: SnapshotARN? = nil,
        pool: SlotPool,
        target: String,
        kmsKey: String? = nil,
        optionGroup: String? = nil,
        copyOptionGroup: Bool = false,
        tags: [String: String] = [:]
    ) {
        self.job = job
        self.source = source
        self.carrier = carrier ?? source.arn
        self.pool = pool
        self.target = target
        self.kmsKey = kmsKey
        self.optionGroup = optionGroup
        self.copyOptionGroup = copyOptionGroup
        self.tags = tags
    }

    /// Makes the request for a job, or says why RDS would refuse it.
    ///
    /// An encrypted snapshot needs the destination's key; a key with an unencrypted cluster snapshot is an error, and
    /// with an unencrypted instance snapshot it would encrypt the copy, which nobody asked for. So the key goes with
    /// encrypted sources and only with them.
    ///
    /// Source: API Reference, `CopyDBSnapshot` and `CopyDBClusterSnapshot`, `KmsKeyId`.
    static func make(_ state: JobState, source: Snapshot) -> Result<CopyRequest, Trouble> {
        if source.isEncrypted, state.terms.rule.kmsKey == nil {
            let detail = "\(source.arn) is encrypted, and the policy names no kmsKey for \(state.job.destination)"
            return .failure(Trouble(.configuration(.kmsKey), reason: .kmsKey, detail: detail))
        }
        let merged = TagMerge.merge(
            source: state.terms.rule.copyTags ? source.tags : [:],
            destination: state.terms.rule.tags,
            job: state.job,
            sourceCreated: source.originalCreatedAt ?? source.createdAt
        )
        let optionGroup = source.optionGroup.flatMap { state.terms.rule.optionGroup(for: $0) }
        let bringsOptionGroup =
            state.terms.rule.copyOptionGroup && optionGroup == nil
            && state.job.destination.account != source.arn.account
            && source.optionGroup.map { !$0.hasPrefix("default:") } ?? false
        return .success(
            CopyRequest(
                job: state.job.id,
                source: source,
                carrier: state.carrier,
                pool: state.job.pool,
                target: state.target,
                kmsKey: source.isEncrypted ? state.terms.rule.kmsKey : nil,
                optionGroup: source.arn.kind == .instance ? optionGroup : nil,
                copyOptionGroup: source.arn.kind == .instance && bringsOptionGroup,
                tags: merged.tags
            )
        )
    }
}
