// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// The two calls of STS that trade one proof of identity for temporary credentials.
///
/// They are made here and not by the service caller, since every call of that one needs credentials first.
package struct STSExchange: Sendable {
    private let transport: any HTTPTransport
    private let endpoint: Endpoint
    private let time: any TimeSource
    private let retries: RetryConfiguration
    /// What the client calls itself; `nil` leaves it to curl.
    private let userAgent: String?

    /// Makes an exchange at one Region's endpoint.
    package init(
        transport: any HTTPTransport,
        endpoint: Endpoint,
        time: any TimeSource,
        retries: RetryConfiguration = RetryConfiguration(),
        userAgent: String? = nil
    ) {
        self.transport = transport
        self.endpoint = endpoint
        self.time = time
        self.retries = retries
        self.userAgent = userAgent
    }

    /// Takes on a role with a token of an identity provider; the call is not signed.
    func assumeRoleWithWebIdentity(_ role: AssumedRole, token: String) async throws(AWSError) -> Credentials {
        var form = Self.form("AssumeRoleWithWebIdentity", role, at: self.time.now())
        form.add("WebIdentityToken", token)
        return try await self.exchange(form, role: role, signedWith: nil)
    }

    /// Takes on a role with credentials that may.
    func assumeRole(_ role: AssumedRole, signedWith credentials: Credentials) async throws(AWSError) -> Credentials {
        var form = Self.form("AssumeRole", role, at: self.time.now())
        form.add("ExternalId", role.externalID)
        return try await self.exchange(form, role: role, signedWith: credentials)
    }

    private static func form(_ action: String, _ role: AssumedRole, at now: Instant) -> QueryForm {
        var form = QueryForm(action: action, version: "2011-06-15")
        form.add("RoleArn", role.arn)
        form.add("RoleSessionName", role.sessionName ?? "snapferry-\(now.wholeSeconds)")
        form.add("DurationSeconds", Int(role.duration.components.seconds))
        return form
    }

    /// Calls until it works, or until repeating it makes no sense.
    private func exchange(
        _ form: QueryForm,
        role: AssumedRole,
        signedWith credentials: Credentials?
    ) async throws(AWSError) -> Credentials {
        var policy = RetryPolicy(self.retries)
        var skew = ClockSkew()
        var random = SystemRandomNumberGenerator()
        var attempt = 1
        while true {
            let response: HTTPResponse?
            let error: AWSError
            do throws(AWSError) {
                let answer = try await self.transport.send(self.request(form, credentials, skew))
                if answer.status == 200 {
                    return try Self.credentials(in: answer, role: role)
                }
                response = answer
                error = ServiceErrorParser.error(from: answer)
            } catch let failure {
                response = nil
                error = failure
            }
            if ClockSkew.isSuspect(error), attempt == 1,
                skew.correct(serverDate: response?.header("Date"), localTime: self.time.now())
            {
                attempt += 1
                continue
            }
            let delay = policy.retryDelay(after: Self.asRetryable(error), attempt: attempt, using: &random)
            guard let delay else { throw Self.described(error, role) }
            do { try await self.time.sleep(for: delay) } catch {
                throw AWSError(.cancelled, message: "cancelled while waiting to repeat a call to STS")
            }
            attempt += 1
        }
    }

    private func request(_ form: QueryForm, _ credentials: Credentials?, _ skew: ClockSkew) -> HTTPRequest {
        var request = HTTPRequest(
            method: "POST",
            url: "\(self.endpoint.url)/",
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Accept", "text/xml"),
            ],
            body: form.bytes
        )
        if let userAgent { request.headers.append(("User-Agent", userAgent)) }
        guard let credentials else { return request }
        let signer = RequestSigner(credentials: credentials, region: self.endpoint.signingRegion, service: "sts")
        signer.sign(&request, at: skew.corrected(self.time.now()))
        return request
    }

    private static func credentials(in response: HTTPResponse, role: AssumedRole) throws(AWSError) -> Credentials {
        let requestID = ServiceErrorParser.requestID(of: response)
        guard let root = try? XMLNode(parsing: response.body),
            let result = root.children.first(where: { $0.name.hasSuffix("Result") }),
            let credentials = result["Credentials"],
            let keyID = credentials.string("AccessKeyId").nonEmpty,
            let secret = credentials.string("SecretAccessKey").nonEmpty,
            let token = credentials.string("SessionToken").nonEmpty,
            let expiration = credentials.instant("Expiration")
        else {
            throw AWSError(
                .malformedAnswer,
                message: "STS answered without whole credentials",
                requestID: requestID,
                httpStatus: response.status
            )
        }
        return Credentials(
            accessKeyID: keyID,
            secretAccessKey: secret,
            sessionToken: token,
            expiration: expiration,
            accountID: role.accountID
        )
    }

    /// A provider's keys may not have reached STS yet when a pod has just started, so that refusal may pass.
    private static func asRetryable(_ error: AWSError) -> AWSError {
        guard ["InvalidIdentityToken", "IDPCommunicationError"].contains(error.serviceCode) else { return error }
        return AWSError(.unavailable, serviceCode: error.serviceCode, message: error.message)
    }

    /// Says which role could not be had.
    ///
    /// A refusal by STS is no refusal of the call that wanted credentials, so it gets another code; what may pass keeps
    /// its own.
    private static func described(_ error: AWSError, _ role: AssumedRole) -> AWSError {
        AWSError(
            error.code == .rejected ? .noCredentials : error.code,
            serviceCode: error.serviceCode,
            message: "cannot assume \(role.arn): \(error.message)",
            requestID: error.requestID,
            httpStatus: error.httpStatus
        )
    }
}
