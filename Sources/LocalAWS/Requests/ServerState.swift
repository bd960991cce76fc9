// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What the server keeps under its lock: the world, and what happened to it.
package struct ServerState: Sendable {
    package var world = World()
    package var journal = Journal()
    package var faults: FaultInjector
    package var verifier: SignatureVerifier
    /// How far `POST /_local/advance` has put the world's clock ahead of its source.
    package var clockOffset = Duration.zero
    package var isStopping = false
    /// When whoever moves the world on looks next; `nil` where it has nothing to wait for.
    package var alarmTime: Instant?
    /// The port that the server got; `nil` before it listens.
    package var port: Int?

    private var dateText = HTTPDateText()
    private let time: SystemTimeSource

    package init(_ configuration: LocalAWSConfiguration) {
        self.time = configuration.time
        self.faults = FaultInjector(configuration.faults)
        self.verifier = SignatureVerifier(keys: configuration.keys, isEnabled: configuration.verifiesSignatures)
    }

    /// The world's time, which never goes back, even where the system's clock is set.
    package var now: Instant {
        let now = self.time.now() + self.clockOffset
        return self.world.lastAdvance.map { max($0, now) } ?? now
    }

    /// The date of an answer, by the wall clock of this AWS.
    package mutating func httpDate(at wall: Instant) -> String {
        self.dateText.text(at: wall + self.world.wallClockOffset)
    }

    /// Whether something is due before anybody would look.
    package var isAlarmLate: Bool {
        guard let next = self.world.nextChange else { return false }
        return self.alarmTime.map { next < $0 } ?? true
    }

    /// A request that was let in.
    package struct Admission: Sendable {
        package var model: ModelRequest
        package var plan: FaultInjector.Plan
    }

    /// Finds out who asks, and what is to go wrong.
    package mutating func admit(
        _ request: IncomingRequest,
        _ decoded: DecodedRequest,
        requestID: String,
        wall: Instant
    ) throws(ModelFailure) -> Admission {
        let now = self.now
        let origin: SignatureVerifier.Origin
        do {
            origin = try self.verifier.origin(
                of: request,
                asking: decoded,
                sts: self.world.sts,
                wall: wall + self.world.wallClockOffset,
                now: now
            )
        } catch {
            let presented = PresentedSignature(request)
            self.record(decoded, requestID: requestID, region: presented?.scope.region, outcome: error.code, wall: wall)
            throw error
        }
        let model = ModelRequest(
            service: decoded.service,
            operation: decoded.operation,
            parameters: decoded.parameters,
            caller: origin.caller,
            region: origin.region,
            requestID: requestID
        )
        let subject = FaultSubject(
            service: model.service,
            operation: model.operation,
            region: model.region,
            account: model.caller.account
        )
        return Admission(model: model, plan: self.faults.plan(for: subject))
    }

    /// Asks the world, as a client that reached it at `host`.
    package mutating func perform(
        _ admission: Admission,
        host: String,
        wall: Instant
    ) -> Result<JSONValue, ModelFailure> {
        let now = self.now
        // A queue's URL is good for whoever got it when it names the host that the client came by.
        self.world.sqs.urlBase = "http://\(host)"
        let usualDuplicates = self.world.sqs.duplicateEvery
        if admission.plan.strike == .duplicate { self.world.sqs.duplicateEvery = 1 }
        defer { self.world.sqs.duplicateEvery = usualDuplicates }
        if admission.model.operation.hasPrefix("CopyDB") {
            let wall = wall + self.world.wallClockOffset
            self.world.rds.settings.presignedURLCheck = { [verifier = self.verifier, sts = self.world.sts] url, copy in
                verifier.isAuthentic(presignedURL: url, of: copy, sts: sts, wall: wall, now: now)
            }
        }
        do {
            return .success(try self.world.handle(admission.model, at: now))
        } catch {
            return .failure(error)
        }
    }

    /// Writes a request into the journal.
    package mutating func record(
        _ decoded: DecodedRequest,
        requestID: String,
        region: String? = nil,
        caller: ModelCaller? = nil,
        outcome: String,
        fault: String? = nil,
        messages: JSONValue? = nil,
        wall: Instant
    ) {
        self.recordCopyEndings(wall: wall)
        self.journal.append(
            Journal.Entry(
                requestID: requestID,
                wall: wall,
                time: self.now,
                service: decoded.service.rawValue,
                operation: decoded.operation,
                region: region ?? "",
                account: caller?.account ?? "",
                caller: caller?.arn ?? "",
                userAgent: decoded.userAgent,
                parameters: Journal.parameters(of: decoded.parameters),
                outcome: outcome,
                messages: messages,
                fault: fault
            )
        )
    }

    /// Writes into the journal what no request tells: how the copies ended, as `CopyEnded` of the service `local`.
    package mutating func recordCopyEndings(wall: Instant) {
        let endings = self.world.rds.copyEndings
        guard !endings.isEmpty else { return }
        self.world.rds.copyEndings = []
        for ending in endings {
            let place = ending.target.place
            let parameter = place.kind.snapshotParameter
            let source = RDSARN(ending.source, resource: place.kind.snapshotResource).description
            self.journal.append(
                Journal.Entry(
                    requestID: "",
                    wall: wall,
                    time: ending.time,
                    service: "local",
                    operation: "CopyEnded",
                    region: place.region,
                    account: place.account,
                    parameters: [
                        "Target\(parameter)": .string(ending.target.identifier), "Source\(parameter)": .string(source),
                    ],
                    outcome: ending.status
                )
            )
        }
    }
}
