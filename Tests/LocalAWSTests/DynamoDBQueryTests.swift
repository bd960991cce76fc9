// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("DynamoDBModel queries, batches and transactions")
struct DynamoDBQueryTests {
    /// Copies of `db-1` at 1…5 and of `db-2` at 1.
    private func bench() throws -> DynamoDBBench {
        var bench = try DynamoDBBench()
        for (db, at) in [("db-1", 10), ("db-1", 2), ("db-1", 1), ("db-1", 4), ("db-1", 3), ("db-2", 1)] {
            let item: JSONValue = [
                "db": ["S": .string(db)], "at": ["N": .string("\(at)")], "even": ["BOOL": .bool(at % 2 == 0)],
            ]
            try bench.call("PutItem", ["TableName": "copies", "Item": item])
        }
        return bench
    }

    private func query(_ condition: String, _ values: JSONValue, _ more: JSONValue = [:]) -> JSONValue {
        var all = values.object ?? [:]
        all[":db"] = ["S": "db-1"]
        let members: [String: JSONValue] = [
            "TableName": "copies", "KeyConditionExpression": .string(condition),
            "ExpressionAttributeValues": .object(all), "ExpressionAttributeNames": ["#at": "at"],
        ]
        return .object(members.merging(more.object ?? [:]) { $1 })
    }

    private func times(_ result: JSONValue) -> [String?] {
        (result["Items"]?.array ?? []).map { $0["at"]?["N"]?.string }
    }

    @Test(
        "a query finds by key, sorted as numbers",
        arguments: [
            ("db = :db AND #at > :a", ["3", "4", "10"]), ("db = :db AND #at <= :a", ["1", "2"]),
            ("#at = :a AND db = :db", ["2"]), ("(db = :db) AND (#at BETWEEN :a AND :b)", ["2", "3", "4"]),
        ]
    )
    func keyConditions(condition: String, expected: [String]) throws {
        var bench = try self.bench()
        var values: [String: JSONValue] = [":a": ["N": "2"]]
        if condition.contains(":b ") || condition.contains(":b)") { values[":b"] = ["N": "4"] }
        let result = try bench.call("Query", self.query(condition, .object(values)))
        #expect(self.times(result) == expected)
        #expect(result["Count"] == .integer(Int64(expected.count)))
        let backwards = try bench.call("Query", self.query(condition, .object(values), ["ScanIndexForward": false]))
        #expect(self.times(backwards) == expected.reversed())
    }

    @Test(
        "conditions that are none on the key are refused",
        arguments: [
            "#at = :a", "db = :db OR #at = :a", "db > :db AND #at = :a", "db = :db AND #at <> :a",
            "db = :db AND #at > :a AND #at < :a",
        ]
    )
    func badKeyConditions(condition: String) throws {
        var bench = try self.bench()
        let failure = bench.refusal("Query", self.query(condition, [":a": ["N": "2"]]))
        #expect(failure?.code == "ValidationException")
    }

    @Test("a query goes page by page, and the filter comes after the limit")
    func paging() throws {
        var bench = try self.bench()
        let more: JSONValue = ["Limit": 2, "FilterExpression": "even = :t"]
        let values: JSONValue = [":t": ["BOOL": true], ":zero": ["N": "0"]]
        let first = try bench.call("Query", self.query("db = :db AND #at > :zero", values, more))
        #expect(self.times(first) == ["2"])
        #expect(first["Count"] == 1)
        #expect(first["ScannedCount"] == 2)
        #expect(first["LastEvaluatedKey"] == ["db": ["S": "db-1"], "at": ["N": "2"]])
        var all = more.object ?? [:]
        // The key where the page ended may be gone by the time of the next.
        try bench.call("DeleteItem", ["TableName": "copies", "Key": first["LastEvaluatedKey"] ?? [:]])
        all["ExclusiveStartKey"] = first["LastEvaluatedKey"]
        let second = try bench.call("Query", self.query("db = :db AND #at > :zero", values, .object(all)))
        #expect(self.times(second) == ["4"])
        all["ExclusiveStartKey"] = second["LastEvaluatedKey"]
        let third = try bench.call("Query", self.query("db = :db AND #at > :zero", values, .object(all)))
        #expect(self.times(third) == ["10"])
        #expect(third["LastEvaluatedKey"] == nil)
    }

    @Test("a scan sees every item once, in pages, in segments and as a count")
    func scan() throws {
        var bench = try self.bench()
        var seen: [JSONValue] = []
        var parameters: [String: JSONValue] = ["TableName": "copies", "Limit": 1]
        repeat {
            let page = try bench.call("Scan", .object(parameters))
            seen += page["Items"]?.array ?? []
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        } while parameters["ExclusiveStartKey"] != nil
        #expect(seen.count == 6)
        #expect(Set(seen).count == 6)
        var counts = 0
        for segment in 0..<3 {
            let part: JSONValue = [
                "TableName": "copies", "Segment": .integer(Int64(segment)), "TotalSegments": 3, "Select": "COUNT",
            ]
            let result = try bench.call("Scan", part)
            #expect(result["Items"] == nil)
            counts += result["Count"]?.int ?? 0
        }
        #expect(counts == 6)
    }

    @Test("batches write and read many items, and refuse duplicates")
    func batches() throws {
        var bench = try DynamoDBBench()
        let puts: [JSONValue] = (0..<25).map { ["PutRequest": ["Item": ["pk": ["S": "k\($0)"]]]] }
        #expect(
            try bench.call("BatchWriteItem", ["RequestItems": ["slots": .array(puts)]]) == ["UnprocessedItems": [:]]
        )
        #expect(bench.refusal("BatchWriteItem", ["RequestItems": ["slots": .array(puts + puts)]]) != nil)
        #expect(bench.refusal("BatchWriteItem", ["RequestItems": ["slots": .array([puts[0], puts[0]])]]) != nil)
        let mixed: JSONValue = [
            ["DeleteRequest": ["Key": ["pk": ["S": "k0"]]]], ["PutRequest": ["Item": ["pk": ["S": "new"]]]],
        ]
        try bench.call("BatchWriteItem", ["RequestItems": ["slots": mixed]])
        let keys: JSONValue = [["pk": ["S": "k0"]], ["pk": ["S": "k1"]], ["pk": ["S": "new"]]]
        let result = try bench.call("BatchGetItem", ["RequestItems": ["slots": ["Keys": keys]]])
        #expect(result["Responses"]?["slots"] == [["pk": ["S": "k1"]], ["pk": ["S": "new"]]])
        let twice: JSONValue = [["pk": ["S": "k1"]], ["pk": ["S": "k1"]]]
        #expect(
            bench.refusal("BatchGetItem", ["RequestItems": ["slots": ["Keys": twice]]])?.code == "ValidationException"
        )
    }

    @Test("a transaction writes all or nothing, and says why")
    func transaction() throws {
        var bench = try DynamoDBBench()
        try bench.put(["n": ["N": "1"]])
        let failing: JSONValue = [
            ["Put": ["TableName": "slots", "Item": ["pk": ["S": "b"]]]],
            [
                "Update": [
                    "TableName": "slots", "Key": ["pk": ["S": "a"]], "UpdateExpression": "SET n = :v",
                    "ConditionExpression": "n > :v", "ExpressionAttributeValues": [":v": ["N": "5"]],
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                ]
            ],
        ]
        let failure = bench.refusal("TransactWriteItems", ["TransactItems": failing])
        #expect(failure?.code == "TransactionCanceledException")
        #expect(failure?.message.hasSuffix("[None, ConditionalCheckFailed]") == true)
        let reasons = failure?.details["CancellationReasons"]
        #expect(reasons?.array?.first == ["Code": "None"])
        #expect(reasons?.array?.last?["Code"] == "ConditionalCheckFailed")
        #expect(reasons?.array?.last?["Item"] == ["pk": ["S": "a"], "n": ["N": "1"]])
        let get: JSONValue = ["TransactItems": [["Get": ["TableName": "slots", "Key": ["pk": ["S": "b"]]]]]]
        #expect(try bench.call("TransactGetItems", get) == ["Responses": [[:]]])
    }

    @Test("a token keeps a transaction from happening twice")
    func token() throws {
        var bench = try DynamoDBBench()
        func add(_ number: String) -> JSONValue {
            [
                "ClientRequestToken": "t1",
                "TransactItems": [
                    [
                        "Update": [
                            "TableName": "slots", "Key": ["pk": ["S": "a"]], "UpdateExpression": "ADD n :v",
                            "ExpressionAttributeValues": [":v": ["N": .string(number)]],
                        ]
                    ]
                ],
            ]
        }
        try bench.call("TransactWriteItems", add("1"))
        try bench.call("TransactWriteItems", add("1"))
        #expect(try bench.item() == ["n": ["N": "1"]])
        #expect(bench.refusal("TransactWriteItems", add("2"))?.code == "IdempotentParameterMismatchException")
        bench.now = bench.now + .seconds(600)
        try bench.call("TransactWriteItems", add("1"))
        #expect(try bench.item() == ["n": ["N": "2"]])
    }

    @Test("a transaction has no two writes of one item, and its checks have a condition")
    func badTransactions() throws {
        var bench = try DynamoDBBench()
        let put: JSONValue = ["Put": ["TableName": "slots", "Item": ["pk": ["S": "a"]]]]
        let check: JSONValue = ["ConditionCheck": ["TableName": "slots", "Key": ["pk": ["S": "a"]]]]
        for items: JSONValue in [[put, put], [check], [], [["Dance": [:]]]] {
            #expect(bench.refusal("TransactWriteItems", ["TransactItems": items])?.code == "ValidationException")
        }
    }
}
