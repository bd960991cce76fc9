// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import SnapshotFleet

/// Carrying out what a core decides, as the real worker does it against SQS and RDS.
extension Simulation {
    func perform(_ batch: ActionBatch, for worker: SimulatedWorker) {
        switch batch {
        case .single(let action): self.perform(action, for: worker)
        case .ledger(let actions, let then):
            let generation = worker.generation
            self.takeTurn(at: batch.slots, of: worker) { [unowned self] leave in
                self.performInOrder(actions[...], for: worker, generation: generation) { [unowned self] in
                    leave()
                    for batch in then { self.perform(batch, for: worker) }
                }
            }
        case .delete(let entries): self.delete(entries, for: worker)
        case .requeue(let entries):
            let changes = entries.map { VisibilityChange(receiptHandle: $0.receiptHandle, timeout: $0.after) }
            self.changeVisibility(changes, for: worker) { [unowned self] outcomes, generation in
                for (entry, outcome) in zip(entries, outcomes) {
                    self.feed(.requeued(entry.token, outcome), to: worker, generation: generation)
                }
            }
        case .extend(let entries, let timeout):
            if self.scenario.mutation == .keepsEveryLease {
                let kept = Dictionary(entries.map { ($0.token, LeaseOutcome.kept) }) { first, _ in first }
                return self.feed(.leasesExtended(kept), to: worker, generation: worker.generation)
            }
            let changes = entries.map { VisibilityChange(receiptHandle: $0.receiptHandle, timeout: timeout) }
            self.changeVisibility(changes, for: worker) { [unowned self] outcomes, generation in
                let leases = Dictionary(zip(entries.map(\.token), outcomes)) { first, _ in first }
                self.feed(.leasesExtended(leases), to: worker, generation: generation)
            }
        }
    }

    /// Does something once all that came before is done with these slots.
    private func takeTurn(
        at slots: Set<SlotTurns.Slot>,
        of worker: SimulatedWorker,
        _ action: @escaping (_ leave: @escaping () -> Void) -> Void
    ) {
        let (number, generation) = (worker.turns.enter(slots), worker.generation)
        let leave = { [unowned worker] in
            guard worker.generation == generation else { return }
            for next in worker.turns.leave(number) { worker.waitingForTurns.removeValue(forKey: next)?() }
        }
        guard !worker.turns.isNext(number) else { return action(leave) }
        worker.waitingForTurns[number] = { action(leave) }
    }

    private func perform(_ action: CoreAction, for worker: SimulatedWorker) {
        switch action {
        case .receive(let count, let wait, let timeout): self.receive(count, wait, timeout, for: worker)
        case .describeSources(let group, let arns): self.describe(arns, in: group, for: worker)
        case .surveyPool(let pool): self.survey(pool, for: worker)
        case .auditSlots(let pool): self.auditSlots(of: pool, for: worker)
        case .startCopy(let request): self.start(request, for: worker)
        case .describeTargets(let pool, let targets): self.describeTargets(targets, in: pool, for: worker)
        case .hearOthers(let pool): self.hearOthers(of: pool, for: worker)
        case .deleteTarget(let id, let target): self.deleteTarget(id, target, for: worker)
        case .replace(let tokens, let messages): self.replace(tokens, with: messages, for: worker)
        case .deadLetter(let token, let letter): self.deadLetter(token, letter, for: worker)
        case .sweep(let token, _): self.feed(.swept(token, SweepReport()), to: worker, generation: worker.generation)
        case .prune(let request): self.prune(request, for: worker)
        default: break
        }
    }

    // MARK: - SQS

    private func sqs(
        _ operation: String,
        _ members: [String: JSONValue?],
        wait: Duration = .zero,
        for worker: SimulatedWorker,
        attempts: Int? = nil,
        then: @escaping (Result<Answer, AWSError>, Int) -> Void
    ) {
        let generation = worker.generation
        let call = SimulatedCall(
            service: .sqs,
            operation: operation,
            parameters: .compact(members),
            region: Scenario.home,
            timeout: operation == "ReceiveMessage" ? wait + .seconds(10) : .seconds(30),
            attempts: attempts
        )
        self.call(worker, call) { then($0, generation) }
    }

    private func receive(_ count: Int, _ wait: Duration, _ visibilityTimeout: Duration, for worker: SimulatedWorker) {
        let members: [String: JSONValue?] = [
            "QueueUrl": .string(Place.queueURL), "MaxNumberOfMessages": .integer(Int64(count)),
            "WaitTimeSeconds": .integer(min(wait.components.seconds, 20)),
            "VisibilityTimeout": .integer(visibilityTimeout.components.seconds),
            "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
        ]
        self.sqs("ReceiveMessage", members, wait: wait, for: worker, attempts: 1) { [unowned self] result, generation in
            guard !worker.isDraining || worker.generation != generation else { return }
            switch result {
            case .success(let answer):
                let deliveries = (answer["Messages"]?.array ?? []).compactMap { Delivery($0) }
                self.feed(.received(deliveries), to: worker, generation: generation)
            case .failure(let error):
                self.feed(.receiveFailed(Trouble(of: .receive, error)), to: worker, generation: generation)
            }
        }
    }

    /// Gives the long poll up, as a drain does.
    func abandonPoll(of worker: SimulatedWorker) {
        let trouble = Trouble(of: .receive, AWSError(.cancelled, message: "given up"))
        self.feed(.receiveFailed(trouble), to: worker, generation: worker.generation)
    }

    func delete(_ entries: [(token: MessageToken, receiptHandle: String)], for worker: SimulatedWorker) {
        let documents = entries.enumerated().map { index, entry -> JSONValue in
            ["Id": .string("\(index)"), "ReceiptHandle": .string(entry.receiptHandle)]
        }
        self.sqs(
            "DeleteMessageBatch",
            ["QueueUrl": .string(Place.queueURL), "Entries": .array(documents)],
            for: worker
        ) { [unowned self] result, generation in
            for (index, entry) in entries.enumerated() {
                let error = Self.failure(of: index, in: result)
                let input =
                    error.map { CoreInput.notDeleted(entry.token, Trouble(of: .delete, $0)) } ?? .deleted(entry.token)
                self.feed(input, to: worker, generation: generation)
            }
        }
    }

    private func changeVisibility(
        _ changes: [VisibilityChange],
        for worker: SimulatedWorker,
        then: @escaping ([LeaseOutcome], Int) -> Void
    ) {
        let documents = changes.enumerated().map { index, change -> JSONValue in
            let timeout = min(max(0, change.timeout.inSeconds.rounded(.up)), 43_200)
            return [
                "Id": .string("\(index)"), "ReceiptHandle": .string(change.receiptHandle),
                "VisibilityTimeout": .integer(Int64(timeout)),
            ]
        }
        self.sqs(
            "ChangeMessageVisibilityBatch",
            ["QueueUrl": .string(Place.queueURL), "Entries": .array(documents)],
            for: worker
        ) { result, generation in
            let outcomes = changes.indices.map { index -> LeaseOutcome in
                guard let error = Self.failure(of: index, in: result) else { return .kept }
                if case .failure = result { return .unknown }
                return FailureTable.classify(operation: .extend, error: error).class == .lostLease ? .lost : .unknown
            }
            then(outcomes, generation)
        }
    }

    private func replace(_ tokens: [MessageToken], with messages: [OutgoingMessage], for worker: SimulatedWorker) {
        if self.scenario.mutation == .losesReplacements {
            return self.feed(.replaced(tokens), to: worker, generation: worker.generation)
        }
        let documents = messages.enumerated().map { index, message -> JSONValue in
            let delay = min(max(0, message.delay.inSeconds.rounded(.up)), 900)
            return [
                "Id": .string("\(index)"), "MessageBody": .string(message.body),
                "DelaySeconds": .integer(Int64(delay)),
            ]
        }
        self.sqs(
            "SendMessageBatch",
            ["QueueUrl": .string(Place.queueURL), "Entries": .array(documents)],
            for: worker
        ) { [unowned self] result, generation in
            let error = messages.indices.lazy.compactMap { Self.failure(of: $0, in: result) }.first
            let input = error.map { CoreInput.notReplaced(tokens, Trouble(of: .send, $0)) } ?? .replaced(tokens)
            self.feed(input, to: worker, generation: generation)
        }
    }

    private func deadLetter(_ token: MessageToken, _ letter: DeadLetter, for worker: SimulatedWorker) {
        if self.scenario.mutation == .losesDeadLetters {
            return self.feed(.deadLettered(token), to: worker, generation: worker.generation)
        }
        var attributes = [
            DeadLetterAttribute.reason: letter.reason.rawValue,
            DeadLetterAttribute.detail: letter.detail.excerpt(1000),
            DeadLetterAttribute.attempts: "\(letter.attempts)",
            DeadLetterAttribute.firstSeen: letter.firstSeen.iso8601,
            DeadLetterAttribute.worker: worker.name,
        ]
        attributes[DeadLetterAttribute.source] = letter.source?.excerpt(300)
        attributes[DeadLetterAttribute.destination] = letter.destination?.excerpt(100)
        let documents = attributes.filter { !$0.value.isEmpty }.mapValues { text -> JSONValue in
            ["DataType": "String", "StringValue": .string(text)]
        }
        self.sqs(
            "SendMessage",
            [
                "QueueUrl": .string(Place.deadLetterURL), "MessageBody": .string(letter.body),
                "MessageAttributes": .object(documents),
            ],
            for: worker
        ) { [unowned self] result, generation in
            switch result {
            case .success: self.feed(.deadLettered(token), to: worker, generation: generation)
            case .failure(let error):
                let trouble = Trouble(of: .send, error)
                self.feed(.notDeadLettered(token, trouble), to: worker, generation: generation)
            }
        }
    }

    /// What went wrong with one entry of a batch; `nil` when nothing did.
    private static func failure(of index: Int, in result: Result<Answer, AWSError>) -> AWSError? {
        switch result {
        case .failure(let error): return error
        case .success(let answer):
            let failed = answer["Failed"]?.array?.first { $0["Id"]?.string == "\(index)" }
            return failed.map { failure in
                AWSError(
                    failure["SenderFault"]?.bool ?? false ? .rejected : .unavailable,
                    serviceCode: ServiceErrorParser.shapeName(failure["Code"]?.string ?? ""),
                    message: failure["Message"]?.string ?? ""
                )
            }
        }
    }
}

extension Delivery {
    /// Reads a message as SQS hands it out.
    fileprivate init?(_ message: JSONValue) {
        guard let id = message["MessageId"]?.string, let handle = message["ReceiptHandle"]?.string,
            let body = message["Body"]?.string
        else { return nil }
        let attributes = message["Attributes"] ?? .null
        self.init(
            messageID: id,
            receiptHandle: handle,
            body: body,
            receiveCount: attributes["ApproximateReceiveCount"]?.lenientInt ?? 1,
            sentAt: attributes["SentTimestamp"]?.lenientInt.map { Instant(milliseconds: Int64($0)) }
        )
    }
}
