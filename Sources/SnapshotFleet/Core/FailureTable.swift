// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// What a failed call means.
package struct Failure: Hashable, Sendable {
    package let `class`: FailureClass
    /// Why the job goes to the dead-letter queue, when it does; `nil` for what is retried or waited for.
    package let reason: DeadLetterReason?
    /// What an operator can do about it, in one sentence.
    package let remedy: String
}

/// The one table of what can go wrong: service code and text on the left, what it means on the right.
///
/// The two kinds of snapshots spell their codes differently (`DBSnapshotNotFound`, `DBClusterSnapshotNotFoundFault`), and
/// some codes have two meanings that only the text tells apart. Nobody else looks at codes or texts.
package enum FailureTable {
    /// What was tried.
    package enum Operation: String, Hashable, Sendable, CaseIterable {
        /// `CopyDBSnapshot`, `CopyDBClusterSnapshot`.
        case copy
        case describeSource, describeTarget, deleteTarget
        /// In the source's account, so that another one can copy: RDS's attributes of snapshots, and KMS.
        case inspect, share, makeHop, describeHop, tidy
        /// Of the job queue.
        case receive, extend, delete, send

        fileprivate var isOfQueue: Bool { [.receive, .extend, .delete, .send].contains(self) }
    }

    /// Classifies a failed call.
    ///
    /// - Parameters:
    ///   - operation: What was tried.
    ///   - kind: The kind of snapshot; `nil` where there is none, as for the queue.
    ///   - code: The service's own code; `nil` when no answer arrived.
    ///   - message: The service's own text.
    ///   - errorCode: What the client makes of it.
    /// - Returns: What it means, whatever the arguments are.
    package static func classify(
        operation: Operation,
        kind: SnapshotKind? = nil,
        code: String?,
        message: String,
        errorCode: AWSError.Code
    ) -> Failure {
        let text = message.prefix(4000).lowercased()
        let code = Self.normalized(code ?? "")
        if errorCode == .cancelled { return .init(.cancelled, "The worker gave the call up, as when it shuts down.") }
        if let failure = Self.ofAnyService(code: code, text: text, errorCode: errorCode) { return failure }
        return operation.isOfQueue
            ? Self.ofQueue(operation, code: code, text: text)
            : Self.ofRDS(operation, kind: kind, code: code, text: text)
    }

    /// Classifies a failed call.
    package static func classify(operation: Operation, kind: SnapshotKind? = nil, error: AWSError) -> Failure {
        self.classify(
            operation: operation,
            kind: kind,
            code: error.serviceCode,
            message: error.message,
            errorCode: error.code
        )
    }

    /// The code without the namespace and the ending that only some services and some shapes give it.
    private static func normalized(_ code: String) -> String {
        var result = code.split(separator: "#").last.map(String.init) ?? ""
        if let dot = result.lastIndex(of: "."), !result.hasPrefix("KMS.") {
            result = String(result[result.index(after: dot)...])
        }
        for ending in ["Fault", "Exception"] where result.hasSuffix(ending) { result.removeLast(ending.count) }
        return result
    }

    // MARK: - Every service

    private static let throttles: Set<String> = [
        "Throttling", "Throttled", "RequestThrottled", "RequestLimitExceeded", "TooManyRequests",
        "ProvisionedThroughputExceeded", "BandwidthLimitExceeded", "LimitExceeded", "PriorRequestNotComplete",
        "SlowDown", "TransactionInProgress", "EC2Throttled", "KmsThrottled", "KMS.Throttling", "OverLimit",
    ]
    private static let expired: Set<String> = ["ExpiredToken", "RequestExpired", "TokenRefreshRequired"]
    private static let refused: Set<String> = [
        "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch", "IncompleteSignature",
        "MissingAuthenticationToken", "InvalidAccessKeyId", "AuthFailure", "InvalidSignature", "InvalidSecurity",
    ]
    private static let outages: Set<String> = [
        "InternalFailure", "InternalError", "InternalServerError", "InternalService", "ServiceUnavailable",
        "RequestTimeout", "DependencyTimeout", "KMSInternal",
    ]

    private static func ofAnyService(code: String, text: String, errorCode: AWSError.Code) -> Failure? {
        if errorCode == .throttled || Self.throttles.contains(code) {
            return .init(.throttled, "AWS asks for fewer requests; run fewer workers or ask for a higher rate.")
        }
        if errorCode == .expiredCredentials || Self.expired.contains(code) {
            return .init(.expiredCredentials, "See that whatever renews the worker's credentials still does.")
        }
        if Self.refused.contains(code) {
            return .init(.unavailable, "AWS does not accept the worker's credentials; correct them, or its clock.")
        }
        switch errorCode {
        case .noCredentials:
            return .init(.unavailable, "Give the worker credentials.")
        case .configuration:
            return .init(.unavailable, "Correct the worker's configuration; the message says what is wrong.")
        case .timedOut, .unavailable, .malformedAnswer:
            return .init(
                .unavailable,
                "AWS or the network fails; look at the service's health and the worker's network."
            )
        default:
            guard Self.outages.contains(code) else { return nil }
            return .init(.unavailable, "AWS fails; look at the service's health.")
        }
    }

    /// Whether a call failed because there were no credentials, or none that AWS accepts.
    package static func concernsCredentials(_ error: AWSError) -> Bool {
        let code = Self.normalized(error.serviceCode ?? "")
        return error.isForWantOfCredentials || error.code == .noCredentials || error.code == .expiredCredentials
            || Self.expired.contains(code)
            || Self.refused.contains(code)
    }

    private static let denials: Set<String> = [
        "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "OptInRequired", "AuthorizationError",
    ]

    // MARK: - RDS

    private static func ofRDS(_ operation: Operation, kind: SnapshotKind?, code: String, text: String) -> Failure {
        if Self.denials.contains(code) { return .permanent(.accessDenied) }
        switch code {
        case "SnapshotQuotaExceeded", "DBClusterSnapshotQuotaExceeded", "ResourceLimitExceeded":
            return Self.quota(text, kind: kind)
        case "DBSnapshotAlreadyExists", "DBClusterSnapshotAlreadyExists":
            return .init(.alreadyExists, "The copy may be there already; it is adopted if it is ours.")
        case "DBSnapshotNotFound", "DBClusterSnapshotNotFound":
            switch operation {
            case .describeTarget, .deleteTarget, .describeHop, .tidy:
                return .init(.copyFailed, "The copy was deleted or cancelled.")
            default: return .init(.sourceGone, .sourceGone)
            }
        case "InvalidDBSnapshotState", "InvalidDBClusterSnapshotState", "InvalidDBClusterState":
            return .init(.notReady, "Wait until the snapshot's status allows it.")
        case "KMSKeyNotAccessible":
            // RDS names the key that it means; each has a remedy of its own.
            guard text.contains("source snapshot kms key") else { return .permanent(.kmsKey) }
            return .permanent(
                .kmsKey,
                "Let the role use the source's key (kms:CreateGrant, kms:DescribeKey) and see that it is enabled; "
                    + "across accounts, its key policy has to name the destination's; then replay."
            )
        case "OptionGroupNotFound": return .permanent(.optionGroup)
        case "SharedSnapshotQuotaExceeded": return .permanent(.notShareable)
        case "InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter", "MissingParameter",
            "ValidationError", "CustomAvailabilityZoneNotFound", "InvalidAction", "InvalidQueryParameter",
            "MalformedQueryString":
            return operation == .share ? .permanent(.notShareable) : Self.parameter(text)
        case "UnsupportedOperation", "InvalidOperation", "OperationNotPermitted":
            return .permanent(.unsupported)
        default:
            return .init(.ours, "The fleet does not know this answer of RDS; please report it with its code and text.")
        }
    }

    /// Tells the quotas apart that share a code.
    private static func quota(_ text: String, kind: SnapshotKind?) -> Failure {
        if text.contains("manual snapshot") || text.contains("manual cluster snapshot")
            || text.contains("manual db cluster snapshot") || text.contains("create more than")
        {
            let name = kind == .cluster ? "manual cluster snapshots" : "manual snapshots"
            return .init(
                .quotaSnapshots,
                "Delete old copies at the destination, or ask AWS to raise its quota of \(name)."
            )
        }
        if text.contains("across region") || text.contains("copy more than") || text.contains("copies in progress") {
            let limit = Self.number(after: "more than ", in: text) ?? Self.number(after: "limit is ", in: text)
            return .init(.quotaConcurrent(limit: limit), "Nothing to do: the job waits for a slot.")
        }
        return .init(.quotaUnknown, "RDS names a quota the fleet does not know; its message says which one to raise.")
    }

    /// The number that follows a phrase; `nil` when none does, or none that could be a limit.
    private static func number(after phrase: String, in text: String) -> Int? {
        guard let range = text.firstRange(of: phrase) else { return nil }
        let digits = text[range.upperBound...].prefix { $0.isASCII && $0.isNumber }
        return Int(digits).flatMap { (1...100_000).contains($0) ? $0 : nil }
    }

    /// Tells apart what RDS means by an invalid parameter; only the text does.
    private static func parameter(_ text: String) -> Failure {
        if text.contains("presignedurl") || text.contains("pre-signed url") { return .permanent(.presignedURL) }
        if text.contains("reserved prefix") { return .permanent(.reservedTag) }
        if text.contains("option group") { return .permanent(.optionGroup) }
        if text.contains("kms") { return .permanent(.kmsKey) }
        return .permanent(.invalidParameter)
    }

    // MARK: - SQS

    private static func ofQueue(_ operation: Operation, code: String, text: String) -> Failure {
        if Self.denials.contains(code) {
            return .init(.unavailable, "Allow the worker's role the action on the queue that the message names.")
        }
        switch code {
        case "MessageNotInflight", "ReceiptHandleIsInvalid":
            return .lostLease
        case "InvalidParameterValue", "InvalidAttributeValue":
            let isLost = [
                "not available for visibility timeout change", "message does not exist", "receipt handle has expired",
                "total visibilitytimeout",
            ].contains { text.contains($0) }
            return isLost ? .lostLease : .init(.ours, "A bug: the worker sent SQS something invalid; please report it.")
        case "QueueDoesNotExist", "NonExistentQueue", "InvalidAddress", "QueueDeletedRecently":
            return .init(.unavailable, "Correct the queue's URL, or create the queue.")
        default:
            if code.hasPrefix("Kms") || code.hasPrefix("KMS.") {
                return .init(.unavailable, "Let the worker's role use the key that encrypts the queue, and enable it.")
            }
            return .init(.ours, "The fleet does not know this answer of SQS; please report it with its code and text.")
        }
    }
}

extension Failure {
    fileprivate static let lostLease = Failure(.lostLease, "Nothing to do: another worker has the message.")

    fileprivate init(_ class: FailureClass, _ remedy: String) {
        self.init(class: `class`, reason: nil, remedy: remedy)
    }

    fileprivate init(_ class: FailureClass, _ reason: DeadLetterReason) {
        self.init(class: `class`, reason: reason, remedy: reason.remedy)
    }

    fileprivate static func permanent(_ reason: DeadLetterReason, _ remedy: String? = nil) -> Failure {
        Failure(class: .configuration(reason), reason: reason, remedy: remedy ?? reason.remedy)
    }
}
