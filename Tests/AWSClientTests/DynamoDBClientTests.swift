// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import Testing

@Suite("DynamoDB, KMS and EventBridge")
struct DynamoDBClientTests {
    static func client(_ answers: CannedTransport.Answer...) throws -> (DynamoDBClient, CannedTransport) {
        let transport = CannedTransport(answers)
        return (try AWSSession(transport).dynamoDB(region: "us-east-1"), transport)
    }

    @Test("updates an item under a condition")
    func update() async throws {
        let (dynamoDB, transport) = try Self.client(.body(#"{"Attributes":{"pk":{"S":"a"},"ver":{"N":"2"}}}"#))
        let result = try await dynamoDB.updateItem(
            table: "slots",
            key: ["pk": .string("a")],
            update: DynamoDBClient.Expression(
                "SET #o=:o ADD ver :one",
                names: ["#o": "owner"],
                values: [":o": .string("w"), ":one": .integer(1)]
            ),
            condition: DynamoDBClient.Expression("#o = :o", names: ["#o": "owner"], values: [":o": .string("w")])
        )
        #expect(result == .done(attributes: ["pk": .string("a"), "ver": .number("2")]))
        let expected: JSONValue = [
            "TableName": "slots", "Key": ["pk": ["S": "a"]], "UpdateExpression": "SET #o=:o ADD ver :one",
            "ConditionExpression": "#o = :o", "ExpressionAttributeNames": ["#o": "owner"],
            "ExpressionAttributeValues": [":o": ["S": "w"], ":one": ["N": "1"]], "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        ]
        #expect(try transport.document() == expected)
        #expect(transport.requests[0].header("x-amz-target") == "DynamoDB_20120810.UpdateItem")
    }

    @Test("a condition that did not hold is an outcome, with what stood in its way")
    func conditionFailed() async throws {
        let (dynamoDB, transport) = try Self.client(
            .body(
                """
                {"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "Message":"The conditional request failed","Item":{"owner":{"S":"other"}}}
                """,
                status: 400
            ),
            .error("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"),
            .error("ValidationException")
        )
        let condition = DynamoDBClient.Expression("attribute_not_exists(pk)")
        let put = try await dynamoDB.putItem(table: "t", item: ["pk": .string("a")], condition: condition)
        #expect(put == .conditionFailed(item: ["owner": .string("other")]))
        let deletion = try await dynamoDB.deleteItem(table: "t", key: ["pk": .string("a")], condition: condition)
        #expect(deletion == .conditionFailed(item: nil))
        #expect(transport.requests.count == 2)
        let error = await #expect(throws: AWSError.self) {
            try await dynamoDB.deleteItem(table: "t", key: ["pk": .string("a")])
        }
        #expect(error?.serviceCode == "ValidationException")
    }

    @Test("an answer that does not match its checksum is asked for again")
    func checksum() async throws {
        // CRC32 of the body, by zlib.
        let body = #"{"Item":{"pk":{"S":"a"}}}"#
        let (dynamoDB, transport) = try Self.client(
            .body(#"{"Item":{"pk":{"S":"b"}}}"#, headers: [("x-amz-crc32", "642333050")]),
            .body(body, headers: [("x-amz-crc32", "642333050")])
        )
        let item = try await dynamoDB.getItem(table: "t", key: ["pk": .string("a")])
        #expect(item == ["pk": .string("a")])
        #expect(transport.requests.count == 2)
        #expect(try transport.document() == ["TableName": "t", "Key": ["pk": ["S": "a"]], "ConsistentRead": true])
    }

    @Test("reads many items, by key and by partition")
    func reads() async throws {
        let (dynamoDB, transport) = try Self.client(
            .body(#"{"Responses":{"t":[{"pk":{"S":"a"}}]},"UnprocessedKeys":{"t":{"Keys":[{"pk":{"S":"b"}}]}}}"#),
            .body(#"{"Items":[{"pk":{"S":"a"}}],"LastEvaluatedKey":{"pk":{"S":"a"}}}"#),
            .body(#"{"Items":[]}"#)
        )
        let batch = try await dynamoDB.batchGetItem(table: "t", keys: [["pk": .string("a")], ["pk": .string("b")]])
        #expect(batch.items == [["pk": .string("a")]])
        #expect(batch.unprocessedKeys == [["pk": .string("b")]])
        let condition = DynamoDBClient.Expression("pk = :p", values: [":p": .string("a")])
        let page = try await dynamoDB.query(table: "t", condition: condition)
        #expect(page.lastKey == ["pk": .string("a")])
        let expected: JSONValue = [
            "TableName": "t", "KeyConditionExpression": "pk = :p", "ConsistentRead": true,
            "ExpressionAttributeValues": [":p": ["S": "a"]],
        ]
        #expect(try transport.document(1) == expected)
        let last = try await dynamoDB.query(table: "t", condition: condition, startKey: page.lastKey)
        #expect(last.lastKey == nil)
        #expect(try transport.document(2)["ExclusiveStartKey"] == ["pk": ["S": "a"]])
    }

    @Test("a transaction is done or tells who is to blame")
    func transactions() async throws {
        let (dynamoDB, transport) = try Self.client(
            .body(
                """
                {"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"m",
                "CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Item":{"pk":{"S":"b"}}}]}
                """,
                status: 400
            ),
            .body("{}")
        )
        let items = [
            DynamoDBClient.TransactItem(table: "t", .put(item: ["pk": .string("a")])),
            DynamoDBClient.TransactItem(
                table: "t",
                .check(key: ["pk": .string("b")]),
                condition: DynamoDBClient.Expression("attribute_not_exists(pk)")
            ),
        ]
        guard case .cancelled(let reasons) = try await dynamoDB.transactWriteItems(items, token: "k") else {
            Issue.record("not cancelled")
            return
        }
        #expect(reasons.map(\.code) == ["None", "ConditionalCheckFailed"])
        #expect(reasons[1].item == ["pk": .string("b")])
        #expect(try await dynamoDB.transactWriteItems(items) == .done)
        let expected: JSONValue = [
            "ClientRequestToken": "k",
            "TransactItems": [
                ["Put": ["TableName": "t", "Item": ["pk": ["S": "a"]]]],
                [
                    "ConditionCheck": [
                        "TableName": "t", "Key": ["pk": ["S": "b"]],
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    ]
                ],
            ],
        ]
        #expect(try transport.document() == expected)
    }

    @Test(
        "values travel and come back",
        arguments: [
            .string("s"), .number("1.5"), .bool(true), .null, .binary("AA=="), .list([.string("a"), .null]),
            .map(["m": .map([:])]), .stringSet(["a", "b"]), .numberSet(["1"]),
        ] as [AttributeValue]
    )
    func values(_ value: AttributeValue) {
        #expect(AttributeValue(value.json) == value)
        #expect(AttributeValue(["X": "unknown"]) == nil)
        #expect(AttributeValue(["S": 1]) == nil)
    }

    @Test("makes and describes tables")
    func tables() async throws {
        let (dynamoDB, transport) = try Self.client(
            .body(#"{"TableDescription":{"TableStatus":"CREATING"}}"#),
            .body(#"{"Table":{"TableStatus":"ACTIVE","ItemCount":3}}"#)
        )
        #expect(try await dynamoDB.createTable("t", partitionKey: "pk").tableStatus == "CREATING")
        #expect(try await dynamoDB.describeTable("t").itemCount == 3)
        #expect(try transport.document()["KeySchema"] == [["AttributeName": "pk", "KeyType": "HASH"]])
    }

    @Test("keys and aliases")
    func kms() async throws {
        let transport = CannedTransport([
            .body(#"{"KeyMetadata":{"KeyId":"k","KeyState":"Enabled","KeyManager":"AWS"}}"#),
            .body(#"{"Aliases":[{"AliasName":"alias/a","TargetKeyId":"k"}],"Truncated":true,"NextMarker":"n"}"#),
            .body(#"{"Aliases":[{"AliasName":"alias/b"}],"Truncated":false}"#),
            .body(""),
        ])
        let kms = try AWSSession(transport).kms(region: "us-east-1")
        #expect(try await kms.describeKey("alias/a").keyState == "Enabled")
        #expect(try await kms.listAliases().map(\.aliasName) == ["alias/a", "alias/b"])
        try await kms.createAlias("alias/c", targetKeyID: "k")
        #expect(transport.requests[0].header("x-amz-target") == "TrentService.DescribeKey")
        #expect(transport.requests[0].header("content-type") == "application/x-amz-json-1.1")
        #expect(try transport.document(2)["Marker"] == "n")
    }

    @Test("events, rules and targets")
    func events() async throws {
        let transport = CannedTransport([
            .body(#"{"FailedEntryCount":1,"Entries":[{"EventId":"e"},{"ErrorCode":"C","ErrorMessage":"m"}]}"#),
            .body(#"{"RuleArn":"arn"}"#),
            .body(#"{"FailedEntryCount":0,"FailedEntries":[]}"#),
        ])
        let events = try AWSSession(transport).events(region: "us-east-1")
        let entry = EventBridgeClient.Entry(source: "s", detailType: "d", detail: ["a": 1])
        #expect(try await events.putEvents([entry, entry]) == [1: "C: m"])
        #expect(try await events.putRule(name: "r", pattern: ["source": ["aws.rds"]]) == "arn")
        #expect(try await events.putTargets(rule: "r", targets: ["q": "arn:q"]).isEmpty)
        #expect(try transport.document()["Entries"]?.array?[0]["Detail"] == #"{"a":1}"#)
        #expect(try transport.document(1)["EventPattern"] == #"{"source":["aws.rds"]}"#)
        #expect(transport.requests[0].header("x-amz-target") == "AWSEvents.PutEvents")
    }
}
