// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// SQS: messages, their visibility, and queues.
///
/// Source: botocore, `sqs/2012-11-05`, JSON protocol 1.0.
package struct SQSClient: Sendable {
    let caller: ServiceCaller

    /// Makes a client that calls through `caller`.
    package init(_ caller: ServiceCaller) { self.caller = caller }

    func call<Output: Sendable>(
        _ operation: String,
        _ document: [String: JSONValue?],
        timeout: Duration = .seconds(30),
        attempts: Int? = nil,
        decode: (JSONValue) throws(AWSError) -> Output
    ) async throws(AWSError) -> Output {
        let body = ServiceCall.Body.json(.compact(document), target: "AmazonSQS.\(operation)", version: "1.0")
        let call = ServiceCall(operation: operation, body: body, timeout: timeout, attempts: attempts)
        return try await self.caller.json(call, decode: decode)
    }
}

/// What a queue's URL tells.
package enum QueueURL {
    /// The Region that a queue is in, by the host of its URL; `nil` for hosts that name none, such as an emulator's.
    ///
    /// The host never says where requests go: an endpoint given by hand wins over it.
    package static func region(of url: String) -> String? {
        guard let host = URLParts(url)?.host else { return nil }
        let labels = host.split(separator: ".").map { String($0) }
        let candidate: String?
        if labels.count > 3, labels[0] == "sqs" || labels[0] == "sqs-fips" {
            candidate = labels[1]
        } else if labels.count > 3, labels[1] == "queue" {
            candidate = labels[0]
        } else {
            candidate = nil
        }
        // vpce-….sqs.eu-west-1.vpce.amazonaws.com
        let behindService = labels.firstIndex(of: "sqs").map { labels.index(after: $0) }
        let vpcEndpoint = behindService.flatMap { $0 < labels.count && labels.contains("vpce") ? labels[$0] : nil }
        return [candidate, vpcEndpoint].compactMap(\.self).first { $0.split(separator: "-").count >= 3 }
    }

    /// The queue's name, which ends its URL; `nil` when there is none.
    package static func name(of url: String) -> String? {
        URLParts(url)?.path.split(separator: "/").last.map { String($0) }
    }
}
