// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension EventBridgeModel {
    // MARK: - PutEvents

    mutating func putEvents(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> (JSONValue, [ModelEffect]) {
        let entries = request.parameters["Entries"]?.lenientArray ?? []
        guard (1...10).contains(entries.count) else {
            throw .eventsValidation(
                "1 validation error detected: Value '[\(entries.count) entries]' at 'entries' failed to satisfy "
                    + "constraint: Member must have length between 1 and 10"
            )
        }
        guard entries.reduce(0, { $0 + Self.size($1) }) <= self.eventSizeLimit else {
            throw .eventsValidation("Total size of the entries in the request is over the limit.")
        }
        var results: [JSONValue] = []
        var failures = 0
        var effects: [ModelEffect] = []
        for entry in entries {
            if let (code, message) = self.fault(of: entry) {
                failures += 1
                results.append(["ErrorCode": .string(code), "ErrorMessage": .string(message)])
            } else {
                let id = self.nextEventID()
                let event = Self.event(entry, id: id, request: request, at: now)
                effects += self.publish(
                    event,
                    on: self.busKey(request, named: entry["EventBusName"]),
                    at: now,
                    hops: 0
                )
                results.append(["EventId": .string(id)])
            }
        }
        return (["FailedEntryCount": .integer(Int64(failures)), "Entries": .array(results)], effects)
    }

    /// The size as AWS counts it: 14 bytes for the time, the rest in UTF-8.
    private static func size(_ entry: JSONValue) -> Int {
        let texts = ["Source", "DetailType", "Detail"].map { entry[$0]?.string?.utf8.count ?? 0 }
        let resources = SQSModel.names(entry["Resources"]).map(\.utf8.count)
        return (entry["Time"] == nil ? 0 : 14) + texts.reduce(0, +) + resources.reduce(0, +)
    }

    private func fault(of entry: JSONValue) -> (code: String, message: String)? {
        for name in ["Source", "DetailType", "Detail"] where entry[name]?.string?.isEmpty ?? true {
            return (
                "InvalidArgument", "Parameter \(name) is not valid. Reason: \(name) is a required argument."
            )
        }
        guard let detail = try? JSONValue(parsing: entry["Detail"]?.string ?? ""), detail.object != nil else {
            return ("MalformedDetail", "Detail is malformed.")
        }
        if !self.allowsServiceSources, entry["Source"]?.string?.hasPrefix("aws.") == true {
            return ("NotAuthorizedForSourceException", "Not authorized for the source.")
        }
        return nil
    }

    private static func event(_ entry: JSONValue, id: String, request: ModelRequest, at now: Instant) -> JSONValue {
        var time = now
        if let seconds = entry["Time"]?.double {
            time = Instant(seconds: seconds)
        } else if let text = entry["Time"]?.string, let moment = Instant(iso8601: text) {
            time = moment
        }
        return [
            "version": "0",
            "id": .string(id),
            "detail-type": entry["DetailType"] ?? "",
            "source": entry["Source"] ?? "",
            "account": .string(request.caller.account),
            "time": .string(EventEnvelope.time(time)),
            "region": .string(request.region),
            "resources": .array(SQSModel.names(entry["Resources"]).map { .string($0) }),
            "detail": (try? JSONValue(parsing: entry["Detail"]?.string ?? "")) ?? [:],
        ]
    }

    func testEventPattern(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let pattern = try EventPattern(request.parameters["EventPattern"]?.string ?? "")
        guard let event = try? JSONValue(parsing: request.parameters["Event"]?.string ?? ""), event.object != nil else {
            throw .eventsValidation("Parameter Event is not valid.")
        }
        let needed = ["id", "account", "source", "time", "region", "resources", "detail-type"]
        for name in needed where event[name] == nil {
            throw .eventsValidation("Parameter Event is not valid. Reason: \(name) is a required argument.")
        }
        return ["Result": .bool(pattern.matches(event))]
    }

    // MARK: - Buses

    mutating func createEventBus(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        let name = request.parameters["Name"]?.string ?? ""
        try Self.checkName(name, "name", limit: 256)
        let key = self.busKey(request, named: .string(name))
        guard self.bus(key) == nil else {
            throw ModelFailure("ResourceAlreadyExistsException", "Event bus \(name) already exists.")
        }
        let description = request.parameters["Description"]?.string
        let bus = Bus(name: name, arn: Self.arn(of: key), description: description, created: now)
        self.buses[key] = bus
        let tags = SQSModel.texts(request.parameters["Tags"])
        if !tags.isEmpty { self.tags[bus.arn] = tags }
        return .compact(["EventBusArn": .string(bus.arn), "Description": description.map { .string($0) }])
    }

    mutating func deleteEventBus(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let key = self.busKey(request, named: request.parameters["Name"])
        guard key.name != "default" else { throw .eventsValidation("Cannot delete event bus default.") }
        guard self.buses[key]?.rules.isEmpty ?? true else {
            throw .eventsValidation("Event bus \(key.name) can't be deleted since it has rules.")
        }
        self.buses[key] = nil
        self.tags[Self.arn(of: key)] = nil
        return [:]
    }

    private static func json(_ bus: Bus) -> JSONValue {
        .compact([
            "Name": .string(bus.name),
            "Arn": .string(bus.arn),
            "Description": bus.description.map { .string($0) },
            "CreationTime": .double(bus.created.seconds),
            "LastModifiedTime": .double(bus.created.seconds),
        ])
    }

    func listEventBuses(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let key = self.busKey(request, named: nil)
        let prefix = request.parameters["NamePrefix"]?.string ?? ""
        var buses = self.buses.filter { $0.key.place == key.place && $0.key != key }.map(\.value)
        if let bus = self.bus(key) { buses.append(bus) }
        let listed = buses.filter { $0.name.hasPrefix(prefix) }.sorted { $0.name < $1.name }
        return try Self.page(listed.map { Self.json($0) }, of: request, key: "EventBuses")
    }

    func describeEventBus(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let key = self.busKey(request, named: request.parameters["Name"])
        guard let bus = self.bus(key) else { throw .eventsNotFound("Event bus \(key.name) does not exist.") }
        return Self.json(bus)
    }

    // MARK: - Tags

    private func taggable(_ request: ModelRequest) throws(ModelFailure) -> String {
        let arn = request.parameters["ResourceARN"]?.string ?? ""
        let place = Place(account: request.caller.account, region: request.region)
        let isDefault = arn == Self.arn(of: BusKey(place: place, name: "default"))
        let isKnown = self.buses.contains { key, bus in
            key.place == place && (bus.arn == arn || bus.rules.values.contains { $0.arn == arn })
        }
        guard isDefault || isKnown else { throw .eventsNotFound("Resource \(arn) does not exist.") }
        return arn
    }

    mutating func tagResource(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let arn = try self.taggable(request)
        self.tags[arn, default: [:]].merge(SQSModel.texts(request.parameters["Tags"])) { _, new in new }
        return [:]
    }

    mutating func untagResource(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let arn = try self.taggable(request)
        for key in SQSModel.names(request.parameters["TagKeys"]) { self.tags[arn]?[key] = nil }
        return [:]
    }

    func listTagsForResource(_ request: ModelRequest) throws(ModelFailure) -> JSONValue {
        let arn = try self.taggable(request)
        let tags = (self.tags[arn] ?? [:]).sorted { $0.key < $1.key }
        return ["Tags": .array(tags.map { ["Key": .string($0.key), "Value": .string($0.value)] })]
    }
}
