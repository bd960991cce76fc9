// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("The table of failures")
struct FailureTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: FailureTable.Operation
        let kind: SnapshotKind?
        let code: String?
        let message: String
        let expected: FailureClass
        let errorCode: AWSError.Code

        var testDescription: String { "\(self.operation) \(self.code ?? "no code"): \(self.message)" }

        init(
            _ operation: FailureTable.Operation,
            _ code: String?,
            _ message: String = "",
            _ expected: FailureClass,
            kind: SnapshotKind? = .instance,
            error: AWSError.Code = .rejected
        ) {
            self.operation = operation
            self.kind = kind
            self.code = code
            self.message = message
            self.expected = expected
            self.errorCode = error
        }
    }

    private static let key =
        "[arn:aws:kms:us-east-1:1:key/2] does not exist, is not enabled or you do not have permissions"

    @Test(
        "knows what RDS answers",
        arguments: [
            // Declared, both spellings.
            Row(.copy, "DBSnapshotAlreadyExists", "", .alreadyExists),
            Row(.copy, "DBSnapshotAlreadyExistsFault", "", .alreadyExists),
            Row(.copy, "DBClusterSnapshotAlreadyExistsFault", "", .alreadyExists, kind: .cluster),
            Row(.copy, "DBClusterSnapshotAlreadyExists", "", .alreadyExists, kind: .cluster),
            Row(.copy, "DBSnapshotNotFound", "", .sourceGone),
            Row(.copy, "DBSnapshotNotFoundFault", "", .sourceGone),
            Row(.describeSource, "DBClusterSnapshotNotFoundFault", "", .sourceGone, kind: .cluster),
            Row(.describeTarget, "DBSnapshotNotFound", "", .copyFailed),
            Row(.deleteTarget, "DBClusterSnapshotNotFoundFault", "", .copyFailed, kind: .cluster),
            Row(.copy, "InvalidDBSnapshotState", "The state doesn't allow deletion.", .notReady),
            Row(.copy, "InvalidDBClusterSnapshotStateFault", "", .notReady, kind: .cluster),
            Row(.copy, "InvalidDBClusterStateFault", "", .notReady, kind: .cluster),
            Row(.copy, "KMSKeyNotAccessibleFault", "The source snapshot KMS key " + key, .configuration(.kmsKey)),
            Row(.copy, "KMSKeyNotAccessibleFault", "The target KMS key [None] does not exist", .configuration(.kmsKey)),
            Row(.copy, "OptionGroupNotFoundFault", "", .configuration(.optionGroup)),
            Row(.copy, "CustomAvailabilityZoneNotFound", "", .configuration(.invalidParameter)),
            Row(.describeHop, "DBSnapshotNotFound", "", .copyFailed), Row(.tidy, "DBSnapshotNotFound", "", .copyFailed),
            Row(.makeHop, "DBSnapshotNotFound", "", .sourceGone), Row(.share, "DBSnapshotNotFound", "", .sourceGone),
            Row(.share, "SharedSnapshotQuotaExceeded", "", .configuration(.notShareable)),
            Row(
                .share,
                "InvalidParameterCombination",
                "Snapshots encrypted with the default RDS encryption key can't be shared.",
                .configuration(.notShareable)
            ),
            Row(.share, "KMSKeyNotAccessibleFault", "The source snapshot KMS key " + key, .configuration(.kmsKey)),
            Row(.inspect, "AccessDeniedException", "kms:DescribeKey", .configuration(.accessDenied)),
            Row(.inspect, "KMSInternalException", "", .unavailable),
            Row(.makeHop, "ThrottlingException", "", .throttled),
            // Undeclared, told apart by their texts.
            Row(
                .copy,
                "InvalidParameterValue",
                "Must specify new KMS key for cross region encrypted snapshot copy.",
                .configuration(.kmsKey)
            ),
            Row(
                .copy,
                "InvalidParameterValue",
                #"Tag keys cannot start with the reserved prefix "aws:"."#,
                .configuration(.reservedTag)
            ),
            Row(
                .copy,
                "InvalidParameterValue",
                "PreSignedUrl could not be authenticated.",
                .configuration(.presignedURL)
            ),
            Row(
                .copy,
                "InvalidParameterCombination",
                "The snapshot requires a target option group with the following options: OEM",
                .configuration(.optionGroup)
            ),
            Row(
                .copy,
                "InvalidParameterValue",
                "The parameter TargetDBSnapshotIdentifier is not a valid identifier.",
                .configuration(.invalidParameter)
            ),
            Row(
                .copy,
                "AccessDenied",
                "User: x is not authorized to perform: rds:AddTagsToResource",
                .configuration(.accessDenied)
            ),
            Row(.describeSource, "AccessDeniedException", "", .configuration(.accessDenied)),
            Row(.copy, "SomethingNew", "What is this?", .ours),
        ]
    )
    func rds(row: Row) { self.check(row) }

    @Test(
        "tells the two meanings of the quota's code apart",
        arguments: [
            Row(
                .copy,
                "SnapshotQuotaExceeded",
                "Cannot copy more than 5 snapshots across regions",
                .quotaConcurrent(limit: 5)
            ),
            Row(
                .copy,
                "SnapshotQuotaExceeded",
                "CANNOT COPY MORE THAN 20 snapshots",
                .quotaConcurrent(limit: 20),
                kind: .cluster
            ),
            Row(.copy, "SnapshotQuotaExceededFault", "too many across regions", .quotaConcurrent(limit: nil)),
            Row(
                .copy,
                "SnapshotQuotaExceeded",
                "Cannot copy more than 99999999999999999999 snapshots",
                .quotaConcurrent(limit: nil)
            ),
            Row(.copy, "SnapshotQuotaExceeded", "Cannot copy more than 0 snapshots", .quotaConcurrent(limit: nil)),
            Row(.copy, "SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots", .quotaSnapshots),
            Row(
                .copy,
                "SnapshotQuotaExceeded",
                "The request cannot be processed because it would exceed the maximum number of snapshots.",
                .quotaUnknown
            ),
            Row(.copy, "SnapshotQuotaExceeded", "", .quotaUnknown),
            Row(
                .copy,
                "ResourceLimitExceeded",
                "Too many snapshot copies in progress. The limit is 5 for this destination region.",
                .quotaConcurrent(limit: 5)
            ),
        ]
    )
    func quotas(row: Row) { self.check(row) }

    @Test(
        "knows the three texts of a lost lease, and what else SQS answers",
        arguments: [
            Row(
                .extend,
                "InvalidParameterValue",
                "Value x for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for "
                    + "visibility timeout change.",
                .lostLease
            ),
            Row(.delete, "InvalidParameterValue", "… Reason: The receipt handle has expired.", .lostLease),
            Row(
                .extend,
                "InvalidParameterValue",
                "… VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit "
                    + "[43200 seconds]",
                .lostLease
            ),
            Row(.extend, "MessageNotInflight", "", .lostLease),
            Row(.extend, "AWS.SimpleQueueService.MessageNotInflight", "", .lostLease),
            Row(.delete, "ReceiptHandleIsInvalid", "", .lostLease),
            Row(.delete, "com.amazonaws.sqs#ReceiptHandleIsInvalid", "", .lostLease),
            Row(.extend, "InvalidParameterValue", "Something else", .ours),
            Row(.receive, "QueueDoesNotExist", "", .unavailable),
            Row(.receive, "AWS.SimpleQueueService.NonExistentQueue", "", .unavailable),
            Row(.receive, "AccessDenied", "", .unavailable), Row(.receive, "KmsDisabled", "", .unavailable),
            Row(.receive, "KMS.DisabledException", "", .unavailable), Row(.receive, "OverLimit", "", .throttled),
            Row(.send, "KmsThrottled", "", .throttled), Row(.send, "KMS.ThrottlingException", "", .throttled),
            Row(.send, "InvalidMessageContents", "", .ours), Row(.send, "BatchRequestTooLong", "", .ours),
        ]
    )
    func queue(row: Row) { self.check(row) }

    @Test(
        "knows what any service may answer",
        arguments: [
            Row(.copy, "Throttling", "Rate exceeded", .throttled),
            Row(.describeTarget, "ThrottlingException", "Rate exceeded", .throttled),
            Row(.copy, "RequestLimitExceeded", "", .throttled), Row(.receive, "RequestThrottled", "", .throttled),
            Row(.copy, nil, "", .throttled, error: .throttled),
            Row(.copy, "ExpiredToken", "The security token included in the request is expired", .expiredCredentials),
            Row(.receive, "ExpiredTokenException", "", .expiredCredentials),
            Row(.copy, nil, "", .expiredCredentials, error: .expiredCredentials),
            Row(.copy, "InvalidClientTokenId", "", .unavailable), Row(.copy, "SignatureDoesNotMatch", "", .unavailable),
            Row(.copy, "InternalFailure", "", .unavailable, error: .unavailable),
            Row(.copy, "InternalFailure", "", .unavailable), Row(.copy, nil, "", .unavailable, error: .timedOut),
            Row(.copy, nil, "<html>", .unavailable, error: .malformedAnswer),
            Row(.copy, nil, "", .unavailable, error: .noCredentials),
            Row(.copy, nil, "", .unavailable, error: .configuration),
            Row(.copy, "Throttling", "", .cancelled, error: .cancelled), Row(.copy, "", "", .ours),
            Row(.copy, "#", "", .ours), Row(.copy, "....", "", .ours), Row(.copy, "Fault", "", .ours),
        ]
    )
    func anyService(row: Row) { self.check(row) }

    private func check(_ row: Row) {
        let failure = FailureTable.classify(
            operation: row.operation,
            kind: row.kind,
            code: row.code,
            message: row.message,
            errorCode: row.errorCode
        )
        #expect(failure.class == row.expected)
        #expect(failure.remedy.hasSuffix("."))
        switch row.expected {
        case .configuration(let reason): #expect(failure.reason == reason)
        case .sourceGone: #expect(failure.reason == .sourceGone)
        default: #expect(failure.reason == nil)
        }
    }

    @Test("has another remedy for the source's key than for the destination's")
    func keys() {
        func remedy(_ message: String) -> String {
            FailureTable.classify(
                operation: .copy,
                error: AWSError(.rejected, serviceCode: "KMSKeyNotAccessibleFault", message: message)
            ).remedy
        }
        #expect(remedy("The source snapshot KMS key " + Self.key).contains("source's key"))
        #expect(remedy("The target KMS key [None] does not exist").contains("kmsKey of the destination"))
    }

    @Test("names classes and reasons without anything that varies")
    func labels() {
        #expect(FailureClass.quotaConcurrent(limit: 5).description == "quota-concurrent")
        #expect(FailureClass.configuration(.kmsKey).description == "configuration")
        for reason in DeadLetterReason.allCases {
            #expect(reason.description.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "-") })
            #expect(reason.remedy.count > 20)
        }
    }
}
