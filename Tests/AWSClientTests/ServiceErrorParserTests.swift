// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("Service errors")
struct ServiceErrorParserTests {
    /// An answer and what is to be made of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var status = 400
        var headers: [(name: String, value: String)] = []
        let body: String
        let code: AWSError.Code
        let serviceCode: String?
        let message: String
        var requestID: String?
        var testDescription: String { self.name }
    }

    static let cases = [
        Case(
            name: "RDS",
            status: 404,
            body: """
                <ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type>
                <Code>DBSnapshotNotFound</Code><Message> DBSnapshot x not found. </Message></Error>
                <RequestId>r-1</RequestId></ErrorResponse>
                """,
            code: .rejected,
            serviceCode: "DBSnapshotNotFound",
            message: "DBSnapshot x not found.",
            requestID: "r-1"
        ),
        Case(
            name: "a JSON service that answers XML when the signature is wrong",
            status: 403,
            headers: [("X-Amzn-RequestId", "r-2")],
            body:
                "<ErrorResponse><Errors><Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error></Errors>"
                + "</ErrorResponse>",
            code: .rejected,
            serviceCode: "SignatureDoesNotMatch",
            message: "m",
            requestID: "r-2"
        ),
        Case(
            name: "EC2's layout",
            body: "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message></Error></Errors>"
                + "<RequestID>r-3</RequestID></Response>",
            code: .throttled,
            serviceCode: "RequestLimitExceeded",
            message: "m",
            requestID: "r-3"
        ),
        Case(
            name: "SQS with the legacy code beside the shape",
            headers: [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
            body: #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}"#,
            code: .rejected,
            serviceCode: "QueueDoesNotExist",
            message: "m"
        ),
        Case(
            name: "a legacy code with blanks behind its prefix",
            headers: [("x-amzn-query-error", "AWS.SimpleQueueService.  NonExistentQueue;Sender")],
            body: #"{"message":"m"}"#,
            code: .rejected,
            serviceCode: "QueueDoesNotExist",
            message: "m"
        ),
        Case(
            name: "JSON with an empty message beside another",
            body: #"{"__type":"X","message":" ","Message":"m"}"#,
            code: .rejected,
            serviceCode: "X",
            message: "m"
        ),
        Case(
            name: "JSON with an empty message",
            body: #"{"__type":"X","message":""}"#,
            code: .rejected,
            serviceCode: "X",
            message: "HTTP 400 with the code alone"
        ),
        Case(
            name: "SQS with the legacy code alone",
            headers: [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
            body: #"{"message":"m"}"#,
            code: .rejected,
            serviceCode: "QueueDoesNotExist",
            message: "m"
        ),
        Case(
            name: "a legacy code in the body",
            body: #"{"__type":"AWS.SimpleQueueService.MessageNotInflight","message":"m"}"#,
            code: .rejected,
            serviceCode: "MessageNotInflight",
            message: "m"
        ),
        Case(
            name: "DynamoDB, with a capital M",
            body: #"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Message":"m"}"#,
            code: .rejected,
            serviceCode: "ConditionalCheckFailedException",
            message: "m"
        ),
        Case(
            name: "the type in a header, with a link behind it",
            headers: [("x-amzn-ErrorType", "ValidationException:http://internal.amazon.com/coral/")],
            body: "{}",
            code: .rejected,
            serviceCode: "ValidationException",
            message: "HTTP 400 with JSON without an error in it"
        ),
        Case(
            name: "a throttle under HTTP 400",
            body:
                "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
            code: .throttled,
            serviceCode: "Throttling",
            message: "Rate exceeded"
        ),
        Case(
            name: "a throttle of the queue's key",
            body: #"{"__type":"KMS.ThrottlingException","message":"m"}"#,
            code: .throttled,
            serviceCode: "KmsThrottled",
            message: "m"
        ),
        Case(
            name: "429",
            status: 429,
            body: "",
            code: .throttled,
            serviceCode: nil,
            message: "HTTP 429 with an empty body"
        ),
        Case(
            name: "expired, as the query protocol says it",
            status: 403,
            body: "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>m</Message></Error></ErrorResponse>",
            code: .expiredCredentials,
            serviceCode: "ExpiredToken",
            message: "m"
        ),
        Case(
            name: "expired, as the JSON protocol says it",
            body: #"{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"m"}"#,
            code: .expiredCredentials,
            serviceCode: "ExpiredTokenException",
            message: "m"
        ),
        Case(
            name: "a server error with a code",
            status: 500,
            body: #"{"__type":"InternalServerError","message":"m"}"#,
            code: .unavailable,
            serviceCode: "InternalServerError",
            message: "m"
        ),
        Case(
            name: "a timeout under HTTP 400",
            body: "<ErrorResponse><Error><Code>RequestTimeout</Code></Error></ErrorResponse>",
            code: .unavailable,
            serviceCode: "RequestTimeout",
            message: "HTTP 400 with the code alone"
        ),
        Case(
            name: "an HTML page with a 500",
            status: 500,
            body: "<!DOCTYPE html><title>500</title><h1>Oops<br></h1>",
            code: .unavailable,
            serviceCode: nil,
            message: "HTTP 500 with a body that is no XML of AWS's: a document type is declared, as on an HTML page"
        ),
        Case(
            name: "a proxy's page with a 403",
            status: 403,
            body: "<html><body>Blocked</body></html>",
            code: .malformedAnswer,
            serviceCode: nil,
            message: "HTTP 403 with a body that is no XML of AWS's: an HTML page"
        ),
        Case(
            name: "empty",
            status: 503,
            body: " \n",
            code: .unavailable,
            serviceCode: nil,
            message: "HTTP 503 with an empty body"
        ),
        Case(
            name: "truncated XML",
            body: "<ErrorResponse><Error><Code>Thrott",
            code: .malformedAnswer,
            serviceCode: nil,
            message: "HTTP 400 with a body that is no XML of AWS's: no element found"
        ),
        Case(
            name: "truncated JSON",
            body: #"{"__type":"Thr"#,
            code: .malformedAnswer,
            serviceCode: nil,
            message: "HTTP 400 with JSON that can't be read"
        ),
        Case(
            name: "plain text",
            status: 502,
            body: "Bad Gateway",
            code: .unavailable,
            serviceCode: nil,
            message: "HTTP 502 with a body that is neither XML nor JSON"
        ),
    ]

    @Test("every layout is read", arguments: cases)
    func parses(_ example: Case) {
        let response = HTTPResponse(status: example.status, headers: example.headers, body: Array(example.body.utf8))
        let error = ServiceErrorParser.error(from: response)
        #expect(error.code == example.code)
        #expect(error.serviceCode == example.serviceCode)
        #expect(error.message == example.message)
        #expect(error.requestID == example.requestID)
        #expect(error.httpStatus == example.status)
    }

    @Test("a long message is cut")
    func longMessage() {
        let body = #"{"__type":"X","message":"\#(String(repeating: "m", count: 5000))"}"#
        let error = ServiceErrorParser.error(from: HTTPResponse(status: 400, body: Array(body.utf8)))
        #expect(error.message.count == 1000)
    }
}
