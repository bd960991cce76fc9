// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension SQSModel {
    private static func checkName(_ name: String) throws(ModelFailure) {
        let isSpelledWell = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isSpelledWell, (1...80).contains(name.utf8.count) else {
            throw .sqsInvalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        }
    }

    mutating func createQueue(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        guard let name = request.parameters["QueueName"]?.string, !name.isEmpty else { throw .sqsMissing("QueueName") }
        if name.hasSuffix(".fifo") { throw .sqs("UnsupportedOperation", "FIFO queues are not supported here.") }
        try Self.checkName(name)
        let account = request.caller.account
        let arn = Self.arn(account: account, region: request.region, name: name)
        let url = self.url(account: account, region: request.region, name: name)
        let attributes = Self.texts(request.parameters["Attributes"])
        if let existing = self.queues[arn] {
            try Self.check(attributes, agreeWith: existing)
            return ["QueueUrl": .string(url)]
        }
        if let deletion = self.deletions[arn], now < deletion + .seconds(60) {
            throw .sqs(
                "QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the same name."
            )
        }
        var settings = SQSQueueSettings()
        try settings.apply(attributes)
        try self.checkRedrive(settings, source: arn)
        var queue = SQSQueue(
            name: name,
            arn: arn,
            account: account,
            region: request.region,
            settings: settings,
            created: now
        )
        queue.tags = Self.texts(request.parameters["tags"] ?? request.parameters["Tags"])
        try Self.check(tags: queue.tags)
        self.queues[arn] = queue
        self.deletions[arn] = nil
        return ["QueueUrl": .string(url)]
    }

    private static func check(
        _ attributes: [String: String],
        agreeWith queue: SQSQueue
    ) throws(ModelFailure) {
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            var changed = queue.settings
            try changed.apply([name: value])
            guard changed == queue.settings else {
                throw ModelFailure(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for attribute \(name)",
                    queryCode: "QueueAlreadyExists"
                )
            }
        }
    }

    /// Refuses a dead-letter queue that isn't there, is somebody else's, or doesn't allow this source.
    private func checkRedrive(_ settings: SQSQueueSettings, source: String) throws(ModelFailure) {
        guard let policy = settings.redrivePolicy else { return }
        func refusal(_ reason: String) -> ModelFailure { .sqsParameter("RedrivePolicy", policy.text, reason) }
        let mine = source.split(separator: ":").dropLast()
        let other = policy.target.split(separator: ":").dropLast()
        guard other.count == mine.count else { throw refusal("Invalid value for deadLetterTargetArn.") }
        guard other.last == mine.last else {
            throw refusal("Dead-letter target owner should be same as the source.")
        }
        guard other.elementsEqual(mine) else {
            throw refusal("Dead-letter target should be in the same Region as the source.")
        }
        guard let target = self.queues[policy.target] else { throw refusal("Dead letter target does not exist.") }
        guard target.settings.redriveAllowPolicy?.allows(source) ?? true else {
            throw refusal("The redrive allow policy of the dead letter target does not permit this source queue.")
        }
    }

    func getQueueURL(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        guard let name = request.parameters["QueueName"]?.string, !name.isEmpty else { throw .sqsMissing("QueueName") }
        let account = request.parameters["QueueOwnerAWSAccountId"]?.string ?? request.caller.account
        let arn = Self.arn(account: account, region: request.region, name: name)
        guard account == request.caller.account, self.queues[arn] != nil else { throw .sqsNoQueue }
        return ["QueueUrl": .string(self.url(account: account, region: request.region, name: name))]
    }

    // MARK: - Lists

    func listQueues(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let prefix = request.parameters["QueueNamePrefix"]?.string ?? ""
        let queues = self.queues.values.filter { queue in
            queue.account == request.caller.account && queue.region == request.region && queue.name.hasPrefix(prefix)
        }
        return try self.page(queues, of: request, key: "QueueUrls")
    }

    func listDeadLetterSourceQueues(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        guard let url = request.parameters["QueueUrl"]?.string, !url.isEmpty else { throw .sqsMissing("QueueUrl") }
        let name = url.split(separator: "/").last.map(String.init) ?? ""
        let arn = Self.arn(account: request.caller.account, region: request.region, name: name)
        guard self.queues[arn] != nil else { throw .sqsNoQueue }
        let sources = self.queues.values.filter { $0.settings.redrivePolicy?.target == arn }
        // The member begins with a small letter in this one operation.
        return try self.page(sources, of: request, key: "queueUrls", isListed: true)
    }

    /// One page of queue URLs; the token is the name of the last queue on it.
    private func page(
        _ queues: [SQSQueue],
        of request: ModelRequest,
        key: String,
        isListed: Bool = false
    ) throws(ModelFailure) -> JSONValue {
        let size = try Self.number("MaxResults", in: request.parameters, 1...1000)
        var rest = queues.sorted { $0.name < $1.name }
        if let token = request.parameters["NextToken"]?.string, !token.isEmpty {
            guard let bytes = Base64.decode(token) else { throw .sqsInvalid("Invalid or expired NextToken.") }
            let name = String(decoding: bytes, as: UTF8.self)
            rest.removeAll { $0.name <= name }
        }
        let page = rest.prefix(size ?? 1000)
        let urls = page.map { queue in
            JSONValue.string(self.url(account: queue.account, region: queue.region, name: queue.name))
        }
        var result: [String: JSONValue] = urls.isEmpty && !isListed ? [:] : [key: .array(urls)]
        if size != nil, page.count < rest.count, let last = page.last {
            result["NextToken"] = .string(Base64.encode(Array(last.name.utf8)))
        }
        return .object(result)
    }

    // MARK: - One queue

    mutating func deleteQueue(_ arn: String, at now: Instant) -> JSONValue {
        self.queues[arn] = nil
        self.deletions[arn] = now
        return [:]
    }

    mutating func purgeQueue(_ arn: String, at now: Instant) throws(ModelFailure) -> JSONValue {
        if let purged = self.queues[arn]?.purged, now < purged + .seconds(60) {
            throw .sqs(
                "PurgeQueueInProgress",
                "Only one PurgeQueue operation on \(self.queues[arn]?.name ?? "") is allowed every 60 seconds.",
                status: 403
            )
        }
        self.queues[arn]?.purged = now
        self.queues[arn]?.removeAll()
        return [:]
    }

    func getQueueAttributes(_ arn: String, _ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        guard let queue = self.queues[arn] else { throw .sqsNoQueue }
        let names = Self.names(request.parameters["AttributeNames"])
        let known = SQSQueueSettings.settable.union(SQSQueueSettings.computed).union(SQSQueueSettings.fifo)
        for name in names where name != "All" && !known.contains(name) {
            throw ModelFailure("InvalidAttributeName", "Unknown Attribute \(name).")
        }
        var attributes = queue.settings.attributes
        attributes["QueueArn"] = arn
        attributes["CreatedTimestamp"] = String(queue.created.wholeSeconds)
        attributes["LastModifiedTimestamp"] = String(queue.modified.wholeSeconds)
        attributes["ApproximateNumberOfMessages"] = String(queue.visibleCount)
        attributes["ApproximateNumberOfMessagesNotVisible"] = String(queue.inFlightCount)
        attributes["ApproximateNumberOfMessagesDelayed"] = String(queue.delayedCount)
        if !names.contains("All") { attributes = attributes.filter { names.contains($0.key) } }
        return attributes.isEmpty ? [:] : ["Attributes": .object(attributes.mapValues { .string($0) })]
    }

    mutating func setQueueAttributes(
        _ arn: String,
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        guard var settings = self.queues[arn]?.settings else { throw .sqsNoQueue }
        let attributes = Self.texts(request.parameters["Attributes"])
        try settings.apply(attributes)
        if attributes["RedrivePolicy"] != nil { try self.checkRedrive(settings, source: arn) }
        self.queues[arn]?.settings = settings
        self.queues[arn]?.modified = now
        return [:]
    }

    // MARK: - Tags

    private static func check(tags: [String: String]) throws(ModelFailure) {
        guard tags.count <= 50 else { throw .sqsInvalid("Too many tags added for queue: \(tags.count), limit is 50.") }
        for (key, value) in tags {
            guard (1...128).contains(key.count), value.count <= 256, !key.lowercased().hasPrefix("aws:") else {
                throw .sqsInvalid(
                    "Tag keys must be between 1 and 128 characters in length, can't begin with aws:, and "
                        + "tag values must be 256 characters at most."
                )
            }
        }
    }

    mutating func tagQueue(_ arn: String, _ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let added = Self.texts(request.parameters["Tags"])
        guard !added.isEmpty else { throw .sqsMissing("Tags") }
        let tags = (self.queues[arn]?.tags ?? [:]).merging(added) { _, new in new }
        try Self.check(tags: tags)
        self.queues[arn]?.tags = tags
        return [:]
    }

    mutating func untagQueue(_ arn: String, _ request: ModelRequest) -> JSONValue {
        for key in Self.names(request.parameters["TagKeys"]) { self.queues[arn]?.tags[key] = nil }
        return [:]
    }

    func listQueueTags(_ arn: String) -> JSONValue {
        let tags = self.queues[arn]?.tags ?? [:]
        return tags.isEmpty ? [:] : ["Tags": .object(tags.mapValues { .string($0) })]
    }

    // MARK: - Permissions

    /// Adds a statement to the queue's policy, which is stored and not enforced.
    mutating func addPermission(_ arn: String, _ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        guard let label = request.parameters["Label"]?.string, !label.isEmpty else { throw .sqsMissing("Label") }
        let accounts = Self.names(request.parameters["AWSAccountIds"])
        let actions = Self.names(request.parameters["Actions"])
        guard !accounts.isEmpty else { throw .sqsMissing("AWSAccountIds") }
        guard !actions.isEmpty else { throw .sqsMissing("Actions") }
        var (policy, statements) = self.policy(of: arn)
        guard !statements.contains(where: { $0["Sid"]?.string == label }) else {
            throw .sqsParameter("Label", label, "Already exists.")
        }
        statements.append([
            "Sid": .string(label),
            "Effect": "Allow",
            "Principal": ["AWS": .array(accounts.map { "arn:aws:iam::\($0):root" })],
            "Action": .array(actions.map { "SQS:\($0)" }),
            "Resource": .string(arn),
        ])
        policy["Statement"] = .array(statements)
        self.queues[arn]?.settings.policy = JSONValue.object(policy).description
        return [:]
    }

    mutating func removePermission(_ arn: String, _ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        guard let label = request.parameters["Label"]?.string, !label.isEmpty else { throw .sqsMissing("Label") }
        var (policy, statements) = self.policy(of: arn)
        let before = statements.count
        statements.removeAll { $0["Sid"]?.string == label }
        guard statements.count < before else {
            throw .sqsParameter("Label", label, "can't find label on existing policy.")
        }
        policy["Statement"] = .array(statements)
        self.queues[arn]?.settings.policy = statements.isEmpty ? nil : JSONValue.object(policy).description
        return [:]
    }

    private func policy(of arn: String) -> (document: [String: JSONValue], statements: [JSONValue]) {
        let text = self.queues[arn]?.settings.policy ?? ""
        let document =
            (try? JSONValue(parsing: text))?.object ?? [
                "Version": "2012-10-17", "Id": .string("\(arn)/SQSDefaultPolicy"),
            ]
        return (document, document["Statement"]?.lenientArray ?? [])
    }
}
