// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What is to be done in the source's account so that another one can copy; each answer is a ``HandoverAnswer``.
package enum HandoverAction: Hashable, Sendable {
    /// Find out how far a handover is.
    indirect case inspect(HandoverQuestion)
    /// Let the destination's account copy a snapshot; a source is marked first, so that the share can be taken back.
    case share(CopyJob.ID, SnapshotARN)
    indirect case makeHop(HopRequest)
    /// Describe hops by identifier.
    case describeHops(SourceGroup, [String])
    /// Delete the hop of a job and take its share back, as far as there are any; of a failed hop nothing but the hop.
    case tidy(CopyJob.ID, hop: String, failedOnly: Bool)

    /// The job that it is for; `nil` where it is for several.
    package var job: CopyJob.ID? {
        switch self {
        case .inspect(let question): question.job
        case .share(let id, _), .tidy(let id, _, _): id
        case .makeHop(let request): request.job
        case .describeHops: nil
        }
    }

    /// How it is called in the log and in metrics.
    package var operation: FailureTable.Operation {
        switch self {
        case .inspect: .inspect
        case .share: .share
        case .makeHop: .makeHop
        case .describeHops: .describeHop
        case .tidy: .tidy
        }
    }
}

/// What is to be found out about a handover.
package struct HandoverQuestion: Hashable, Sendable {
    package var job: CopyJob.ID
    /// As last described; `nil` where it is gone.
    package var source: Snapshot?
    /// The identifier of the copy at the destination.
    package var target: String
    /// The identifier of the hop in the source's account.
    package var hop: String
}

/// What came of a ``HandoverAction``.
package indirect enum HandoverAnswer: Hashable, Sendable {
    case inspected(CopyJob.ID, HandoverFacts)
    case shared(CopyJob.ID, SnapshotARN)
    /// RDS accepted the hop; the snapshot is the hop as RDS describes it.
    case hopStarted(CopyJob.ID, Snapshot)
    /// What is asked for and not in `found` does not exist.
    case hopsDescribed(SourceGroup, asked: [String], found: [Snapshot])
    case tidied(CopyJob.ID)
    case failed(HandoverAction, Trouble)
}

/// What a handover has come to, for people.
package enum HandoverNews: Hashable, Sendable {
    /// The destination's account may copy it from now on.
    case shared(SnapshotARN)
    /// A hop is being made in the source's account.
    case hopStarted(String)
    /// The copy is whole, and nothing is left behind in the source's account.
    case tidied
}
