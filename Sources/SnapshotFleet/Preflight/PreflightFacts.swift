// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Everything that a preflight has seen; what it asked for in vain is a failure, what it did not ask for is `nil`.
package struct PreflightFacts: Sendable {
    package typealias Answer<Value: Sendable> = Result<Value, AWSError>

    /// A queue, by its attributes.
    package struct Queue: Sendable {
        package var visibilityTimeout: Duration?
        /// How long it keeps a message.
        package var retention: Duration?
        package var isFIFO: Bool
        /// The queue that its redrive policy names; `nil` without one.
        package var redriveTarget: String?
        package var maxReceiveCount: Int?

        package init(
            visibilityTimeout: Duration? = nil,
            retention: Duration? = nil,
            isFIFO: Bool = false,
            redriveTarget: String? = nil,
            maxReceiveCount: Int? = nil
        ) {
            self.visibilityTimeout = visibilityTimeout
            self.retention = retention
            self.isFIFO = isFIFO
            self.redriveTarget = redriveTarget
            self.maxReceiveCount = maxReceiveCount
        }
    }

    /// The job queue and its dead-letter queue.
    package struct Queues: Sendable {
        package var url: String
        package var jobs: Answer<Queue>
        /// `nil` where nothing names it.
        package var deadLetterURL: String?
        /// `nil` where nothing names it, or the job queue does not tell.
        package var deadLetters: Answer<Queue>?

        package init(
            url: String,
            jobs: Answer<Queue>,
            deadLetterURL: String? = nil,
            deadLetters: Answer<Queue>? = nil
        ) {
            self.url = url
            self.jobs = jobs
            self.deadLetterURL = deadLetterURL
            self.deadLetters = deadLetters
        }
    }

    /// The table of slots.
    package struct SlotTable: Sendable {
        package var name: String
        /// `nil` when it is as it has to be, or could not be asked.
        package var problem: SlotTableProblem?
        /// Why it could not be asked.
        package var failure: AWSError?

        package init(name: String, problem: SlotTableProblem? = nil, failure: AWSError? = nil) {
            self.name = name
            self.problem = problem
            self.failure = failure
        }
    }

    /// A database of a source.
    package struct Database: Hashable, Sendable {
        package var name: String
        package var engine: String
        /// The key's ARN; `nil` when unencrypted.
        package var key: String?
        package var tags: [String: String]

        package init(name: String, engine: String = "", key: String? = nil, tags: [String: String] = [:]) {
            self.name = name
            self.engine = engine
            self.key = key
            self.tags = tags
        }
    }

    /// An account and Region that snapshots come from.
    package struct Source: Sendable {
        /// The account of the credentials that work there; `nil` where there are none for that account.
        package var account: Answer<String>?
        package var databases: [SnapshotKind: Answer<[Database]>] = [:]
        /// Keys of databases, and keys for hops, as they are named.
        package var keys: [String: Answer<KMSClient.KeyMetadata>] = [:]

        package init(account: Answer<String>? = nil) { self.account = account }
    }

    /// How much of a quota is used.
    package struct Quota: Hashable, Sendable {
        /// As RDS calls it.
        package var name: String
        package var used: Int
        package var max: Int

        package init(name: String, used: Int, max: Int) {
            self.name = name
            self.used = used
            self.max = max
        }
    }

    /// An account and Region that copies go to.
    package struct Target: Sendable {
        /// The account of the credentials that work there.
        package var account: Answer<String>
        /// Keys as the policy names them.
        package var keys: [String: Answer<KMSClient.KeyMetadata>] = [:]
        /// Keys of sources, by ARN, as they look from here.
        package var sourceKeys: [String: Answer<KMSClient.KeyMetadata>] = [:]
        /// The names of option groups, in lower case.
        package var optionGroups: Answer<Set<String>>?
        /// Of manual snapshots; without a kind where RDS does not tell it.
        package var quotas: Answer<[SnapshotKind: Quota]>?
        /// All manual snapshots.
        package var snapshots: [SnapshotKind: Answer<[Snapshot]>] = [:]

        package init(account: Answer<String>) { self.account = account }
    }

    /// Accounts filled in.
    package var policy: Policy
    /// What is legal in the policy and was hardly meant.
    package var doubts: [PolicyProblem] = []
    /// Whose credentials the fleet's own are.
    package var account: String
    package var identity: String
    /// `nil` where no job queue is named.
    package var queues: Queues?
    /// `nil` where none is configured.
    package var slotTable: SlotTable?
    package var sources: [Destination: Source] = [:]
    package var targets: [Destination: Target] = [:]

    package init(policy: Policy, account: String, identity: String) {
        self.policy = policy
        self.account = account
        self.identity = identity
    }
}

extension SnapshotKind {
    /// What RDS calls its quota of manual snapshots.
    package var manualSnapshotQuota: String {
        switch self {
        case .instance: "ManualSnapshots"
        case .cluster: "ManualClusterSnapshots"
        }
    }
}
