// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("DynamoDBModel expressions")
struct DynamoDBExpressionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var expression: String
        var isTrue: Bool
        var testDescription: String { self.expression }

        init(_ expression: String, _ isTrue: Bool) {
            self.expression = expression
            self.isTrue = isTrue
        }
    }

    private static let item: JSONValue = [
        "n": ["N": "5"], "s": ["S": "hello"], "b": ["B": "aGVsbG8="], "yes": ["BOOL": true], "nil": ["NULL": true],
        "tags": ["SS": ["x", "y"]], "nums": ["NS": ["1", "2.0"]],
        "m": ["M": ["in": ["L": [["N": "1"], ["S": "deep"]]]]],
        "big": ["N": "12345678901234567890123456789012345678"],
    ]

    private static let values: [String: JSONValue] = [
        ":four": ["N": "4"], ":five": ["N": "5.00"], ":six": ["N": "6e0"], ":hello": ["S": "hello"],
        ":he": ["S": "he"], ":x": ["S": "x"], ":two": ["N": "2"], ":N": ["S": "N"], ":true": ["BOOL": true],
        ":big": ["N": "12345678901234567890123456789012345677"], ":one": ["N": "1"], ":deep": ["S": "deep"],
    ]

    static let cases: [Case] = [
        Case("n = :five", true), Case("n <> :five", false), Case("n < :six", true), Case("n > :four", true),
        Case("n >= :five", true), Case("n <= :four", false), Case("s < :five", false), Case("n = :hello", false),
        Case("big > :big", true), Case("n BETWEEN :four AND :six", true), Case("n between :six and :six", false),
        Case("n IN (:four, :five)", true), Case("n IN (:four)", false), Case("absent = :five", false),
        Case("absent <> :five", true), Case("absent < :five", false), Case("attribute_exists(n)", true),
        Case("attribute_exists(absent)", false), Case("attribute_not_exists(absent)", true),
        Case("attribute_type(n, :N)", true), Case("attribute_type(s, :N)", false), Case("begins_with(s, :he)", true),
        Case("begins_with(n, :he)", false), Case("contains(s, :he)", true), Case("contains(tags, :x)", true),
        Case("contains(nums, :two)", true), Case("contains(tags, :hello)", false),
        Case("contains(m.#in, :deep)", true), Case("size(s) = :five", true), Case("size(tags) = :two", true),
        Case("size(n) = :two", false), Case("size(b) > :four", true), Case("m.#in[0] = :one", true),
        Case("m.#in[1] = :deep", true), Case("m.#in[2] = :deep", false), Case("yes = :true", true),
        Case("NOT n = :five", false), Case("NOT (n = :four OR n = :six)", true),
        Case("n = :four OR n = :five AND s = :hello", true), Case("(n = :four OR n = :five) AND s = :he", false),
        Case("n = :five OR n = :five AND s = :he", true), Case("not n = :four and not s = :he", true),
        Case("attribute_not_exists(pk) OR n < :six OR s = :he", true), Case(":five = n", true),
        Case("s = s", true), Case("n < size(s)", false),
    ]

    @Test("conditions hold as the developer guide says", arguments: Self.cases)
    func conditions(_ item: Case) throws {
        var bench = try DynamoDBBench()
        try bench.put(Self.item)
        let values = Self.values.filter { name, _ in
            // Only placeholders that the expression uses may be given.
            item.expression.split { " ,()".contains($0) }.contains(Substring(name))
        }
        var parameters: [String: JSONValue] = [
            "TableName": "slots", "Key": ["pk": ["S": "a"]], "ConditionExpression": .string(item.expression),
        ]
        if !values.isEmpty { parameters["ExpressionAttributeValues"] = .object(values) }
        if item.expression.contains("#in") { parameters["ExpressionAttributeNames"] = ["#in": "in"] }
        let failure = bench.refusal("DeleteItem", .object(parameters))
        #expect(failure?.code == (item.isTrue ? nil : "ConditionalCheckFailedException"), "\(failure?.message ?? "")")
    }

    @Test(
        "expressions that are none are refused",
        arguments: [
            ("owner = :v", "reserved keyword: owner"), ("Status = :v", "reserved keyword: Status"),
            ("a.ttl = :v", "reserved keyword: ttl"), ("name = :v", "reserved keyword: name"),
            ("a = :w", "value used in expression is not defined"), ("#b = :v", "name used in the document path"),
            ("a = ", "Syntax error"), ("a == :v", "Syntax error"), ("(a = :v", "Syntax error"),
            ("a = :v)", "Syntax error"), ("a ! :v", "Syntax error"), ("a[x] = :v", "Syntax error"),
            ("", "can not be empty"), ("a IN :v", "Syntax error"), ("magic(a, :v)", "Syntax error"),
            ("attribute_exists(a)", "unused in expressions"),
        ]
    )
    func badConditions(expression: String, text: String) throws {
        var bench = try DynamoDBBench()
        let parameters: JSONValue = [
            "TableName": "slots", "Item": ["pk": ["S": "a"]], "ConditionExpression": .string(expression),
            "ExpressionAttributeValues": [":v": ["N": "1"]],
        ]
        let failure = bench.refusal("PutItem", parameters)
        #expect(failure?.code == "ValidationException")
        #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
    }

    @Test("names that are not used are refused")
    func unusedNames() throws {
        var bench = try DynamoDBBench()
        let failure = bench.refusal(
            "PutItem",
            ["TableName": "slots", "Item": ["pk": ["S": "a"]], "ExpressionAttributeNames": ["#x": "x"]]
        )
        #expect(failure?.message.contains("ExpressionAttributeNames") == true)
    }

    struct Update: CustomTestStringConvertible, Sendable {
        var expression: String
        var values: JSONValue
        var expected: JSONValue
        var testDescription: String { self.expression }

        init(_ expression: String, _ values: JSONValue, _ expected: JSONValue) {
            self.expression = expression
            self.values = values
            self.expected = expected
        }
    }

    static let updateCases: [Update] = [
        Update(
            "SET c = :v",
            [":v": ["S": "x"]],
            [
                "n": ["N": "5"], "l": ["L": [["N": "1"], ["N": "2"], ["N": "3"]]], "t": ["SS": ["x", "y"]],
                "m": ["M": ["k": ["N": "1"]]], "c": ["S": "x"],
            ]
        ),
        Update("SET n = n + :v", [":v": ["N": "0.1"]], ["n": ["N": "5.1"]]),
        Update("SET n = :v - n", [":v": ["N": "1"]], ["n": ["N": "-4"]]),
        Update("SET n = if_not_exists(absent, :v) + :v", [":v": ["N": "10"]], ["n": ["N": "20"]]),
        Update("SET n = if_not_exists(n, :v)", [":v": ["N": "10"]], ["n": ["N": "5"]]),
        Update(
            "SET l = list_append(l, :v)",
            [":v": ["L": [["N": "4"]]]],
            ["l": ["L": [["N": "1"], ["N": "2"], ["N": "3"], ["N": "4"]]]]
        ),
        Update("SET l = list_append(:v, l)", [":v": ["L": []]], ["l": ["L": [["N": "1"], ["N": "2"], ["N": "3"]]]]),
        Update(
            "SET l[1] = :v, l[9] = :v",
            [":v": ["N": "0"]],
            ["l": ["L": [["N": "1"], ["N": "0"], ["N": "3"], ["N": "0"]]]]
        ),
        Update("SET m.j = :v", [":v": ["N": "2"]], ["m": ["M": ["k": ["N": "1"], "j": ["N": "2"]]]]),
        Update("SET a = n, n = l", [:], ["a": ["N": "5"], "n": ["L": [["N": "1"], ["N": "2"], ["N": "3"]]]]),
        Update("REMOVE l[0], l[1]", [:], ["l": ["L": [["N": "3"]]]]),
        Update("REMOVE m.k, absent", [:], ["m": ["M": [:]]]),
        Update("ADD n :v", [":v": ["N": "-7"]], ["n": ["N": "-2"]]),
        Update("ADD fresh :v", [":v": ["N": "1"]], ["fresh": ["N": "1"]]),
        Update("ADD t :v", [":v": ["SS": ["y", "z"]]], ["t": ["SS": ["x", "y", "z"]]]),
        Update("DELETE t :v", [":v": ["SS": ["y", "z"]]], ["t": ["SS": ["x"]]]),
        Update("DELETE t :v", [":v": ["SS": ["x", "y"]]], ["t": nil]),
        Update(
            "set c = :v remove n add m.k :v",
            [":v": ["N": "3"]],
            ["c": ["N": "3"], "n": nil, "m": ["M": ["k": ["N": "4"]]]]
        ),
    ]

    @Test("updates change what they name", arguments: Self.updateCases)
    func updates(_ update: Update) throws {
        var bench = try DynamoDBBench()
        try bench.put([
            "n": ["N": "5"], "l": ["L": [["N": "1"], ["N": "2"], ["N": "3"]]], "t": ["SS": ["x", "y"]],
            "m": ["M": ["k": ["N": "1"]]],
        ])
        let before = try #require(try bench.item()?.object)
        try bench.call("UpdateItem", DynamoDBBench.update(update.expression, update.values))
        var expected = before
        for (name, value) in update.expected.object ?? [:] {
            expected[name] = value
            if value == .null { expected.removeValue(forKey: name) }
        }
        #expect(try bench.item() == .object(expected))
    }

    @Test(
        "updates that can't be are refused and change nothing",
        arguments: [
            ("SET pk = :v", "part of the key"), ("SET a = :v, a.b = :v", "overlap"),
            ("SET a = :v SET b = :v", "only be used once"),
            ("SET a = absent", "does not exist in the item"), ("SET absent.b = :v", "document path"),
            ("SET n = s + :v", "incorrect data type"), ("ADD s :v", "incorrect data type"),
            ("SET n = list_append(n, :v)", "incorrect data type"), ("SET a :v", "Syntax error"),
            ("PUT a = :v", "Syntax error"),
            ("SET name = :v", "reserved keyword"), ("", "can not be empty"),
        ]
    )
    func badUpdates(expression: String, text: String) throws {
        var bench = try DynamoDBBench()
        try bench.put(["n": ["N": "5"], "s": ["S": "x"]])
        let values: JSONValue = expression.contains(":v") ? [":v": ["N": "1"]] : [:]
        let failure = bench.refusal("UpdateItem", DynamoDBBench.update(expression, values))
        #expect(failure?.code == "ValidationException")
        #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
        #expect(try bench.item() == ["n": ["N": "5"], "s": ["S": "x"]])
    }

    @Test(
        "numbers are exact to 38 digits",
        arguments: [
            ("1", "2", "3"), ("0.1", "0.2", "0.3"),
            ("99999999999999999999999999999999999999", "-1", "99999999999999999999999999999999999998"),
            ("1e3", "-1000", "0"), ("-1.50", "0.25", "-1.25"), ("-5", "3", "-2"), ("1E-10", "1", "1.0000000001"),
            ("007", "-0", "7"), ("300", "500", "800"), ("95", "5", "100"),
        ]
    )
    func numbers(left: String, right: String, sum: String) throws {
        var bench = try DynamoDBBench()
        try bench.put(["n": ["N": .string(left)]])
        try bench.call("UpdateItem", DynamoDBBench.update("ADD n :v", [":v": ["N": .string(right)]]))
        #expect(try bench.item() == ["n": ["N": .string(sum)]])
    }

    @Test(
        "what is no number is refused",
        arguments: ["", "one", "1.2.3", "1e", "--1", "123456789012345678901234567890123456789", "1e127", "."]
    )
    func badNumbers(text: String) throws {
        var bench = try DynamoDBBench()
        let item: JSONValue = ["pk": ["S": "a"], "n": ["N": .string(text)]]
        #expect(bench.refusal("PutItem", ["TableName": "slots", "Item": item])?.code == "ValidationException")
    }
}
