// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// What went wrong with a call or a job: its class decides, its detail is for people.
package struct Trouble: Error, Hashable {
    package let failureClass: FailureClass
    /// Why the job goes to the dead-letter queue, when it does; `nil` for what is retried or waited for.
    package let reason: DeadLetterReason?
    /// What AWS or we found wrong, for people; no secret ever gets in here.
    package let detail: String

    package init(_ failureClass: FailureClass, reason: DeadLetterReason? = nil, detail: String) {
        self.failureClass = failureClass
        self.reason = reason
        self.detail = detail
    }

    /// A bounded name, safe as a metric label.
    package var label: String { self.failureClass.description }
}

extension Trouble {
    /// Classifies what a call threw.
    package init(of operation: FailureTable.Operation, kind: SnapshotKind? = nil, _ error: any Error) {
        switch error {
        case let error as AWSError:
            let failure = FailureTable.classify(operation: operation, kind: kind, error: error)
            self.init(failure.class, reason: failure.reason, detail: error.description)
        case is CancellationError:
            self.init(.cancelled, detail: "the worker gave the call up")
        default:
            self.init(.ours, detail: String(describing: type(of: error)))
        }
    }

    /// The source does not exist.
    ///
    /// Describe may lag behind the event that tells of a new snapshot, so for a few minutes it is just not ready.
    static func sourceGone(_ source: SnapshotARN, firstSeen: Instant, now: Instant) -> Trouble {
        if now - firstSeen < .seconds(300) {
            return Trouble(.notReady, detail: "\(source) is not visible yet")
        }
        return Trouble(
            .sourceGone,
            reason: .sourceGone,
            detail: "\(source) does not exist, or is not visible from here"
        )
    }

    static func sourceNotReady(_ source: Snapshot) -> Trouble {
        Trouble(.notReady, detail: "\(source.arn) has status \(source.status)")
    }

    static func sourceUnusable(_ source: Snapshot) -> Trouble {
        Trouble(.sourceGone, reason: .sourceFailed, detail: "\(source.arn) has status \(source.status)")
    }

    static func nameTaken(_ target: Snapshot, wantedFor source: SnapshotARN) -> Trouble {
        let owner = target.tags[TagMerge.sourceKey] ?? target.sourceARN ?? "something that is no copy of it"
        let detail = "\(target.arn) exists already and holds \(owner), not \(source)"
        return Trouble(.configuration(.nameTaken), reason: .nameTaken, detail: detail)
    }

    static func notOurs(_ target: Snapshot, detail: String) -> Trouble {
        let words = "\(detail) of \(target.arn), which does not carry our tag and is not touched"
        return Trouble(.configuration(.nameTaken), reason: .nameTaken, detail: words)
    }

    static func copyFailed(_ detail: String, attempts: Int) -> Trouble {
        Trouble(.copyFailed, reason: .copyFailed, detail: "\(detail), \(attempts) times")
    }
}
