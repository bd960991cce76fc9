// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Why a message went to the dead-letter queue; the raw values are bounded and safe as a metric label.
package enum DeadLetterReason: String, Hashable, Sendable, CaseIterable {
    case malformed
    case foreignAccount = "foreign-account"
    case noRoute = "no-route"
    case sourceGone = "source-gone"
    case sourceFailed = "source-failed"
    case kmsKey = "kms-key"
    case accessDenied = "access-denied"
    case optionGroup = "option-group"
    case nameTaken = "name-taken"
    case reservedTag = "reserved-tag"
    case invalidParameter = "invalid-parameter"
    case unsupported
    case presignedURL = "presigned-url"
    case copyFailed = "copy-failed"
    case hopKey = "hop-key"
    case notShareable = "not-shareable"
}

extension DeadLetterReason: CustomStringConvertible {
    package var description: String { self.rawValue }

    /// What an operator can do about it, in one sentence.
    package var remedy: String {
        switch self {
        case .malformed:
            "Correct what sends this message, or drop it."
        case .foreignAccount:
            "Add the account and Region to the source of a route, or narrow the EventBridge rule that sends its events."
        case .noRoute:
            "Name a route and a destination that the policy has, or add them to it."
        case .sourceGone:
            "Check that the snapshot still exists and is shared with the destination's account; else drop the message."
        case .sourceFailed:
            "The source snapshot itself failed in RDS; take a new one and drop the message."
        case .kmsKey:
            "Set kmsKey of the destination to an enabled key of the destination's Region, and let the role use it "
                + "(kms:CreateGrant, kms:DescribeKey); where the message names the source's key, enable that, and let the "
                + "destination's account use it; then replay."
        case .accessDenied:
            "Allow the worker's role the action that the message names, on the source's and the target's ARN; "
                + "then replay."
        case .optionGroup:
            "Create a matching option group in the destination's Region, name it in optionGroups, and replay."
        case .nameTaken:
            "Another snapshot at the destination has the target's name; rename or delete it, then replay."
        case .reservedTag:
            "Remove the tag with the reserved prefix from the destination's tags, and replay."
        case .invalidParameter:
            "RDS refuses the request as it is; its message says which parameter. Correct the policy, and replay."
        case .unsupported:
            "RDS can't copy this snapshot to this destination; exclude it in the policy and drop the message."
        case .presignedURL:
            "Check the worker's clock and that its role may copy the snapshot in the source's Region; then replay."
        case .copyFailed:
            "RDS gave the copy up several times; look at the events of both Regions, then replay."
        case .hopKey:
            "Name a customer's key of the source's Region as hopKey of the route's source, let the destination's account "
                + "use it by its key policy, and replay."
        case .notShareable:
            "RDS refuses to share the snapshot with the destination's account, and its message says why; put that right "
                + "and replay, or exclude the snapshot in the policy and drop the message."
        }
    }
}
