// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("SNS client")
struct SNSClientTests {
    private static func answer(_ operation: String, _ result: String) -> String {
        """
        <\(operation)Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><\(operation)Result>\(result)\
        </\(operation)Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></\(operation)Response>
        """
    }

    @Test("publishes a message with its subject and attributes") func publish() async throws {
        let transport = CannedTransport([.body(Self.answer("Publish", "<MessageId>m-1</MessageId>"))])
        let sns = try AWSSession(transport).sns(region: "us-east-1")
        let id = try await sns.publish(
            topicARN: "arn:aws:sns:us-east-1:1:ops",
            message: #"{"a":"b c"}"#,
            subject: "  1 job für\nalle",
            attributes: ["route": "prod", "detail-type": "Jobs Dead-Lettered", "empty": ""]
        )
        #expect(id == "m-1")
        #expect(
            transport.form() == [
                "Action=Publish", "Version=2010-03-31", "TopicArn=arn:aws:sns:us-east-1:1:ops",
                #"Message={"a":"b c"}"#, "Subject=1 job f?r?alle", "MessageAttributes.entry.1.Name=detail-type",
                "MessageAttributes.entry.1.Value.DataType=String",
                "MessageAttributes.entry.1.Value.StringValue=Jobs Dead-Lettered",
                "MessageAttributes.entry.2.Name=route", "MessageAttributes.entry.2.Value.DataType=String",
                "MessageAttributes.entry.2.Value.StringValue=prod",
            ]
        )
    }

    @Test("makes subjects fit", arguments: [("a", "a"), ("", ""), ("  ", ""), ("\t x", "? x")])
    func subjects(text: String, subject: String) {
        #expect(SNSClient.subject(text) == subject)
        let long = SNSClient.subject(String(repeating: "ab", count: 80))
        #expect(long.count == 100)
        #expect(long.hasSuffix("..."))
    }
}
