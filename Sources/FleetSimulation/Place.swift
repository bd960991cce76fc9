// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import LocalAWS

/// Where the fleet's queues are.
enum Place {
    static let queueName = "snapferry-jobs"
    static let deadLetterName = "snapferry-dead"
    static let queueARN = "arn:aws:sqs:\(Scenario.home):\(Scenario.account):\(queueName)"
    static let deadLetterARN = "arn:aws:sqs:\(Scenario.home):\(Scenario.account):\(deadLetterName)"
    static let queueURL = "https://sqs.\(Scenario.home).amazonaws.com/\(Scenario.account)/\(queueName)"
    static let deadLetterURL = "https://sqs.\(Scenario.home).amazonaws.com/\(Scenario.account)/\(deadLetterName)"

    static let table = "snapferry-slots"

    static func caller(_ name: String) -> ModelCaller {
        ModelCaller(account: Scenario.account, arn: "arn:aws:iam::\(Scenario.account):user/\(name)")
    }
}
