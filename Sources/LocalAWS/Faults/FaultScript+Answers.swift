// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient

extension FaultScript.Fault {
    /// What the client gets instead of an answer of the model's; `nil` for faults that are no answers.
    package func answer(to request: DecodedRequest, requestID: String) -> (answer: OutgoingAnswer, code: String)? {
        let failure: ModelFailure
        switch self {
        case .http(let status, let hasPage):
            let page =
                "<html><head><title>\(status)</title></head><body><center><h1>\(status)</h1></center></body></html>\n"
            let answer = OutgoingAnswer(
                status: status,
                headers: hasPage ? [("Content-Type", "text/html")] : [],
                body: hasPage ? Array(page.utf8) : []
            )
            return (answer, "HTTP\(status)")
        case .throttle: failure = Self.throttling(by: request.service)
        case .error(let code, let message, let status): failure = ModelFailure(code, message, status: status)
        case .expiredCredentials: failure = SignatureProblem.expiredSession.failure(of: request)
        case .latency, .resetBefore, .resetAfter, .truncate, .clockSkew, .duplicate: return nil
        }
        let answer = AnswerEncoder.refusal(failure, by: request.service, in: request.language, requestID: requestID)
        return (answer, failure.code)
    }

    private static func throttling(by service: ServiceName) -> ModelFailure {
        switch service {
        case .sqs: ModelFailure("RequestThrottled", "Request is throttled.")
        case .dynamodb:
            ModelFailure(
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded. "
                    + "Consider increasing your provisioning level with the UpdateTable API."
            )
        case .sns: ModelFailure("Throttled", "Rate exceeded", status: 429)
        case .rds, .sts, .monitoring: ModelFailure("Throttling", "Rate exceeded")
        case .kms, .events: ModelFailure("ThrottlingException", "Rate exceeded")
        }
    }
}
