// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import LocalAWS
import Testing

@Suite("EventBridgeModel patterns")
struct EventBridgePatternTests {
    /// A pattern, an event's detail, and whether they match.
    struct Case: CustomTestStringConvertible, Sendable {
        var pattern: String
        var detail: String
        var isMatch: Bool
        var testDescription: String { "\(self.pattern) on \(self.detail)" }

        init(_ pattern: String, _ detail: String, _ isMatch: Bool) {
            self.pattern = pattern
            self.detail = detail
            self.isMatch = isMatch
        }
    }

    private func test(_ pattern: String, _ event: String) throws(ModelFailure) -> JSONValue {
        var bench = EventBridgeBench()
        return try bench.call("TestEventPattern", ["EventPattern": .string(pattern), "Event": .string(event)])
    }

    static let cases: [Case] = [
        Case(#"{"a":["x","y"]}"#, #"{"a":"y"}"#, true),
        Case(#"{"a":["x","y"]}"#, #"{"a":"z"}"#, false),
        Case(#"{"a":["x"]}"#, #"{}"#, false),
        Case(#"{"a":["x"]}"#, #"{"a":["z","x"]}"#, true),
        Case(#"{"a":["x"]}"#, #"{"a":["z",["x"]]}"#, true),
        Case(#"{"a":["x"],"b":[1]}"#, #"{"a":"x","b":2}"#, false),
        Case(#"{"a":[1]}"#, #"{"a":1.0}"#, true),
        Case(#"{"a":[1]}"#, #"{"a":"1"}"#, false),
        Case(#"{"a":[true,null]}"#, #"{"a":null}"#, true),
        Case(#"{"a":[true]}"#, #"{"a":false}"#, false),
        Case(#"{"a":{"b":{"c":["x"]}}}"#, #"{"a":{"b":{"c":"x"}}}"#, true),
        Case(#"{"a":{"b":["x"],"c":["y"]}}"#, #"{"a":[{"b":"x","c":"y"}]}"#, true),
        Case(#"{"a":{"b":["x"],"c":["y"]}}"#, #"{"a":[{"b":"x"},{"c":"y"}]}"#, false),
        Case(#"{"a":[{"prefix":"rds:"}]}"#, #"{"a":"rds:db"}"#, true),
        Case(#"{"a":[{"prefix":"rds:"}]}"#, #"{"a":"db"}"#, false),
        Case(#"{"a":[{"prefix":{"equals-ignore-case":"RDS:"}}]}"#, #"{"a":"rds:db"}"#, true),
        Case(#"{"a":[{"suffix":".png"}]}"#, #"{"a":"x.png"}"#, true),
        Case(#"{"a":[{"suffix":".png"}]}"#, #"{"a":"x.PNG"}"#, false),
        Case(#"{"a":[{"suffix":{"equals-ignore-case":".png"}}]}"#, #"{"a":"x.PNG"}"#, true),
        Case(#"{"a":[{"equals-ignore-case":"Alice"}]}"#, #"{"a":"aLICE"}"#, true),
        Case(#"{"a":[{"equals-ignore-case":"Alice"}]}"#, #"{"a":"Bob"}"#, false),
        Case(#"{"a":[{"anything-but":"x"}]}"#, #"{"a":"y"}"#, true),
        Case(#"{"a":[{"anything-but":"x"}]}"#, #"{"a":"x"}"#, false),
        Case(#"{"a":[{"anything-but":"x"}]}"#, #"{}"#, false),
        Case(#"{"a":[{"anything-but":["x","y"]}]}"#, #"{"a":"y"}"#, false),
        Case(#"{"a":[{"anything-but":[1,2]}]}"#, #"{"a":3}"#, true),
        Case(#"{"a":[{"anything-but":{"prefix":"aws"}}]}"#, #"{"a":"awsbackup:x"}"#, false),
        Case(#"{"a":[{"anything-but":{"prefix":["aws","rds"]}}]}"#, #"{"a":"mine"}"#, true),
        Case(#"{"a":[{"anything-but":{"suffix":"x"}}]}"#, #"{"a":"y"}"#, true),
        Case(#"{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}"#, #"{"a":"a/lib/b"}"#, false),
        Case(#"{"a":[{"anything-but":{"equals-ignore-case":["x"]}}]}"#, #"{"a":"X"}"#, false),
        Case(#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, #"{"a":5}"#, true),
        Case(#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, #"{"a":0}"#, false),
        Case(#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, #"{"a":5.01}"#, false),
        Case(#"{"a":[{"numeric":["=",300]}]}"#, #"{"a":3.0e2}"#, true),
        Case(#"{"a":[{"numeric":["<",10]}]}"#, #"{"a":"5"}"#, false),
        Case(#"{"a":[{"exists":true}]}"#, #"{"a":null}"#, true),
        Case(#"{"a":[{"exists":true}]}"#, #"{"b":1}"#, false),
        Case(#"{"a":[{"exists":false}]}"#, #"{"b":1}"#, true),
        Case(#"{"a":{"b":[{"exists":false}]}}"#, #"{}"#, true),
        Case(#"{"a":{"b":[{"exists":false}]}}"#, #"{"a":{"b":1}}"#, false),
        Case(#"{"a":[{"exists":true}]}"#, #"{"a":{"b":1}}"#, false),
        Case(#"{"a":[{"wildcard":"prod-*"}]}"#, #"{"a":"prod-1"}"#, true),
        Case(#"{"a":[{"wildcard":"*-db-*-x"}]}"#, #"{"a":"eu-db-db-1-x"}"#, true),
        Case(#"{"a":[{"wildcard":"*-db-*-x"}]}"#, #"{"a":"eu-db-x"}"#, false),
        Case(#"{"a":[{"wildcard":"a*a"}]}"#, #"{"a":"a"}"#, false),
        Case(#"{"a":[{"wildcard":"*"}]}"#, #"{"a":""}"#, true),
        Case(#"{"a":[{"wildcard":"a\\*b"}]}"#, #"{"a":"a*b"}"#, true),
        Case(#"{"a":[{"wildcard":"a\\*b"}]}"#, #"{"a":"axb"}"#, false),
        Case(#"{"a":[{"cidr":"10.0.0.0/23"}]}"#, #"{"a":"10.0.1.255"}"#, true),
        Case(#"{"a":[{"cidr":"10.0.0.0/23"}]}"#, #"{"a":"10.0.2.0"}"#, false),
        Case(#"{"a":[{"cidr":"10.0.0.0/8"}]}"#, #"{"a":"ten"}"#, false),
        Case(#"{"a":[{"cidr":"2001:db8::/33"}]}"#, #"{"a":"2001:db8:7fff::1"}"#, true),
        Case(#"{"a":[{"cidr":"2001:db8::/33"}]}"#, #"{"a":"2001:db8:8000::"}"#, false),
        Case(#"{"$or":[{"a":["x"]},{"b":[{"numeric":[">",3]}]}]}"#, #"{"b":4}"#, true),
        Case(#"{"$or":[{"a":["x"]},{"b":[{"numeric":[">",3]}]}]}"#, #"{"a":"y","b":3}"#, false),
        Case(#"{"c":[1],"$or":[{"a":["x"]},{"b":["y"]}]}"#, #"{"a":"x","c":2}"#, false),
    ]

    @Test("patterns match as the user guide says", arguments: Self.cases)
    func matching(_ item: Case) throws {
        let event = """
            {"id":"1","account":"111122223333","source":"aws.rds","time":"2026-01-01T00:00:00Z","region":"us-east-1",
             "resources":[],"detail-type":"x","detail":\(item.detail)}
            """
        let result = try self.test(#"{"source":["aws.rds"],"detail":\#(item.pattern)}"#, event)
        #expect(result == ["Result": .bool(item.isMatch)])
    }

    @Test(
        "malformed patterns are refused",
        arguments: [
            "", "nonsense", "[]", "{}", #"{"a":"x"}"#, #"{"a":[]}"#, #"{"a":{}}"#, #"{"a":[["x"]]}"#,
            #"{"a":[{"prefix":1}]}"#, #"{"a":[{"glob":"x"}]}"#, #"{"a":[{"prefix":"x","suffix":"y"}]}"#,
            #"{"a":[{"numeric":[">"]}]}"#, #"{"a":[{"numeric":["!",1]}]}"#, #"{"a":[{"numeric":[">",5,"<",1]}]}"#,
            #"{"a":[{"numeric":[">","5"]}]}"#, #"{"a":[{"exists":1}]}"#, #"{"a":[{"cidr":"10.0.0.0"}]}"#,
            #"{"a":[{"cidr":"10.0.0.0/33"}]}"#, #"{"a":[{"cidr":"1::2::3/8"}]}"#, #"{"a":[{"wildcard":"a**b"}]}"#,
            #"{"a":[{"wildcard":"a\\b"}]}"#, #"{"a":[{"anything-but":[]}]}"#, #"{"a":[{"anything-but":null}]}"#,
            #"{"$or":[{"a":["x"]}]}"#, #"{"$or":{"a":["x"]}}"#,
        ]
    )
    func malformed(pattern: String) throws {
        let failure = #expect(throws: ModelFailure.self) { try self.test(pattern, "{}") }
        #expect(failure?.code == "InvalidEventPatternException")
        var bench = EventBridgeBench()
        let rule: JSONValue = ["Name": "r", "EventPattern": .string(pattern.isEmpty ? " " : pattern)]
        #expect(bench.refusal("PutRule", rule)?.code == "InvalidEventPatternException")
    }

    @Test("the event to test must be whole", arguments: ["", "[]", #"{"id":"1"}"#])
    func incompleteEvent(event: String) {
        let failure = #expect(throws: ModelFailure.self) { try self.test(#"{"a":["x"]}"#, event) }
        #expect(failure?.code == "ValidationException")
    }
}
