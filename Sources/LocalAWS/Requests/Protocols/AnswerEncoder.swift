// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// Writes results and refusals in the language of the request.
package enum AnswerEncoder {
    /// Writes what an operation gave.
    ///
    /// - Parameters:
    ///   - result: The result's members; `null` for an operation that gives none.
    ///   - request: What was asked.
    ///   - requestID: Goes into the answer's header and, in XML, into its metadata.
    /// - Returns: The answer, without a date.
    package static func answer(_ result: JSONValue, to request: DecodedRequest, requestID: String) -> OutgoingAnswer {
        switch request.language {
        case .json(let version, _):
            // KMS and EventBridge leave the body empty where there is no result; a client takes an empty object as well.
            let document = result == .null ? JSONValue.object([:]) : result
            return self.json(200, document, service: request.service, version: version, requestID: requestID)
        case .query:
            let name = request.operation + "Result"
            var children: [XMLElement] = []
            if request.service == .sqs {
                let elements = SQSQueryDialect.elements(of: result, operation: request.operation)
                children = result == .null ? [] : [XMLElement(name, children: elements)]
            } else if let members = result.object, !members.isEmpty {
                children = [XMLElement(name, result, lists: request.service == .rds ? .byTable : .members)]
            }
            children.append(XMLElement("ResponseMetadata", ["RequestId": .string(requestID)], lists: .members))
            let root = XMLElement(
                request.operation + "Response",
                namespace: request.service.namespace,
                children: children
            )
            return self.xml(200, root, requestID: requestID)
        }
    }

    /// Writes a refusal.
    ///
    /// - Parameters:
    ///   - failure: The refusal.
    ///   - service: Who refuses; `nil` where that never became clear.
    ///   - language: How the request spoke.
    ///   - requestID: Goes into the answer.
    /// - Returns: The answer, without a date.
    package static func refusal(
        _ failure: ModelFailure,
        by service: ServiceName?,
        in language: WireProtocol,
        requestID: String
    ) -> OutgoingAnswer {
        let isSender = failure.status < 500
        switch language {
        case .json(let version, let wantsQueryErrors):
            var members = failure.details
            members["__type"] = .string(self.type(of: failure.code, service: service))
            members["message"] = .string(failure.message)
            // Clients in Java look for the capital spelling here, and botocore takes either.
            if failure.code == "ConditionalCheckFailedException" { members["Message"] = .string(failure.message) }
            var answer = self.json(
                failure.status,
                .object(members),
                service: service,
                version: version,
                requestID: requestID
            )
            if service == .sqs, wantsQueryErrors {
                let code = failure.queryCode ?? failure.code
                answer.headers.append(("x-amzn-query-error", "\(code);\(isSender ? "Sender" : "Receiver")"))
            }
            return answer
        case .query:
            var error: [String: JSONValue] = failure.details
            error["Type"] = isSender ? "Sender" : "Receiver"
            error["Code"] = .string(failure.queryCode ?? failure.code)
            error["Message"] = .string(failure.message)
            let root = XMLElement(
                "ErrorResponse",
                namespace: (service ?? .rds).namespace,
                children: [
                    XMLElement("Error", .object(error), lists: .members),
                    XMLElement("RequestId", .string(requestID), lists: .members),
                ]
            )
            return self.xml(failure.status, root, requestID: requestID)
        }
    }

    /// The shape's name as the service qualifies it.
    private static func type(of code: String, service: ServiceName?) -> String {
        switch service {
        case .sqs: "com.amazonaws.sqs#\(code)"
        case .dynamodb:
            switch code {
            case "ValidationException": "com.amazon.coral.validate#\(code)"
            case "SerializationException", "UnknownOperationException", "UnrecognizedClientException",
                "InvalidSignatureException", "MissingAuthenticationTokenException", "ExpiredTokenException":
                "com.amazon.coral.service#\(code)"
            default: "com.amazonaws.dynamodb.v20120810#\(code)"
            }
        default: code
        }
    }

    private static func json(
        _ status: Int,
        _ document: JSONValue,
        service: ServiceName?,
        version: String,
        requestID: String
    ) -> OutgoingAnswer {
        let body = document.serialized()
        var headers = [("x-amzn-RequestId", requestID), ("Content-Type", "application/x-amz-json-\(version)")]
        if service == .dynamodb { headers.append(("x-amz-crc32", String(CRC32.checksum(of: body)))) }
        return OutgoingAnswer(status: status, headers: headers, body: body)
    }

    private static func xml(_ status: Int, _ root: XMLElement, requestID: String) -> OutgoingAnswer {
        OutgoingAnswer(
            status: status,
            headers: [("x-amzn-RequestId", requestID), ("Content-Type", "text/xml")],
            body: root.document()
        )
    }
}
