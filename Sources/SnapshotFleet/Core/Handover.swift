// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What KMS says of the key that a source is encrypted under.
package struct SourceKey: Hashable, Sendable {
    package var arn: String
    /// Whether it is AWS's own, `aws/rds`, which no other account can ever use.
    package var isManagedByAWS: Bool
    /// `Enabled`, `Disabled`, `PendingDeletion`, … as KMS spells it; `gone` where there is no such key.
    package var state: String

    package init(arn: String, isManagedByAWS: Bool, state: String = "Enabled") {
        self.arn = arn
        self.isManagedByAWS = isManagedByAWS
        self.state = state
    }
}

/// What is known of a snapshot that another account is to copy.
///
/// What is found first makes the rest unimportant, so that nobody asks for it: the copy, then the hop, then the source.
package struct HandoverFacts: Hashable, Sendable {
    /// The copy at the destination; `nil` where there is none.
    package var target: Snapshot?
    /// The hop in the source's account; `nil` where there is none.
    package var hop: Snapshot?
    /// The key of the source; `nil` where it is not encrypted.
    package var key: SourceKey?
    /// The accounts that may copy the hop where there is one, else the source; `all` for everybody.
    package var sharedWith: Set<String>

    package init(
        target: Snapshot? = nil,
        hop: Snapshot? = nil,
        key: SourceKey? = nil,
        sharedWith: Set<String> = []
    ) {
        self.target = target
        self.hop = hop
        self.key = key
        self.sharedWith = sharedWith
    }
}

/// What has to happen next before another account can copy a snapshot.
package enum HandoverStep: Hashable, Sendable {
    /// The copy runs, or is there.
    case adopt(Snapshot)
    /// The destination may copy this: the source, or its hop.
    case copy(SnapshotARN)
    /// Let the destination's account copy this.
    case share(SnapshotARN)
    /// Copy the source within its account and Region to what can be shared.
    case makeHop(HopRequest)
    /// The hop is on its way.
    case wait(Snapshot)
    /// The hop failed, and has to go.
    case removeHop(Snapshot)
    /// Neither the source nor anything made of it is there.
    case giveUp
    /// It can't be done before an operator has put something right.
    case refuse(Trouble)
}

/// Everything that the call needs which makes a hop.
package struct HopRequest: Hashable, Sendable {
    package var job: CopyJob.ID
    package var identifier: String
    /// The key to encrypt under, in the source's Region; `nil` keeps the source's.
    package var kmsKey: String?
    package var tags: [String: String]
}

/// Decides how a snapshot gets to where another account can copy it.
///
/// RDS shares manual snapshots only, and none under its default key. Such a one is shared as it is; anything else needs a
/// hop, a manual copy in the source's own account and Region under a customer's key.
///
/// Source: RDS User Guide, "Sharing a DB snapshot"; Aurora User Guide, "Sharing a DB cluster snapshot".
package struct Handover: Sendable {
    package let job: CopyJob
    /// As its own account describes it; `nil` where it is gone, and only a hop is left.
    package let source: Snapshot?
    /// From the policy: the key for hops; `nil` where it names none.
    package let hopKey: String?
    /// Whether copies carry the source's tags.
    package let copiesTags: Bool

    package init(job: CopyJob, source: Snapshot?, hopKey: String?, copiesTags: Bool) {
        self.job = job
        self.source = source
        self.hopKey = hopKey
        self.copiesTags = copiesTags
    }

    package func next(_ facts: HandoverFacts) -> HandoverStep {
        if let target = facts.target {
            return target.isCopy(of: self.job.source)
                ? .adopt(target) : .refuse(.nameTaken(target, wantedFor: self.job.source))
        }
        if let hop = facts.hop { return self.next(hop, facts) }
        guard let source = self.source else { return .giveUp }
        if let key = facts.key, key.state != "Enabled" { return .refuse(.keyUnusable(key, of: source)) }
        guard self.needsHop(source, facts.key) else {
            return self.isShared(facts, source.tags) ? .copy(source.arn) : .share(source.arn)
        }
        if source.isEncrypted, self.hopKey == nil, facts.key?.isManagedByAWS == true {
            return .refuse(.hopKeyMissing(for: source, route: self.job.route))
        }
        return .makeHop(
            HopRequest(
                job: self.job.id,
                identifier: HopIdentifier.make(for: self.job.id),
                kmsKey: source.isEncrypted ? self.hopKey : nil,
                tags: HandoverTags.hop(
                    of: self.job,
                    source: self.copiesTags ? source.tags : [:],
                    sourceCreated: source.originalCreatedAt ?? source.createdAt
                )
            )
        )
    }

    private func next(_ hop: Snapshot, _ facts: HandoverFacts) -> HandoverStep {
        guard HandoverTags.marks(hop.tags, hopOf: self.job.id) else {
            return .refuse(.nameTaken(hop, wantedFor: self.job.source))
        }
        switch hop.phase {
        case .available: return self.isShared(facts, [:]) ? .copy(hop.arn) : .share(hop.arn)
        case .inProgress: return .wait(hop)
        case .failed: return .removeHop(hop)
        }
    }

    private func needsHop(_ source: Snapshot, _ key: SourceKey?) -> Bool {
        SnapshotFacts(source).effectiveOrigin != .manual || key?.isManagedByAWS == true
    }

    /// Whether nothing is left to do about sharing.
    ///
    /// A share of ours for another Region of the same account ends with the copy there, unless this one has a mark of
    /// its own.
    private func isShared(_ facts: HandoverFacts, _ tags: [String: String]) -> Bool {
        let destination = self.job.destination
        guard !facts.sharedWith.isDisjoint(with: [destination.account, "all"]) else { return false }
        return tags[HandoverTags.shareKey(for: destination)] != nil
            || !HandoverTags.saysShared(tags, with: destination.account)
    }
}

extension Handover {
    /// The source as far as its hop tells, once it is gone itself.
    package static func source(of job: CopyJob.ID, from hop: Snapshot) -> Snapshot {
        var source = hop
        source.arn = job.source
        source.origin = .automated
        source.tags = hop.tags.filter { !TagMerge.isReserved($0.key) }
        source.createdAt = hop.taggedSourceCreation
        source.originalCreatedAt = hop.originalCreatedAt ?? hop.taggedSourceCreation
        source.sourceARN = nil
        return source
    }
}

extension Trouble {
    fileprivate static func keyUnusable(_ key: SourceKey, of source: Snapshot) -> Trouble {
        let detail = "the key \(key.arn) that \(source.arn) is encrypted under is \(key.state)"
        return Trouble(.configuration(.kmsKey), reason: .kmsKey, detail: detail)
    }

    fileprivate static func hopKeyMissing(for source: Snapshot, route: String) -> Trouble {
        let detail =
            "\(source.arn) is encrypted under the default key of its account, which can't be shared, "
            + "and the policy names no hopKey for the source of route \(route)"
        return Trouble(.configuration(.hopKey), reason: .hopKey, detail: detail)
    }
}
