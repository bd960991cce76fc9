// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import FleetSimulation
import LocalAWS
import SnapshotFleet
import Synchronization

/// The embedded DynamoDB behind a client: requests are decoded, answered by the model, and go astray on demand.
final class ModelTransport: HTTPTransport {
    struct State: Sendable {
        var model = DynamoDBModel()
        var now = Instant(seconds: 1_800_000_000)
        /// How many requests of each operation arrived.
        var counts: [String: Int] = [:]
        /// Of a hundred requests, how many never arrive, and the answers of how many get lost.
        var lostRequests = 0
        var lostAnswers = 0
        /// The operations that are refused, as where a policy does not allow them.
        var denied: Set<String> = []
        var random = SplitMix64(seed: 1)
    }

    static let account = "111122223333"
    let state = Mutex(State())

    func send(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse {
        // Lets whoever runs beside this one come between.
        await Task.yield()
        let operation = String(request.header("x-amz-target")?.split(separator: ".").last ?? "")
        let parameters: JSONValue
        do {
            parameters = try JSONValue(parsing: request.body)
        } catch {
            throw AWSError(.malformedAnswer, message: "no JSON")
        }
        let answer = self.state.withLock { Self.answer(operation, parameters, &$0) }
        await Task.yield()
        guard let answer else { throw AWSError(.unavailable, message: "no answer") }
        return answer
    }

    private static func answer(_ operation: String, _ parameters: JSONValue, _ state: inout State) -> HTTPResponse? {
        state.counts[operation, default: 0] += 1
        if Int.random(in: 0..<100, using: &state.random) < state.lostRequests { return nil }
        if state.denied.contains(operation) {
            return Self.failure(ModelFailure("AccessDeniedException", "not authorized to perform \(operation)"))
        }
        let request = ModelRequest(
            service: .dynamodb,
            operation: operation,
            parameters: parameters,
            caller: ModelCaller(account: Self.account, arn: "arn:aws:iam::\(Self.account):user/tester"),
            region: "us-east-1"
        )
        let response: HTTPResponse
        do throws(ModelFailure) {
            let result = try state.model.handle(request, at: state.now)
            response = HTTPResponse(status: 200, body: result.serialized())
        } catch {
            response = Self.failure(error)
        }
        return Int.random(in: 0..<100, using: &state.random) < state.lostAnswers ? nil : response
    }

    private static func failure(_ failure: ModelFailure) -> HTTPResponse {
        var document = failure.details
        document["__type"] = .string("com.amazonaws.dynamodb.v20120810#\(failure.code)")
        document["message"] = .string(failure.message)
        return HTTPResponse(status: failure.status, body: JSONValue.object(document).serialized())
    }

    // MARK: - What tests ask and do

    var now: Instant {
        get { self.state.withLock { $0.now } }
        set { self.state.withLock { $0.now = newValue } }
    }

    /// How many items were written or deleted, reads left out.
    var writes: Int {
        self.state.withLock { state in
            state.counts.filter { !["BatchGetItem", "DescribeTable", "CreateTable"].contains($0.key) }.values.reduce(
                0,
                +
            )
        }
    }

    func setLosses(requests: Int, answers: Int, seed: UInt64 = 1) {
        self.state.withLock { state in
            (state.lostRequests, state.lostAnswers) = (requests, answers)
            state.random = SplitMix64(seed: seed)
        }
    }

    /// A client that tries each call so many times.
    func client(attempts: Int = 1) throws -> DynamoDBClient {
        var retry = RetryConfiguration()
        retry.maxAttempts = attempts
        let context = ClientContext(
            transport: self,
            credentials: FixedCredentials(),
            retry: retry,
            time: SkewedTime(transport: self)
        )
        return try AWSSession(context, region: "us-east-1").dynamoDB(region: "us-east-1")
    }

    /// A ledger of a process of its own, whose clock is off by `skew`.
    func ledger(
        _ owner: String,
        skew: Duration = .zero,
        attempts: Int = 1,
        leastReach: Int = 20
    ) throws -> DynamoDBSlotLedger {
        var settings = SlotTable.Settings(owner: owner, lease: .seconds(1800))
        settings.leastReach = leastReach
        return DynamoDBSlotLedger(
            dynamoDB: try self.client(attempts: attempts),
            table: "slots",
            settings: settings,
            notifier: NobodyNotified(),
            time: SkewedTime(transport: self, skew: skew)
        )
    }

    /// A transport with the table in place.
    static func withTable() async throws -> ModelTransport {
        let transport = ModelTransport()
        _ = try await transport.client().createTable("slots", partitionKey: "pk")
        return transport
    }
}

/// The transport's time, off by a bit, where nobody ever waits.
struct SkewedTime: TimeSource {
    let transport: ModelTransport
    var skew: Duration = .zero

    func now() -> Instant { self.transport.now + self.skew }
    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}

private struct FixedCredentials: CredentialsProvider {
    func credentials() async throws(AWSError) -> Credentials {
        Credentials(accessKeyID: "AKIALOCAL111122223333", secretAccessKey: "test", sessionToken: nil)
    }

    func invalidate(_ credentials: Credentials) async {}
}

private struct NobodyNotified: Notifier {
    func notify(_ event: FleetEvent, at now: Instant) {}
}
