// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What snapshots in the source's account carry that the fleet made or shared for a copy in another account.
package enum HandoverTags {
    /// On a hop: where its copy is bound for, `444455556666/eu-west-1`.
    package static let hopKey = "snapferry:hop"
    /// What the keys on a source begin with that the fleet has shared; where its copies are bound for follows.
    package static let shareKeys = "snapferry:share:"

    /// The tag on a source that says: the fleet shared it, for its copy at this destination.
    ///
    /// There is one for each destination, because one account may take copies in several Regions, and the share has to
    /// last until all of them are whole.
    package static func shareKey(for destination: Destination) -> String { self.shareKeys + destination.description }

    /// Whether tags found on a snapshot say that it is the hop of this job.
    package static func marks(_ tags: [String: String], hopOf job: CopyJob.ID) -> Bool {
        tags[self.hopKey] == job.destination.description && TagMerge.marks(tags, copyOf: job.source)
    }

    /// The tags of the hop of a job.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - source: The tags of the source; empty where copies don't carry them.
    ///   - sourceCreated: When the data was taken; `nil` leaves the tag out.
    /// - Returns: No more than RDS takes.
    static func hop(of job: CopyJob, source: [String: String], sourceCreated: Instant?) -> [String: String] {
        var tags = TagMerge.merge(source: source, destination: [:], job: job, sourceCreated: sourceCreated).tags
        if tags.count >= TagMerge.limit,
            let last = tags.keys.filter({ !TagMerge.isReserved($0) }).max()
        {
            tags[last] = nil
        }
        tags[self.hopKey] = job.destination.description
        return tags
    }

    /// Whether the fleet shared a source with an account, for any destination there.
    static func saysShared(_ tags: [String: String], with account: String) -> Bool {
        tags.keys.contains { $0.hasPrefix("\(self.shareKeys)\(account)/") }
    }

    /// What is to be undone at a source once its copy is whole.
    package struct Undoing: Hashable, Sendable {
        /// The tag to take away; `nil` where the fleet shared nothing for this destination.
        package var tag: String?
        /// Whether no other destination needs the account's share.
        package var isLast: Bool

        /// Whether the account is to lose its share.
        package var unshares: Bool { self.tag != nil && self.isLast }

        package init(tag: String?, isLast: Bool) {
            self.tag = tag
            self.isLast = isLast
        }
    }

    /// Decides what is to be undone at a source, by the tags that it carries now.
    ///
    /// What carries no mark of ours people have shared, and it stays shared.
    package static func undoing(_ tags: [String: String], for destination: Destination) -> Undoing {
        let key = self.shareKey(for: destination)
        let rest = tags.filter { $0.key != key }
        return Undoing(
            tag: tags[key].map { _ in key },
            isLast: !self.saysShared(rest, with: destination.account)
        )
    }
}
