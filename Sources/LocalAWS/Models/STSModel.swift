// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The AWS Security Token Service: sessions of roles, for as long as they last.
///
/// Roles that nobody declared may be assumed by everybody, so that a test needs no seed data, unless
/// ``allowsUndeclaredRoles`` is off. Keys are derived from a counter: they open nothing outside this process.
package struct STSModel: ServiceModel {
    /// A role that may be assumed.
    package struct Role: Hashable, Sendable {
        /// `arn:aws:iam::444455556666:role/dr`.
        package var arn: String
        /// Account numbers, ARNs of users and roles, or `*`, that may assume it; everybody when there are none.
        package var trusted: [String]
        /// What the caller has to present; `nil` when nothing.
        package var externalID: String?
        /// The longest session, in seconds; 3600 by default, as for a role of AWS's.
        package var maxSessionSeconds: Int

        package init(arn: String, trusted: [String] = [], externalID: String? = nil, maxSessionSeconds: Int = 3600) {
            self.arn = arn
            self.trusted = trusted
            self.externalID = externalID
            self.maxSessionSeconds = maxSessionSeconds
        }
    }

    /// Credentials that were given out.
    package struct Session: Hashable, Sendable {
        package let secretAccessKey: String
        package let token: String
        package let caller: ModelCaller
        /// In the world's time.
        package let expiration: Instant
    }

    /// Whether a role without a declaration can be assumed; on by default.
    package var allowsUndeclaredRoles = true
    /// The declared roles by ARN.
    package private(set) var roles: [String: Role] = [:]
    private var sessions: [String: Session] = [:]
    private var sessionsIssued: UInt64 = 0

    /// How long a session is remembered once it expired, so that its use is told apart from that of an unknown key.
    private static let memory = Duration.seconds(24 * 3600)

    package init() {}

    /// Nothing happens here without being asked: expiry shows when a session is used.
    package var nextChange: Instant? { nil }

    package mutating func advance(to now: Instant) -> [ModelEffect] {
        if self.sessions.count > 1000 {
            self.sessions = self.sessions.filter { $0.value.expiration + Self.memory > now }
        }
        return []
    }

    /// Declares a role.
    package mutating func declare(_ role: Role) {
        self.roles[role.arn] = role
    }

    /// The session that an access key belongs to, expired or not; `nil` for a key that never was given out.
    package func session(accessKeyID: String) -> Session? {
        self.sessions[accessKeyID]
    }

    package mutating func handle(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        switch request.operation {
        case "AssumeRole": return try self.assumeRole(request, at: now)
        case "AssumeRoleWithWebIdentity": return try self.assumeRoleWithWebIdentity(request, at: now)
        case "GetCallerIdentity":
            let userID = request.caller.arn.split(separator: "/").last.map(String.init) ?? request.caller.account
            return [
                "Account": .string(request.caller.account), "Arn": .string(request.caller.arn),
                "UserId": .string("AIDALOCAL:\(userID)"),
            ]
        case "GetSessionToken":
            let seconds = try Self.duration(of: request, default: 43_200, in: 900...129_600)
            return ["Credentials": self.issue(to: request.caller, for: seconds, at: now)]
        default:
            throw ModelFailure("InvalidAction", "Could not find operation \(request.operation) for version 2011-06-15")
        }
    }
}

// MARK: - Roles

extension STSModel {
    private mutating func assumeRole(_ request: ModelRequest, at now: Instant) throws(ModelFailure) -> JSONValue {
        let arn = try Self.text("RoleArn", in: request, 20...2048)
        let name = try Self.sessionName(in: request)
        let seconds = try Self.duration(of: request, default: 3600, in: 900...43_200)
        if request.caller.arn.contains(":assumed-role/"), seconds > 3600 {
            throw ModelFailure(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        }
        guard self.admits(request.caller, to: arn, externalID: request.parameters["ExternalId"]?.string) else {
            throw ModelFailure(
                "AccessDenied",
                "User: \(request.caller.arn) is not authorized to perform: sts:AssumeRole on resource: \(arn)",
                status: 403
            )
        }
        return try self.session(of: arn, named: name, seconds: seconds, at: now)
    }

    private func admits(_ caller: ModelCaller, to arn: String, externalID: String?) -> Bool {
        guard let role = self.roles[arn] else { return self.allowsUndeclaredRoles }
        if let wanted = role.externalID, wanted != externalID { return false }
        return role.trusted.isEmpty
            || role.trusted.contains { trusted in
                ["*", caller.account, caller.arn].contains(trusted)
                    || trusted.hasSuffix("::\(caller.account):root")
                    || Self.roleARN(ofSession: caller.arn) == trusted
            }
    }

    /// The role behind `arn:aws:sts::…:assumed-role/name/session`; `nil` for any other ARN.
    private static func roleARN(ofSession arn: String) -> String? {
        let fields = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[5].hasPrefix("assumed-role/") else { return nil }
        let parts = fields[5].split(separator: "/")
        guard parts.count == 3 else { return nil }
        return "arn:\(fields[1]):iam::\(fields[4]):role/\(parts[1])"
    }

    private mutating func assumeRoleWithWebIdentity(
        _ request: ModelRequest,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let arn = try Self.text("RoleArn", in: request, 20...2048)
        let name = try Self.sessionName(in: request)
        let token = try Self.text("WebIdentityToken", in: request, 4...20_000)
        let seconds = try Self.duration(of: request, default: 3600, in: 900...43_200)
        let claims = Self.claims(of: token)
        if let expiry = claims?["exp"]?.double, Instant(seconds: expiry) < now {
            throw ModelFailure(
                "ExpiredTokenException",
                "Token expired: current date/time must be before the expiration"
            )
        }
        guard self.roles[arn] != nil || self.allowsUndeclaredRoles else {
            throw ModelFailure(
                "AccessDenied",
                "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                status: 403
            )
        }
        guard case .object(var members) = try self.session(of: arn, named: name, seconds: seconds, at: now) else {
            return .null
        }
        members["SubjectFromWebIdentityToken"] = claims?["sub"] ?? "system:serviceaccount:local:local"
        members["Audience"] =
            claims?["aud"].flatMap { $0.string ?? $0.array?.first?.string }.map { .string($0) }
            ?? "sts.amazonaws.com"
        members["Provider"] = claims?["iss"] ?? "local"
        return .object(members)
    }

    /// The claims of a token that is a JSON Web Token; `nil` for any other text, which is taken as it is.
    private static func claims(of token: String) -> JSONValue? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64URL.decode(String(parts[1])) else { return nil }
        return try? JSONValue(parsing: bytes)
    }

    private mutating func session(
        of arn: String,
        named name: String,
        seconds: Int,
        at now: Instant
    ) throws(ModelFailure) -> JSONValue {
        let fields = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6, fields[0] == "arn", fields[2] == "iam", fields[4].count == 12,
            fields[5].hasPrefix("role/"), let role = fields[5].split(separator: "/").last
        else { throw ModelFailure("ValidationError", "\(arn) is invalid") }
        if let declared = self.roles[arn], seconds > declared.maxSessionSeconds {
            throw ModelFailure(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        }
        let session = "arn:\(fields[1]):sts::\(fields[4]):assumed-role/\(role)/\(name)"
        let credentials = self.issue(to: ModelCaller(account: fields[4], arn: session), for: seconds, at: now)
        let id = "AROALOCAL" + String(Digest.hex(Digest.sha256(Array(arn.utf8))).prefix(12)).uppercased()
        return [
            "Credentials": credentials,
            "AssumedRoleUser": ["Arn": .string(session), "AssumedRoleId": .string("\(id):\(name)")],
            "PackedPolicySize": 0,
        ]
    }

    private mutating func issue(to caller: ModelCaller, for seconds: Int, at now: Instant) -> JSONValue {
        self.sessionsIssued += 1
        let seed = "\(self.sessionsIssued)/\(caller.arn)/\(now.microseconds)"
        let digest = Digest.hex(Digest.sha256(Array(seed.utf8)))
        let number = String(self.sessionsIssued)
        let accessKeyID = "ASIALOCAL" + String(repeating: "0", count: max(0, 11 - number.count)) + number
        let session = Session(
            secretAccessKey: String(digest.prefix(40)),
            token: "local-session-" + digest,
            caller: caller,
            expiration: now + .seconds(seconds)
        )
        self.sessions[accessKeyID] = session
        return [
            "AccessKeyId": .string(accessKeyID), "SecretAccessKey": .string(session.secretAccessKey),
            "SessionToken": .string(session.token), "Expiration": .string(session.expiration.iso8601),
        ]
    }
}

// MARK: - Parameters

extension STSModel {
    private static func text(
        _ name: String,
        in request: ModelRequest,
        _ lengths: ClosedRange<Int>
    ) throws(ModelFailure) -> String {
        let member = (name.first?.lowercased() ?? "") + name.dropFirst()
        guard let text = request.parameters[name]?.string, !text.isEmpty else {
            throw Self.invalid("null", member, "Member must not be null")
        }
        guard lengths.contains(text.count) else {
            let bound = text.count < lengths.lowerBound ? "greater" : "less"
            let limit = text.count < lengths.lowerBound ? lengths.lowerBound : lengths.upperBound
            // A token's text stays out of the message: it is a secret.
            throw Self.invalid(
                name == "WebIdentityToken" ? "***" : text,
                member,
                "Member must have length \(bound) than or equal to \(limit)"
            )
        }
        return text
    }

    private static func sessionName(in request: ModelRequest) throws(ModelFailure) -> String {
        let name = try Self.text("RoleSessionName", in: request, 2...64)
        let isLegal = name.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "_+=,.@-".unicodeScalars.contains(scalar))
        }
        guard isLegal else {
            throw Self.invalid(
                name,
                "roleSessionName",
                #"Member must satisfy regular expression pattern: [\w+=,.@-]*"#
            )
        }
        return name
    }

    private static func duration(
        of request: ModelRequest,
        default standard: Int,
        in range: ClosedRange<Int>
    ) throws(ModelFailure) -> Int {
        guard let value = request.parameters["DurationSeconds"] else { return standard }
        guard let seconds = value.lenientInt else {
            throw ModelFailure("MalformedInput", "DurationSeconds is not a number")
        }
        guard range.contains(seconds) else {
            let bound = seconds < range.lowerBound ? "greater" : "less"
            let limit = seconds < range.lowerBound ? range.lowerBound : range.upperBound
            throw Self.invalid(
                String(seconds),
                "durationSeconds",
                "Member must have value \(bound) than or equal to \(limit)"
            )
        }
        return seconds
    }

    private static func invalid(_ value: String, _ member: String, _ constraint: String) -> ModelFailure {
        ModelFailure(
            "ValidationError",
            "1 validation error detected: Value '\(value)' at '\(member)' failed to satisfy constraint: \(constraint)"
        )
    }
}
