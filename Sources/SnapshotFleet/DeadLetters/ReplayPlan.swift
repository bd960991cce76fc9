// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What a replay does with each dead letter, decided before anything is done.
package struct ReplayPlan: Sendable {
    /// What happens to one letter.
    package enum Action: Hashable, Sendable {
        /// This message goes to the job queue, then the letter is deleted.
        case send(String)
        /// Another letter of the same job is sent, then this one is deleted as well.
        case goesWith(id: String)
        /// It stays where it is.
        case keep
    }

    package struct Item: Sendable {
        package let entry: DeadLetterEntry
        package let outlook: DeadLetterOutlook
        package let action: Action
    }

    /// Those that are meant, in the order in which they were given.
    package let items: [Item]
    /// How many are not meant.
    package let others: Int

    /// Decides.
    ///
    /// - Parameters:
    ///   - entries: All that there are.
    ///   - selection: Which of them are meant.
    ///   - isForced: Whether to replay also what is obsolete, or would come back.
    ///   - judge: Tells each one's outlook.
    package init(_ entries: [DeadLetterEntry], selection: LetterSelection, isForced: Bool, judge: DeadLetterJudge) {
        var items: [Item] = []
        var first: [CopyJob.ID: String] = [:]
        for entry in entries where selection.takes(entry, by: judge) {
            let outlook = judge.outlook(of: entry)
            let action: Action
            switch outlook.standing {
            case .obsolete where !isForced, .blocked where !isForced: action = .keep
            default:
                if let id = entry.jobID, let sent = first[id] {
                    action = .goesWith(id: sent)
                } else {
                    if let id = entry.jobID { first[id] = entry.id }
                    action = .send(Self.message(for: entry))
                }
            }
            items.append(Item(entry: entry, outlook: outlook, action: action))
        }
        self.items = items
        self.others = entries.count - items.count
    }

    /// The message that stands for a letter: its job anew, or its body where it names no job.
    ///
    /// The job keeps when the fleet first heard of it, so that its age is told right; its failed copies are forgiven, or the
    /// next failure would send it back at once.
    package static func message(for entry: DeadLetterEntry) -> String {
        guard let id = entry.jobID else { return entry.body }
        let firstSeen = entry.firstSeen ?? entry.sentAt ?? Instant(microseconds: 0)
        let job = CopyJob(
            source: id.source,
            destination: id.destination,
            route: entry.route ?? "",
            firstSeen: firstSeen
        )
        return JobMessage.encode(job)
    }

    /// How many messages go to the job queue.
    package var sends: Int { self.items.count { if case .send = $0.action { true } else { false } } }

    /// How many letters leave the dead-letter queue.
    package var leaving: Int { self.items.count { $0.action != .keep } }

    /// How many stay for this reason.
    package func kept(_ standing: DeadLetterOutlook.Standing) -> Int {
        self.items.count { $0.action == .keep && $0.outlook.standing == standing }
    }
}
