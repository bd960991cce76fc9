// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// EventBridge: event buses, rules and targets of any number of accounts and Regions.
///
/// Events that match a rule become effects: messages for SQS targets. Targets that are event buses pass the event on
/// within the model; all other targets are kept and told, and nothing is sent to them. Schedules fire as time advances,
/// every period that has passed, oldest first.
///
/// Source: "Amazon EventBridge API Reference" and "… User Guide".
package struct EventBridgeModel: ServiceModel {
    /// Whether callers may put events whose source begins with `aws.`, which the real service refuses.
    package var allowsServiceSources = true

    /// How many bytes the entries of one PutEvents may have together.
    package var eventSizeLimit = 262_144

    /// How many targets a rule may have.
    package var targetsPerRule = 5

    struct Rule: Sendable {
        let name: String
        let arn: String
        var patternText: String?
        var pattern: EventPattern?
        var scheduleText: String?
        var schedule: EventSchedule?
        var isEnabled = true
        var description: String?
        var role: String?
        var targets: [EventTarget] = []
        /// When the schedule fires next.
        var nextFiring: Instant?
    }

    struct Bus: Sendable {
        let name: String
        let arn: String
        var description: String?
        let created: Instant
        var rules: [String: Rule] = [:]
    }

    /// An account and a Region.
    struct Place: Hashable, Sendable {
        var account: String
        var region: String
    }

    struct BusKey: Hashable, Sendable {
        var place: Place
        var name: String
    }

    /// All buses but the default ones that nobody has touched.
    var buses: [BusKey: Bus] = [:] {
        // Rules change seldom, and whoever lets time pass asks for this all the time.
        didSet { self.nextFiring = self.buses.values.lazy.flatMap(\.rules.values).compactMap(\.nextFiring).min() }
    }
    private var nextFiring: Instant?
    /// Tags by ARN.
    var tags: [String: [String: String]] = [:]
    private var eventNumber = 0

    package init() {}

    /// The next firing of a schedule.
    package var nextChange: Instant? { self.nextFiring }

    /// Fires the schedules whose time has come.
    package mutating func advance(to now: Instant) -> [ModelEffect] {
        var effects: [ModelEffect] = []
        while let first = self.nextFiring, first <= now {
            let due = self.buses.flatMap { key, bus in
                bus.rules.values.compactMap { rule in rule.nextFiring.map { (at: $0, bus: key, rule: rule.name) } }
            }
            let next = due.min { ($0.at, $0.rule, $0.bus.name) < ($1.at, $1.rule, $1.bus.name) }
            guard let next, next.at <= now, let rule = self.buses[next.bus]?.rules[next.rule] else { return effects }
            self.buses[next.bus]?.rules[next.rule]?.nextFiring = rule.schedule?.next(after: next.at)
            let event = EventEnvelope.completed(
                ["detail-type": "Scheduled Event", "source": "aws.events", "resources": [.string(rule.arn)]],
                id: self.nextEventID(),
                account: next.bus.place.account,
                region: next.bus.place.region,
                at: next.at
            )
            effects += self.send(event, by: rule, at: next.at, hops: 0)
        }
        return effects
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request; it reaches the buses of its caller's account.
    ///   - now: The moment of the request.
    /// - Returns: The result as the JSON protocol writes it, and what the events sets going.
    /// - Throws: ``ModelFailure`` with EventBridge's own code.
    package mutating func handle(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> (JSONValue, [ModelEffect]) {
        if request.operation == "PutEvents" { return try self.putEvents(request, at: now) }
        return (try self.answer(request, at: now), [])
    }

    private mutating func answer(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        switch request.operation {
        case "PutRule": return try self.putRule(request, at: now)
        case "DescribeRule": return try self.describeRule(request)
        case "ListRules": return try self.listRules(request)
        case "EnableRule": return try self.setRule(request, isEnabled: true, at: now)
        case "DisableRule": return try self.setRule(request, isEnabled: false, at: now)
        case "DeleteRule": return try self.deleteRule(request)
        case "PutTargets": return try self.putTargets(request)
        case "RemoveTargets": return try self.removeTargets(request)
        case "ListTargetsByRule": return try self.listTargetsByRule(request)
        case "ListRuleNamesByTarget": return try self.listRuleNamesByTarget(request)
        case "TestEventPattern": return try self.testEventPattern(request)
        case "CreateEventBus": return try self.createEventBus(request, at: now)
        case "DeleteEventBus": return try self.deleteEventBus(request)
        case "ListEventBuses": return try self.listEventBuses(request)
        case "DescribeEventBus": return try self.describeEventBus(request)
        case "TagResource": return try self.tagResource(request)
        case "UntagResource": return try self.untagResource(request)
        case "ListTagsForResource": return try self.listTagsForResource(request)
        default:
            throw ModelFailure("UnknownOperationException", "\(request.operation) is not an operation of EventBridge.")
        }
    }

    // MARK: - Events

    /// Puts a service's event on the default bus of an account and Region.
    ///
    /// - Parameters:
    ///   - envelope: The event; id, time, account, Region and the rest are added where it has none.
    ///   - account: The account whose bus it is.
    ///   - region: The Region of the bus.
    ///   - now: The moment of the event.
    /// - Returns: A message for each SQS target of each rule that matches.
    package mutating func publish(
        envelope: JSONValue,
        account: String,
        region: String,
        at now: Instant
    ) -> [ModelEffect] {
        let event = EventEnvelope.completed(
            envelope,
            id: self.nextEventID(),
            account: account,
            region: region,
            at: now
        )
        let key = BusKey(place: Place(account: account, region: region), name: "default")
        return self.publish(event, on: key, at: now, hops: 0)
    }

    func publish(_ event: JSONValue, on key: BusKey, at now: Instant, hops: Int) -> [ModelEffect] {
        let rules = (self.buses[key]?.rules ?? [:]).values.filter { $0.isEnabled && $0.pattern?.matches(event) == true }
        return rules.sorted { $0.name < $1.name }.flatMap { self.send(event, by: $0, at: now, hops: hops) }
    }

    private func send(_ event: JSONValue, by rule: Rule, at now: Instant, hops: Int) -> [ModelEffect] {
        rule.targets.flatMap { target -> [ModelEffect] in
            let parts = target.arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(
                String.init
            )
            if parts[2] == "sqs" {
                let body = target.body(for: event, ruleARN: rule.arn, ruleName: rule.name, at: now)
                return [.deliver(queueARN: target.arn, body: body)]
            }
            // An event goes from bus to bus a few times at most, so that two that point at each other come to rest.
            guard parts[2] == "events", parts[5].hasPrefix("event-bus/"), hops < 2 else { return [] }
            let place = Place(account: parts[4], region: parts[3])
            let key = BusKey(place: place, name: String(parts[5].dropFirst("event-bus/".count)))
            return self.publish(event, on: key, at: now, hops: hops + 1)
        }
    }

    mutating func nextEventID() -> String {
        self.eventNumber += 1
        return SQSModel.uuid("event \(self.eventNumber)")
    }
}

extension ModelFailure {
    static func eventsValidation(_ message: String) -> ModelFailure { ModelFailure("ValidationException", message) }

    static func eventsNotFound(_ message: String) -> ModelFailure {
        ModelFailure("ResourceNotFoundException", message)
    }
}
