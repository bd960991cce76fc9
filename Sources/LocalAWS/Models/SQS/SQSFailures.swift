// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension ModelFailure {
    /// A refusal whose code had a longer name in the old query protocol.
    static func sqs(_ code: String, _ message: String, status: Int = 400) -> ModelFailure {
        ModelFailure(code, message, status: status, queryCode: "AWS.SimpleQueueService.\(code)")
    }

    static var sqsNoQueue: ModelFailure {
        ModelFailure(
            "QueueDoesNotExist",
            "The specified queue does not exist.",
            queryCode: "AWS.SimpleQueueService.NonExistentQueue"
        )
    }

    static func sqsMissing(_ parameter: String) -> ModelFailure {
        ModelFailure("MissingParameter", "The request must contain the parameter \(parameter).")
    }

    static func sqsAttributeValue(_ name: String) -> ModelFailure {
        ModelFailure("InvalidAttributeValue", "Invalid value for the parameter \(name).")
    }

    static func sqsParameter(_ name: String, _ value: String, _ reason: String) -> ModelFailure {
        ModelFailure("InvalidParameterValue", "Value \(value) for parameter \(name) is invalid. Reason: \(reason)")
    }

    static func sqsInvalid(_ message: String) -> ModelFailure {
        ModelFailure("InvalidParameterValue", message)
    }
}
