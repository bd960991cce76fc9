// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import LocalAWS

/// Where the fleet's queues are.
enum Place {
    static let queueName = "snapferry-jobs"
    static let deadLetterName = "snapferry-dead"
    static let queueARN = "arn:aws:sqs:\(Scenario.home):\(Scenario.account):\(queueName)"
    static let deadLetterARN = "arn:aws:sqs:\(Scenario.home):\(Scenario.account):\(deadLetterName)"
    /// The bus that other Regions send their events to.
    static let busARN = "arn:aws:events:\(Scenario.home):\(Scenario.account):event-bus/default"
    static let queueURL = "https://sqs.\(Scenario.home).amazonaws.com/\(Scenario.account)/\(queueName)"
    static let deadLetterURL = "https://sqs.\(Scenario.home).amazonaws.com/\(Scenario.account)/\(deadLetterName)"

    static let table = "snapferry-slots"

    static func caller(_ name: String) -> ModelCaller {
        ModelCaller(account: Scenario.account, arn: "arn:aws:iam::\(Scenario.account):user/\(name)")
    }
}
