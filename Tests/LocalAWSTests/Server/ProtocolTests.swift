// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import LocalAWSServer
import Testing

@Suite("Protocols")
struct ProtocolTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let name: String
        let body: String
        let parameters: JSONValue
        var version = "2014-10-31"
        var path = "/"
        var testDescription: String { self.name }
    }

    static let forms: [Form] = [
        Form(name: "no parameters", body: "", parameters: [:]),
        Form(name: "text with escapes", body: "&A=a%20b+c%2Bd%C3%A9", parameters: ["A": "a b c+dé"]),
        Form(
            name: "RDS tags",
            body: "&Tags.Tag.1.Key=a&Tags.Tag.1.Value=b&Tags.Tag.2.Key=c&Tags.Tag.2.Value=",
            parameters: ["Tags": [["Key": "a", "Value": "b"], ["Key": "c", "Value": ""]]]
        ),
        Form(
            name: "tags in the generic form",
            body: "&Tags.member.1.Key=a&Tags.member.1.Value=b",
            parameters: ["Tags": [["Key": "a", "Value": "b"]]]
        ),
        Form(
            name: "filters",
            body:
                "&Filters.Filter.1.Name=db-snapshot-id&Filters.Filter.1.Values.Value.1=x&Filters.Filter.1.Values.Value.2=y",
            parameters: ["Filters": [["Name": "db-snapshot-id", "Values": ["x", "y"]]]]
        ),
        Form(
            name: "values to add, ten and more in their order",
            body: (1...11).map { "&ValuesToAdd.AttributeValue.\($0)=\($0)" }.joined(),
            parameters: ["ValuesToAdd": .array((1...11).map { .string(String($0)) })]
        ),
        Form(
            name: "a list inside a structure",
            body: "&CloudwatchLogsExportConfiguration.EnableLogTypes.member.1=audit",
            parameters: ["CloudwatchLogsExportConfiguration": ["EnableLogTypes": ["audit"]]]
        ),
        Form(name: "an empty list", body: "&Tags=", parameters: ["Tags": ""]),
        Form(
            name: "SQS attributes",
            body: "&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Tag.1.Key=k&Tag.1.Value=v",
            parameters: ["QueueName": "q", "Attributes": ["VisibilityTimeout": "40"], "Tags": ["k": "v"]],
            version: "2012-11-05"
        ),
        Form(
            name: "SQS receive, posted to the queue",
            body: "&AttributeName.1=All&MessageAttributeName.1=a&WaitTimeSeconds=2",
            parameters: [
                "AttributeNames": ["All"], "MessageAttributeNames": ["a"], "WaitTimeSeconds": "2",
                "QueueUrl": "http://localhost:1234/111122223333/q",
            ],
            version: "2012-11-05",
            path: "/111122223333/q"
        ),
        Form(
            name: "SQS batch with message attributes",
            body: "&QueueUrl=u&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x"
                + "&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n"
                + "&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=v"
                + "&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=String"
                + "&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=y",
            parameters: [
                "QueueUrl": "u",
                "Entries": [
                    [
                        "Id": "a", "MessageBody": "x",
                        "MessageAttributes": ["n": ["StringValue": "v", "DataType": "String"]],
                    ],
                    ["Id": "b", "MessageBody": "y"],
                ],
            ],
            version: "2012-11-05"
        ),
        Form(
            name: "STS",
            body:
                "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdr&DurationSeconds=900&Tags.member.1.Key=a&Tags.member.1.Value=b",
            parameters: [
                "RoleArn": "arn:aws:iam::111122223333:role/dr", "DurationSeconds": "900",
                "Tags": [["Key": "a", "Value": "b"]],
            ],
            version: "2011-06-15"
        ),
    ]

    @Test("a form becomes the operation's parameters", arguments: forms)
    func decodesForm(_ form: Form) throws {
        let request = IncomingRequest(
            path: form.path,
            headers: [("host", "localhost:1234")],
            body: Array("Action=Do&Version=\(form.version)\(form.body)".utf8)
        )
        let decoded = try RequestDecoder.decode(request)
        #expect(decoded.operation == "Do")
        #expect(decoded.language == .query)
        #expect(decoded.parameters == form.parameters)
    }

    @Test(
        "a target names the service and the operation",
        arguments: [
            ("AmazonSQS.SendMessage", ServiceName.sqs), ("DynamoDB_20120810.UpdateItem", .dynamodb),
            ("TrentService.CreateKey", .kms), ("AWSEvents.PutRule", .events),
        ]
    )
    func decodesJSON(target: String, service: ServiceName) throws {
        let request = IncomingRequest(
            headers: [
                ("x-amz-target", target), ("content-type", "application/x-amz-json-1.1"), ("x-amzn-query-mode", "true"),
            ],
            body: Array(#"{"A": 1}"#.utf8)
        )
        let decoded = try RequestDecoder.decode(request)
        #expect(decoded.service == service)
        #expect(decoded.operation == target.split(separator: ".")[1])
        #expect(decoded.parameters == ["A": 1])
        #expect(decoded.language == .json(version: "1.1", wantsQueryErrors: true))
    }

    @Test(
        "what is no request is refused in the language that it seems to speak",
        arguments: [
            ("AmazonSQS.SendMessage", "not json", "SerializationException"),
            ("AmazonSQS.SendMessage", "[1]", "SerializationException"),
            ("Nonsense.SendMessage", "{}", "UnknownOperationException"), ("", "{}", "UnknownOperationException"),
            (nil, "", "MissingAction"), (nil, "\u{0}\u{1}=%ZZ&&&=", "MissingAction"),
            (nil, "Action=DescribeDBSnapshots&Version=1999-01-01", "InvalidAction"),
            (nil, "Action=&Version=2014-10-31", "MissingAction"),
        ] as [(String?, String, String)]
    )
    func refuses(target: String?, body: String, code: String) {
        let headers = target.map { [(name: "x-amz-target", value: $0)] } ?? []
        let error = #expect(throws: UndecodableRequest.self) {
            try RequestDecoder.decode(IncomingRequest(headers: headers, body: Array(body.utf8)))
        }
        #expect(error?.failure.code == code)
        #expect((error?.language == .query) == (target == nil))
    }

    @Test("a form that nests without end is cut off")
    func deepForm() throws {
        let name = Array(repeating: "a", count: 100_000).joined(separator: ".")
        let body = Array("Action=Do&Version=2014-10-31&\(name)=x".utf8)
        let decoded = try RequestDecoder.decode(IncomingRequest(body: body))
        #expect(decoded.parameters["a"] != nil)
    }

    static let answers: [(service: ServiceName, operation: String, result: JSONValue, xml: String)] = [
        (
            .rds, "DescribeDBSnapshots",
            [
                "Marker": "m",
                "DBSnapshots": [
                    [
                        "Encrypted": true, "AllocatedStorage": 20, "KmsKeyId": .null,
                        "TagList": [["Key": "a<", "Value": ""]],
                    ]
                ],
            ],
            "<DescribeDBSnapshotsResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBSnapshotsResult>"
                + "<DBSnapshots><DBSnapshot><AllocatedStorage>20</AllocatedStorage><Encrypted>true</Encrypted>"
                + "<TagList><Tag><Key>a&lt;</Key><Value/></Tag></TagList></DBSnapshot></DBSnapshots><Marker>m</Marker>"
                + "</DescribeDBSnapshotsResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
                + "</DescribeDBSnapshotsResponse>"
        ),
        (
            .rds, "AddTagsToResource", [:],
            "<AddTagsToResourceResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><ResponseMetadata>"
                + "<RequestId>r-1</RequestId></ResponseMetadata></AddTagsToResourceResponse>"
        ),
        (
            .sts, "GetCallerIdentity", ["Account": "1", "Arn": "a"],
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
                + "<Account>1</Account><Arn>a</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId>"
                + "</ResponseMetadata></GetCallerIdentityResponse>"
        ),
        (
            .sqs, "ReceiveMessage",
            [
                "Messages": [
                    [
                        "Body": "x\u{1}", "Attributes": ["SentTimestamp": "5"],
                        "MessageAttributes": ["n": ["DataType": "String", "StringValue": "v"]],
                    ]
                ]
            ],
            "<ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ReceiveMessageResult><Message>"
                + "<Attribute><Name>SentTimestamp</Name><Value>5</Value></Attribute><Body>x\u{FFFD}</Body>"
                + "<MessageAttribute><Name>n</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value>"
                + "</MessageAttribute></Message></ReceiveMessageResult><ResponseMetadata><RequestId>r-1</RequestId>"
                + "</ResponseMetadata></ReceiveMessageResponse>"
        ),
        (
            .sqs, "SendMessageBatch",
            ["Successful": [["Id": "a", "MessageId": "m"]], "Failed": [["Id": "b", "SenderFault": true]]],
            "<SendMessageBatchResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><SendMessageBatchResult>"
                + "<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault></BatchResultErrorEntry>"
                + "<SendMessageBatchResultEntry><Id>a</Id><MessageId>m</MessageId></SendMessageBatchResultEntry>"
                + "</SendMessageBatchResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
                + "</SendMessageBatchResponse>"
        ),
    ]

    @Test("a result becomes the service's XML", arguments: answers)
    func encodesXML(service: ServiceName, operation: String, result: JSONValue, xml: String) {
        let request = DecodedRequest(service: service, operation: operation, parameters: [:], language: .query)
        let answer = AnswerEncoder.answer(result, to: request, requestID: "r-1")
        let body = String(decoding: answer.body, as: UTF8.self)
        #expect(body == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + xml)
        #expect(answer.header("x-amzn-requestid") == "r-1")
    }

    @Test("SQS tells the old code to clients that ask for it")
    func queryErrors() {
        let failure = ModelFailure("QueueDoesNotExist", "no", queryCode: "AWS.SimpleQueueService.NonExistentQueue")
        let modern = WireProtocol.json(version: "1.0", wantsQueryErrors: true)
        let answer = AnswerEncoder.refusal(failure, by: .sqs, in: modern, requestID: "r")
        #expect(answer.status == 400)
        #expect(answer.header("x-amzn-query-error") == "AWS.SimpleQueueService.NonExistentQueue;Sender")
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}"#
        )
        let old = AnswerEncoder.refusal(failure, by: .sqs, in: .query, requestID: "r")
        #expect(
            String(decoding: old.body, as: UTF8.self).contains("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>")
        )
    }

    @Test("DynamoDB's answers carry their checksum, its errors the item")
    func dynamoDB() {
        let failure = ModelFailure("ConditionalCheckFailedException", "no", details: ["Item": ["a": ["S": "x"]]])
        let language = WireProtocol.json(version: "1.0", wantsQueryErrors: false)
        let answer = AnswerEncoder.refusal(failure, by: .dynamodb, in: language, requestID: "r")
        #expect(answer.header("x-amz-crc32") == String(CRC32.checksum(of: answer.body)))
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"))
        #expect(text.contains(#""Item":{"a":{"S":"x"}}"#))
        // The check value of the algorithm's definition.
        #expect(CRC32.checksum(of: Array("123456789".utf8)) == 0xCBF4_3926)
    }
}
