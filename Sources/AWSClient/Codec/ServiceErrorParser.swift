// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

/// Makes an ``AWSError`` of whatever came instead of an answer.
///
/// Services answer errors in XML or JSON, in several layouts each; JSON services answer XML when the signature is
/// wrong, and a proxy answers HTML or nothing. None of it may break the client.
package enum ServiceErrorParser {
    private static let messageLimit = 1000

    /// Describes an answer that is no success.
    package static func error(from response: HTTPResponse) -> AWSError {
        let found = self.document(in: response.body)
        let legacyCode = response.header("x-amzn-query-error")?.split(separator: ";").first.map { String($0) }
        let rawCode = response.header("x-amzn-errortype") ?? found.code ?? legacyCode
        let serviceCode = rawCode.map { self.shapeName($0) }.flatMap { $0.isEmpty ? nil : $0 }
        let message = found.message ?? "HTTP \(response.status) with \(found.description)"
        return AWSError(
            self.code(for: serviceCode, status: response.status),
            serviceCode: serviceCode,
            message: String(message.prefix(self.messageLimit)),
            requestID: self.requestID(of: response) ?? found.requestID,
            httpStatus: response.status
        )
    }

    /// The request id that the headers of an answer carry; `nil` when they carry none.
    package static func requestID(of response: HTTPResponse) -> String? {
        response.header("x-amzn-requestid") ?? response.header("x-amz-request-id")
    }

    // MARK: - Codes

    /// The shape's own name for a code: `com.amazonaws.sqs#QueueDoesNotExist` and the legacy
    /// `AWS.SimpleQueueService.NonExistentQueue` are both `QueueDoesNotExist`.
    package static func shapeName(_ code: String) -> String {
        var name = code.prefix { $0 != ":" }.split(separator: "#").last.map { String($0).trimmingWhitespace() } ?? ""
        let prefix = "AWS.SimpleQueueService."
        while name.hasPrefix(prefix) { name = String(name.dropFirst(prefix.count)).trimmingWhitespace() }
        return self.legacyNames[name] ?? name
    }

    private static let legacyNames = [
        "NonExistentQueue": "QueueDoesNotExist",
        "QueueAlreadyExists": "QueueNameExists",
        "KMS.AccessDeniedException": "KmsAccessDenied",
        "KMS.DisabledException": "KmsDisabled",
        "KMS.InvalidKeyUsageException": "KmsInvalidKeyUsage",
        "KMS.InvalidStateException": "KmsInvalidState",
        "KMS.NotFoundException": "KmsNotFound",
        "KMS.OptInRequired": "KmsOptInRequired",
        "KMS.ThrottlingException": "KmsThrottled",
    ]

    /// Source: botocore, `retries/standard.py`; the last two are SQS's, which no SDK lists.
    private static let throttlingCodes: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
        "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException", "KmsThrottled", "OverLimit",
    ]

    /// Codes that heal by themselves although their HTTP status says otherwise.
    private static let transientCodes: Set<String> = [
        "RequestTimeout", "RequestTimeoutException", "IDPCommunicationError", "ReplicatedWriteConflictException",
        "DependencyTimeoutException", "KMSInternalException", "InternalFailure", "InternalError", "InternalServerError",
        "ServiceUnavailable",
    ]

    private static let expiryCodes: Set<String> = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"]

    private static func code(for serviceCode: String?, status: Int) -> AWSError.Code {
        if let serviceCode {
            if self.throttlingCodes.contains(serviceCode) { return .throttled }
            if self.expiryCodes.contains(serviceCode) { return .expiredCredentials }
            if self.transientCodes.contains(serviceCode) { return .unavailable }
        }
        switch status {
        case 429: return .throttled
        case 408, 500...599: return .unavailable
        default: return serviceCode == nil ? .malformedAnswer : .rejected
        }
    }

    // MARK: - Documents

    private struct Findings {
        var code: String?
        var message: String?
        var requestID: String?
        /// What the body is, where it has no message.
        var description: String
    }

    private static func document(in body: [UInt8]) -> Findings {
        let first = body.first { $0 != 0x20 && !(0x09...0x0D).contains($0) && ![0xEF, 0xBB, 0xBF].contains($0) }
        switch first {
        case nil: return Findings(description: "an empty body")
        case UInt8(ascii: "{"):
            do throws(JSONSyntaxError) {
                return self.findings(in: try JSONValue(parsing: body))
            } catch {
                return Findings(description: "JSON that can't be read")
            }
        case UInt8(ascii: "<"):
            do throws(XMLSyntaxError) {
                return self.findings(in: try XMLNode(parsing: body))
            } catch {
                return Findings(description: "a body that is no XML of AWS's: \(error.problem)")
            }
        default: return Findings(description: "a body that is neither XML nor JSON")
        }
    }

    private static func findings(in json: JSONValue) -> Findings {
        let code = json["__type"]?.string ?? json["code"]?.string ?? json["Code"]?.string
        let texts = ["message", "Message", "errorMessage"].lazy.compactMap { json[$0]?.string?.trimmingWhitespace() }
        let message = texts.first { !$0.isEmpty }
        return Findings(
            code: code,
            message: message,
            requestID: json["RequestId"]?.string,
            description: code == nil ? "JSON without an error in it" : "the code alone"
        )
    }

    private static func findings(in xml: XMLNode) -> Findings {
        let error = xml["Error"] ?? xml["Errors"]?["Error"] ?? (xml.name == "Error" ? xml : nil)
        let message = error?.string("Message") ?? error?.string("message")
        return Findings(
            code: error?.string("Code"),
            message: message.map { $0.trimmingWhitespace() }.flatMap { $0.isEmpty ? nil : $0 },
            requestID: xml.string("RequestId") ?? xml.string("RequestID") ?? error?.string("RequestId"),
            description: error == nil ? "XML without an error in it" : "the code alone"
        )
    }
}
