// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

extension World {
    /// How long a receive may wait, in the world's time; zero for every other request.
    package func longPollWait(of request: ModelRequest) -> Duration {
        guard request.service == .sqs, request.operation == "ReceiveMessage" else { return .zero }
        let asked = request.parameters["WaitTimeSeconds"]?.lenientInt
        return .seconds(asked ?? self.sqs.queue(of: request)?.settings.receiveWait ?? 0)
    }

    /// When a message that a receive waits for comes out of hiding; `nil` when none is hidden.
    package func nextVisibility(for request: ModelRequest, after now: Instant) -> Instant? {
        self.sqs.queue(of: request)?.nextVisibility.map { max($0, now) }
    }
}

extension SQSModel {
    /// The queue whose URL a request carries, in the request's Region; `nil` when there is none.
    fileprivate func queue(of request: ModelRequest) -> SQSQueue? {
        let url = request.parameters["QueueUrl"]?.string ?? ""
        guard let name = url.split(separator: "/").last else { return nil }
        return self.queues[Self.arn(account: request.caller.account, region: request.region, name: String(name))]
    }
}
