// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension EventBridgeModel {
    private static let rulesPerBus = 300

    // MARK: - Finding

    private static func partition(_ region: String) -> String {
        region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
    }

    /// The bus that a request names, by name or ARN; the default one when it names none.
    func busKey(_ request: ModelRequest, named given: JSONValue?) -> BusKey {
        let name = given?.string ?? "default"
        let last = name.hasPrefix("arn:") ? String(name.split(separator: "/").last ?? "") : name
        return BusKey(place: Place(account: request.caller.account, region: request.region), name: last)
    }

    private func existingBus(_ request: ModelRequest) throws(ModelFailure) -> (key: BusKey, bus: Bus) {
        let key = self.busKey(request, named: request.parameters["EventBusName"])
        guard let bus = self.bus(key) else { throw .eventsNotFound("Event bus \(key.name) does not exist.") }
        return (key, bus)
    }

    /// A bus; the default one is always there.
    func bus(_ key: BusKey) -> Bus? {
        if let bus = self.buses[key] { return bus }
        guard key.name == "default" else { return nil }
        return Bus(name: key.name, arn: Self.arn(of: key), created: Instant(microseconds: 0))
    }

    static func arn(of key: BusKey) -> String {
        let place = key.place
        return "arn:\(self.partition(place.region)):events:\(place.region):\(place.account):event-bus/\(key.name)"
    }

    private static func arn(ofRule name: String, on key: BusKey) -> String {
        let place = key.place
        let path = key.name == "default" ? name : "\(key.name)/\(name)"
        return "arn:\(self.partition(place.region)):events:\(place.region):\(place.account):rule/\(path)"
    }

    private func rule(
        _ request: ModelRequest,
        parameter: String = "Name"
    ) throws(ModelFailure) -> (key: BusKey, rule: Rule) {
        let (key, bus) = try self.existingBus(request)
        let name = request.parameters[parameter]?.string ?? ""
        guard let rule = bus.rules[name] else {
            throw .eventsNotFound("Rule \(name) does not exist on EventBus \(key.name).")
        }
        return (key, rule)
    }

    static func checkName(_ name: String, _ field: String, limit: Int) throws(ModelFailure) {
        let isSpelledWell = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isSpelledWell, (1...limit).contains(name.utf8.count) else {
            throw .eventsValidation(
                "1 validation error detected: Value '\(name)' at '\(field)' failed to satisfy constraint: "
                    + #"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+ and have 1 to \#(limit) "#
                    + "characters"
            )
        }
    }

    // MARK: - Rules

    mutating func putRule(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        var (key, bus) = try self.existingBus(request)
        let name = request.parameters["Name"]?.string ?? ""
        try Self.checkName(name, "name", limit: 64)
        var rule = Rule(name: name, arn: Self.arn(ofRule: name, on: key))
        let old = bus.rules[name]
        if let old { rule.targets = old.targets }
        try Self.read(request.parameters, into: &rule)
        if rule.schedule != nil, key.name != "default" {
            throw .eventsValidation("ScheduleExpression is supported only on the default event bus.")
        }
        if let firing = old?.nextFiring, old?.scheduleText == rule.scheduleText, rule.isEnabled {
            rule.nextFiring = firing
        } else if rule.isEnabled {
            rule.nextFiring = rule.schedule?.next(after: now)
        }
        guard old != nil || bus.rules.count < Self.rulesPerBus else { throw Self.tooMany }
        bus.rules[name] = rule
        self.buses[key] = bus
        let tags = SQSModel.texts(request.parameters["Tags"])
        if old == nil, !tags.isEmpty { self.tags[rule.arn] = tags }
        return ["RuleArn": .string(rule.arn)]
    }

    private static func read(_ parameters: JSONValue, into rule: inout Rule) throws(ModelFailure) {
        rule.patternText = parameters["EventPattern"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        rule.scheduleText = parameters["ScheduleExpression"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        guard rule.patternText != nil || rule.scheduleText != nil else {
            throw .eventsValidation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        }
        if let text = rule.patternText { rule.pattern = try EventPattern(text) }
        if let text = rule.scheduleText {
            guard let schedule = EventSchedule(text) else {
                throw .eventsValidation("Parameter ScheduleExpression is not valid.")
            }
            rule.schedule = schedule
        }
        switch parameters["State"]?.string ?? "ENABLED" {
        case "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS": rule.isEnabled = true
        case "DISABLED": rule.isEnabled = false
        default: throw .eventsValidation("Parameter State is not valid.")
        }
        rule.description = parameters["Description"]?.string
        rule.role = parameters["RoleArn"]?.string
    }

    private static var tooMany: ModelFailure {
        ModelFailure("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    }

    private static func json(_ rule: Rule, on key: BusKey) -> [String: JSONValue?] {
        [
            "Name": .string(rule.name),
            "Arn": .string(rule.arn),
            "EventPattern": rule.patternText.map { .string($0) },
            "ScheduleExpression": rule.scheduleText.map { .string($0) },
            "State": rule.isEnabled ? "ENABLED" : "DISABLED",
            "Description": rule.description.map { .string($0) },
            "RoleArn": rule.role.map { .string($0) },
            "EventBusName": .string(key.name),
        ]
    }

    func describeRule(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let (key, rule) = try self.rule(request)
        return .compact(Self.json(rule, on: key).merging(["CreatedBy": .string(key.place.account)]) { old, _ in old })
    }

    func listRules(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let (key, bus) = try self.existingBus(request)
        let prefix = request.parameters["NamePrefix"]?.string ?? ""
        let rules = bus.rules.values.filter { $0.name.hasPrefix(prefix) }.sorted { $0.name < $1.name }
        return try Self.page(rules.map { .compact(Self.json($0, on: key)) }, of: request, key: "Rules")
    }

    mutating func setRule(
        _ request: ModelRequest,
        isEnabled: Bool,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        var (key, rule) = try self.rule(request)
        if rule.isEnabled != isEnabled { rule.nextFiring = isEnabled ? rule.schedule?.next(after: now) : nil }
        rule.isEnabled = isEnabled
        self.buses[key]?.rules[rule.name] = rule
        return [:]
    }

    mutating func deleteRule(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let (key, bus) = try self.existingBus(request)
        let name = request.parameters["Name"]?.string ?? ""
        // Deleting what isn't there succeeds.
        guard let rule = bus.rules[name] else { return [:] }
        guard rule.targets.isEmpty else { throw .eventsValidation("Rule can't be deleted since it has targets.") }
        self.buses[key]?.rules[name] = nil
        self.tags[rule.arn] = nil
        return [:]
    }

    // MARK: - Targets

    mutating func putTargets(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        var (key, rule) = try self.rule(request, parameter: "Rule")
        let given = request.parameters["Targets"]?.lenientArray ?? []
        guard !given.isEmpty else { throw .eventsValidation("Parameter Targets is not valid.") }
        var failed: [JSONValue] = []
        for json in given {
            let target = try EventTarget(json)
            let parts = target.arn.split(separator: ":", omittingEmptySubsequences: false)
            if parts[2] == "sqs", parts[3] != key.place.region {
                failed.append(
                    Self.failure(
                        target.id,
                        "ValidationException",
                        "The queue of target \(target.id) is in another Region."
                    )
                )
            } else if let index = rule.targets.firstIndex(where: { $0.id == target.id }) {
                rule.targets[index] = target
            } else {
                rule.targets.append(target)
            }
        }
        guard rule.targets.count <= self.targetsPerRule else { throw Self.tooMany }
        self.buses[key]?.rules[rule.name] = rule
        return ["FailedEntryCount": .integer(Int64(failed.count)), "FailedEntries": .array(failed)]
    }

    private static func failure(_ id: String, _ code: String, _ message: String) -> JSONValue {
        ["TargetId": .string(id), "ErrorCode": .string(code), "ErrorMessage": .string(message)]
    }

    mutating func removeTargets(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        var (key, rule) = try self.rule(request, parameter: "Rule")
        var failed: [JSONValue] = []
        for id in SQSModel.names(request.parameters["Ids"]) {
            if let index = rule.targets.firstIndex(where: { $0.id == id }) {
                rule.targets.remove(at: index)
            } else {
                let message = "Rule \(rule.name) does not have a target with the Id \(id)."
                failed.append(Self.failure(id, "ResourceNotFoundException", message))
            }
        }
        self.buses[key]?.rules[rule.name] = rule
        return ["FailedEntryCount": .integer(Int64(failed.count)), "FailedEntries": .array(failed)]
    }

    func listTargetsByRule(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let (_, rule) = try self.rule(request, parameter: "Rule")
        return try Self.page(rule.targets.map(\.json), of: request, key: "Targets")
    }

    func listRuleNamesByTarget(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let (_, bus) = try self.existingBus(request)
        let arn = request.parameters["TargetArn"]?.string
        let names = bus.rules.values.filter { $0.targets.contains { $0.arn == arn } }.map(\.name).sorted()
        return try Self.page(names.map { .string($0) }, of: request, key: "RuleNames")
    }

    /// One page of a list; the token is the place where the next begins.
    static func page(_ items: [JSONValue], of request: ModelRequest, key: String) throws(ModelFailure) -> JSONValue {
        let limit = request.parameters["Limit"]?.lenientInt ?? 100
        guard (1...100).contains(limit) else { throw .eventsValidation("Parameter Limit is not valid.") }
        let start = request.parameters["NextToken"]?.string.flatMap { Int($0) } ?? 0
        guard (0...items.count).contains(start) else { throw .eventsValidation("Parameter NextToken is not valid.") }
        let end = min(start + limit, items.count)
        return .compact([
            key: .array(Array(items[start..<end])),
            "NextToken": end < items.count ? .string(String(end)) : nil,
        ])
    }
}
