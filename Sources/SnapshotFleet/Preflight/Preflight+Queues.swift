// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

/// The job queue and the dead-letter queue.
extension Preflight {
    /// How long a job may have to wait: the longest outage of a destination that must not cost messages.
    private static let leastRetention = Duration.seconds(4 * 86_400)
    private static let longestRetention = Duration.seconds(14 * 86_400)

    mutating func judgeQueues() {
        guard let queues = self.facts.queues else {
            let remedy = "set SNAPFERRY_QUEUE_URL, or pass --queue-url"
            return self.report(.warning, .queue, "", "no job queue is named, so none was looked at", remedy: remedy)
        }
        let name = Self.name(queues.url)
        switch queues.jobs {
        case .failure(let error):
            if error.isMissingQueue {
                let remedy = "create the queue, or correct SNAPFERRY_QUEUE_URL"
                self.report(.error, .queue, name, "does not exist in this account and Region", remedy: remedy)
            } else {
                self.failed(error, .queue, name, needs: "sqs:GetQueueAttributes")
            }
        case .success(let jobs):
            self.judge(jobs, name, queues)
            self.judgeDeadLetters(queues, jobs: jobs)
        }
    }

    private static func name(_ url: String) -> String { url.split(separator: "/").last.map(String.init) ?? url }

    private mutating func judge(_ jobs: PreflightFacts.Queue, _ name: String, _ queues: PreflightFacts.Queues) {
        if jobs.isFIFO {
            let remedy = "use a standard queue: workers give each message back on its own"
            self.report(.error, .queue, name, "it is a FIFO queue", remedy: remedy)
        }
        self.judgeReceiveCount(jobs, name, queues)
        if let retention = jobs.retention, retention < Self.leastRetention {
            self.report(
                .warning,
                .queue,
                name,
                "keeps messages for \(retention.policyText); a job that waits longer is lost",
                remedy: "set MessageRetentionPeriod to 4 days at least"
            )
        }
        guard self.found.allSatisfy({ $0.subject != .queue }) else { return }
        let visibility = jobs.visibilityTimeout.map { " of \($0.components.seconds) s" } ?? ""
        let count = jobs.maxReceiveCount.map(String.init) ?? "?"
        self.report(
            .ok,
            .queue,
            name,
            "is there; maxReceiveCount \(count); workers set a visibility of their own, whatever the queue's\(visibility)"
        )
    }

    private mutating func judgeReceiveCount(
        _ jobs: PreflightFacts.Queue,
        _ name: String,
        _ queues: PreflightFacts.Queues
    ) {
        guard jobs.redriveTarget != nil else {
            let hasLetters = queues.deadLetterURL != nil
            return self.report(
                hasLetters ? .warning : .error,
                .queue,
                name,
                hasLetters
                    ? "no redrive policy: a message that crashes workers comes again for ever"
                    : "no redrive policy: workers refuse to start, because jobs that can't succeed have to go somewhere",
                remedy: "give the queue a redrive policy with maxReceiveCount 10"
                    + (hasLetters ? "" : ", or set SNAPFERRY_DEAD_LETTER_QUEUE_URL")
            )
        }
        guard let count = jobs.maxReceiveCount else { return }
        if count < 5 {
            self.report(
                count < 2 ? .error : .warning,
                .queue,
                name,
                "maxReceiveCount is \(count): \(Self.count(count, "worker")) that ends in the middle sends good jobs away",
                remedy: "set maxReceiveCount to 10"
            )
        } else if count > 100 {
            self.report(
                .warning,
                .queue,
                name,
                "maxReceiveCount is \(count): a message that crashes workers does so that often",
                remedy: "set maxReceiveCount to 10; waiting spends none of it"
            )
        }
    }

    private mutating func judgeDeadLetters(_ queues: PreflightFacts.Queues, jobs: PreflightFacts.Queue) {
        guard let answer = queues.deadLetters else { return }
        let name = queues.deadLetterURL.map(Self.name) ?? jobs.redriveTarget ?? ""
        let letters: PreflightFacts.Queue
        switch answer {
        case .success(let found): letters = found
        case .failure(let error):
            guard error.isMissingQueue else {
                return self.failed(error, .deadLetterQueue, name, needs: "sqs:GetQueueAttributes, sqs:GetQueueUrl")
            }
            let remedy = "create it, or correct the redrive policy or SNAPFERRY_DEAD_LETTER_QUEUE_URL"
            return self.report(.error, .deadLetterQueue, name, "does not exist", remedy: remedy)
        }
        if queues.deadLetterURL == queues.url {
            let remedy = "name another queue: dead letters would come back as jobs"
            return self.report(.error, .deadLetterQueue, name, "it is the job queue itself", remedy: remedy)
        }
        if let theirs = letters.retention, let ours = jobs.retention, theirs <= ours {
            let remedy =
                ours >= Self.longestRetention
                ? "keep messages for 14 days there, and for 10 on the job queue"
                : "set MessageRetentionPeriod of the dead-letter queue to 14 days"
            return self.report(
                .warning,
                .deadLetterQueue,
                name,
                "keeps messages for \(theirs.policyText), the job queue for \(ours.policyText); what SQS moves keeps its age "
                    + "and may vanish at once",
                remedy: remedy
            )
        }
        self.report(.ok, .deadLetterQueue, name, "is there, and keeps messages longer than the job queue")
    }
}

extension AWSError {
    fileprivate var isMissingQueue: Bool {
        let code = self.serviceCode ?? ""
        return code.contains("QueueDoesNotExist") || code.contains("NonExistentQueue")
    }
}
