// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS

/// An EventBridge model and the moment it is at.
struct EventBridgeBench {
    var model = EventBridgeModel()
    /// 2027-01-15T08:00:00Z, a Friday.
    var now = Instant(seconds: 1_800_000_000)
    let caller = ModelCaller(account: "111122223333", arn: "arn:aws:iam::111122223333:user/tester")

    static let queue = "arn:aws:sqs:us-east-1:111122223333:jobs"

    /// A message that an effect sends.
    struct Delivery: Equatable {
        var queue: String
        var body: String
    }

    mutating func answer(
        _ operation: String,
        _ parameters: JSONValue,
        account: String? = nil,
        region: String = "us-east-1"
    ) throws(ModelFailure) -> (JSONValue, [ModelEffect]) {
        var caller = self.caller
        if let account { caller.account = account }
        let request = ModelRequest(
            service: .events,
            operation: operation,
            parameters: parameters,
            caller: caller,
            region: region
        )
        return try self.model.handle(request, at: self.now)
    }

    @discardableResult
    mutating func call(_ operation: String, _ parameters: JSONValue) throws(ModelFailure) -> JSONValue {
        try self.answer(operation, parameters).0
    }

    mutating func refusal(_ operation: String, _ parameters: JSONValue) -> ModelFailure? {
        do throws(ModelFailure) {
            try self.call(operation, parameters)
            return nil
        } catch {
            return error
        }
    }

    /// A rule `r` with one target.
    mutating func putRule(_ members: JSONValue, target: JSONValue = [:]) throws {
        try self.call("PutRule", .object(["Name": "r"].merging(members.object ?? [:]) { $1 }))
        let defaults: [String: JSONValue] = ["Id": "1", "Arn": .string(Self.queue)]
        let targets: JSONValue = [.object(defaults.merging(target.object ?? [:]) { $1 })]
        try self.call("PutTargets", ["Rule": "r", "Targets": targets])
    }

    mutating func publish(_ envelope: JSONValue) -> [Delivery] {
        Self.deliveries(
            self.model.publish(envelope: envelope, account: "111122223333", region: "us-east-1", at: self.now)
        )
    }

    mutating func advance(_ duration: Duration) -> [Delivery] {
        self.now = self.now + duration
        return Self.deliveries(self.model.advance(to: self.now))
    }

    static func deliveries(_ effects: [ModelEffect]) -> [Delivery] {
        effects.compactMap { effect in
            guard case .deliver(let queue, let body, _) = effect else { return nil }
            return Delivery(queue: queue, body: body)
        }
    }
}
