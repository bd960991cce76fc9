// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("DynamoDBModel items and tables")
struct DynamoDBItemTests {
    private static let key: JSONValue = ["pk": ["S": "a"]]

    @Test("a lease is taken once, renewed by its owner, taken over when expired, and freed by its owner")
    func lease() throws {
        var bench = try DynamoDBBench()
        func acquire(_ owner: String, now: Int, until: Int) -> JSONValue {
            DynamoDBBench.update(
                "SET #o = :o, exp = :e ADD ver :one",
                [
                    ":o": ["S": .string(owner)], ":e": ["N": .string("\(until)")], ":one": ["N": "1"],
                    ":now": ["N": .string("\(now)")],
                ],
                [
                    "ConditionExpression": "attribute_not_exists(pk) OR exp < :now OR #o = :o",
                    "ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                ],
                names: ["#o": "owner"]
            )
        }
        let first = try bench.call("UpdateItem", acquire("w1", now: 0, until: 100))
        #expect(
            first["Attributes"] == ["pk": ["S": "a"], "owner": ["S": "w1"], "exp": ["N": "100"], "ver": ["N": "1"]]
        )
        let refused = bench.refusal("UpdateItem", acquire("w2", now: 50, until: 150))
        #expect(refused?.code == "ConditionalCheckFailedException")
        #expect(refused?.message == "The conditional request failed")
        #expect(refused?.status == 400)
        #expect(refused?.details["Item"] == first["Attributes"])
        #expect(bench.refusal("UpdateItem", acquire("w1", now: 50, until: 200)) == nil)
        #expect(bench.refusal("UpdateItem", acquire("w2", now: 150, until: 300)) != nil)
        #expect(bench.refusal("UpdateItem", acquire("w2", now: 201, until: 300)) == nil)
        #expect(try bench.item()?["ver"] == ["N": "3"])
        func release(_ owner: String) -> JSONValue {
            [
                "TableName": "slots", "Key": Self.key, "ConditionExpression": "#o = :o",
                "ExpressionAttributeNames": ["#o": "owner"],
                "ExpressionAttributeValues": [":o": ["S": .string(owner)]],
            ]
        }
        let foreign = bench.refusal("DeleteItem", release("w1"))
        #expect(foreign?.code == "ConditionalCheckFailedException")
        #expect(foreign?.details.isEmpty == true)
        #expect(bench.refusal("DeleteItem", release("w2")) == nil)
        #expect(try bench.item() == nil)
    }

    @Test("a map of holders fills up to its limit")
    func holders() throws {
        var bench = try DynamoDBBench()
        try bench.put(["holders": ["M": [:]]])
        func hold(_ job: String) -> JSONValue {
            DynamoDBBench.update(
                "SET holders.#j = :v",
                [":v": ["S": "x"], ":lim": ["N": "2"]],
                ["ConditionExpression": "size(holders) < :lim AND attribute_not_exists(holders.#j)"],
                names: ["#j": .string(job)]
            )
        }
        #expect(bench.refusal("UpdateItem", hold("one")) == nil)
        #expect(bench.refusal("UpdateItem", hold("one"))?.code == "ConditionalCheckFailedException")
        #expect(bench.refusal("UpdateItem", hold("two")) == nil)
        #expect(bench.refusal("UpdateItem", hold("three"))?.code == "ConditionalCheckFailedException")
        try bench.call("UpdateItem", DynamoDBBench.update("REMOVE holders.#j", names: ["#j": "one"]))
        #expect(bench.refusal("UpdateItem", hold("three")) == nil)
    }

    @Test(
        "an update returns what is asked for",
        arguments: [
            ("NONE", nil), ("ALL_OLD", ["pk": ["S": "a"], "x": ["N": "1"], "y": ["N": "2"]]),
            ("UPDATED_OLD", ["x": ["N": "1"]]), ("ALL_NEW", ["pk": ["S": "a"], "x": ["N": "9"], "y": ["N": "2"]]),
            ("UPDATED_NEW", ["x": ["N": "9"]]),
        ] as [(String, JSONValue?)]
    )
    func returnValues(kind: String, expected: JSONValue?) throws {
        var bench = try DynamoDBBench()
        try bench.put(["x": ["N": "1"], "y": ["N": "2"]])
        let update = DynamoDBBench.update("SET x = :v", [":v": ["N": "9"]], ["ReturnValues": .string(kind)])
        #expect(try bench.call("UpdateItem", update)["Attributes"] == expected)
    }

    @Test("put and delete return the old item on request, and no other")
    func returnOld() throws {
        var bench = try DynamoDBBench()
        let put: JSONValue = ["TableName": "slots", "Item": Self.key, "ReturnValues": "ALL_OLD"]
        #expect(try bench.call("PutItem", put) == [:])
        #expect(try bench.call("PutItem", put)["Attributes"] == Self.key)
        let delete: JSONValue = ["TableName": "slots", "Key": Self.key, "ReturnValues": "ALL_OLD"]
        #expect(try bench.call("DeleteItem", delete)["Attributes"] == Self.key)
        #expect(try bench.call("DeleteItem", delete) == [:])
        let wrong: JSONValue = ["TableName": "slots", "Item": Self.key, "ReturnValues": "ALL_NEW"]
        #expect(bench.refusal("PutItem", wrong)?.code == "ValidationException")
    }

    @Test("a projection shows only what it names")
    func projection() throws {
        var bench = try DynamoDBBench()
        try bench.put([
            "x": ["N": "1"], "m": ["M": ["a": ["N": "1"], "b": ["N": "2"]]], "l": ["L": [["N": "1"], ["N": "2"]]],
        ])
        let get: JSONValue = [
            "TableName": "slots", "Key": Self.key, "ProjectionExpression": "m.a, l[1], absent, #x",
            "ExpressionAttributeNames": ["#x": "x"],
        ]
        #expect(
            try bench.call("GetItem", get)["Item"]
                == ["m": ["M": ["a": ["N": "1"]]], "l": ["L": [["N": "2"]]], "x": ["N": "1"]]
        )
    }

    @Test(
        "bad items and keys are refused",
        arguments: [
            ("PutItem", ["TableName": "none", "Item": ["pk": ["S": "a"]]], "ResourceNotFoundException"),
            ("PutItem", ["Item": ["pk": ["S": "a"]]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["x": ["S": "a"]]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["pk": ["N": "1"]]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["pk": ["S": ""]]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["pk": ["S": "a", "N": "1"]]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["pk": "a"]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["pk": ["S": "a"], "x": ["SS": []]]], "ValidationException"),
            (
                "PutItem", ["TableName": "slots", "Item": ["pk": ["S": "a"], "x": ["NS": ["1", "1.0"]]]],
                "ValidationException"
            ),
            ("GetItem", ["TableName": "copies", "Key": ["db": ["S": "a"]]], "ValidationException"),
            ("GetItem", ["TableName": "slots", "Key": ["pk": ["S": "a"], "x": ["S": "b"]]], "ValidationException"),
            ("PutItem", ["TableName": "slots", "Item": ["pk": ["S": "a"]], "Expected": [:]], "ValidationException"),
            ("Dance", [:], "UnknownOperationException"),
        ] as [(String, JSONValue, String)]
    )
    func badItems(operation: String, parameters: JSONValue, code: String) throws {
        var bench = try DynamoDBBench()
        #expect(bench.refusal(operation, parameters)?.code == code)
    }

    @Test("an item has 400 KB at most")
    func itemSize() throws {
        var bench = try DynamoDBBench()
        func put(_ size: Int) -> JSONValue {
            let text: JSONValue = ["S": .string(String(repeating: "x", count: size))]
            return ["TableName": "slots", "Item": ["pk": ["S": "a"], "x": text]]
        }
        #expect(bench.refusal("PutItem", put(409_600 - 4)) == nil)
        #expect(bench.refusal("PutItem", put(409_600 - 3))?.code == "ValidationException")
        let grow = DynamoDBBench.update("SET y = x", [:])
        #expect(
            bench.refusal("UpdateItem", grow)?.message == "Item size to update has exceeded the maximum allowed size"
        )
    }

    @Test("tables are created, described, listed and deleted")
    func tables() throws {
        var bench = try DynamoDBBench()
        let table = try bench.call("DescribeTable", ["TableName": "copies"])["Table"]
        #expect(table?["TableStatus"] == "ACTIVE")
        #expect(table?["TableArn"] == "arn:aws:dynamodb:us-east-1:111122223333:table/copies")
        #expect(table?["KeySchema"]?.array?.map { $0["KeyType"] } == ["HASH", "RANGE"])
        #expect(try bench.call("ListTables", [:]) == ["TableNames": ["copies", "slots"]])
        let page = try bench.call("ListTables", ["Limit": 1])
        #expect(page == ["TableNames": ["copies"], "LastEvaluatedTableName": "copies"])
        #expect(try bench.call("ListTables", [:], region: "eu-west-1")["TableNames"] == [])
        let again: JSONValue = [
            "TableName": "slots", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [["AttributeName": "pk", "AttributeType": "S"]],
            "KeySchema": [["AttributeName": "pk", "KeyType": "HASH"]],
        ]
        #expect(bench.refusal("CreateTable", again)?.code == "ResourceInUseException")
        #expect(try bench.call("DeleteTable", ["TableName": "slots"])["TableDescription"]?["TableStatus"] == "DELETING")
        #expect(bench.refusal("DescribeTable", ["TableName": "slots"])?.code == "ResourceNotFoundException")
        #expect(bench.refusal("CreateTable", again) == nil)
    }

    @Test("the time to live is kept, and deletes late")
    func timeToLive() throws {
        var bench = try DynamoDBBench()
        let enable: JSONValue = [
            "TableName": "slots", "TimeToLiveSpecification": ["Enabled": true, "AttributeName": "ttl"],
        ]
        try bench.call("UpdateTimeToLive", enable)
        #expect(
            try bench.call("DescribeTimeToLive", ["TableName": "slots"])["TimeToLiveDescription"]
                == ["TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"]
        )
        #expect(bench.refusal("UpdateTimeToLive", enable)?.code == "ValidationException")
        try bench.put(["ttl": ["N": "1800000000"]])
        bench.now = bench.now + .seconds(86_400)
        _ = bench.model.advance(to: bench.now)
        #expect(try bench.item() != nil)
        bench.now = bench.now + .seconds(86_400)
        _ = bench.model.advance(to: bench.now)
        #expect(try bench.item() == nil)
    }

    @Test("every second request is throttled when that is asked for")
    func throttling() throws {
        var bench = try DynamoDBBench()
        bench.model.throttleEvery = 2
        let get: JSONValue = ["TableName": "slots", "Key": Self.key]
        let codes = (1...4).map { _ in bench.refusal("GetItem", get)?.code }
        let throttled = "ProvisionedThroughputExceededException"
        #expect(codes == [nil, throttled, nil, throttled])
    }
}
