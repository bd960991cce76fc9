// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

import AWSClient
import SnapshotFleet
import Testing

@Suite("The policy's JSON Schema")
struct PolicySchemaTests {
    private static let validator = SchemaValidator(root: PolicySchema.document)

    /// Everything that may be in a policy.
    private static let full = #"""
        { "$schema": "./x.json", "routes": [ {
            "name": "prod-to-ireland", "priority": 10,
            "source": { "regions": ["us-east-1"], "accounts": ["111122223333"],
                        "role": "arn:aws:iam::111122223333:role/out", "externalId": "x", "hopKey": "alias/hop" },
            "match": { "kinds": ["instance", "cluster"], "types": ["automated", "manual", "awsbackup"],
                       "engines": ["aurora-*"], "databases": ["prod-*"], "exclude": [], "snapshots": ["rds:*"],
                       "excludeSnapshots": ["*-adhoc"], "tags": { "dr": "true" }, "databaseTags": { "tier": "g*" } },
            "destinations": [ { "region": "eu-west-1", "account": "444455556666",
                                "role": "arn:aws:iam::444455556666:role/dr/snapferry", "externalId": "x",
                                "kmsKey": "alias/dr", "optionGroups": { "a": "b" },
                                "copyOptionGroup": true,
                                "slots": { "instance": 20, "cluster": 4 }, "headroom": 1, "tags": { "env": "dr" },
                                "copyTags": false } ],
            "newestOnly": true, "rpo": "26h",
            "retention": { "keepNewest": 7, "keepFor": "35d", "daily": 7, "weekly": 5, "monthly": 12, "yearly": 1,
                           "minimum": 2, "maxDeletesPerRun": 20, "afterConfirm": false, "whenQuotaIsFull": true } } ] }
        """#

    /// One object of the schema: its properties, and where in a document it stands.
    private struct Place {
        let path: String
        let schema: JSONValue
        /// A whole document with something added to this object.
        let document: (_ member: String, _ value: JSONValue) -> JSONValue
    }

    private static func parse(_ document: JSONValue) -> [PolicyProblem] {
        do throws(PolicyError) {
            _ = try PolicyDocument.parse(document.serialized(), source: "test")
            return []
        } catch {
            return error.problems
        }
    }

    /// Every object of the schema that has properties, found by walking it.
    private static func places() throws -> [Place] {
        let document = try JSONValue(parsing: self.full)
        var places: [Place] = []
        func walk(_ schema: JSONValue, _ path: String, _ build: @escaping (JSONValue) -> JSONValue, _ value: JSONValue)
        {
            let schema = self.validator.resolved(schema)
            if let properties = schema["properties"]?.object {
                places.append(
                    Place(path: path, schema: schema) { member, added in
                        build(.object((value.object ?? [:]).merging([member: added]) { $1 }))
                    }
                )
                for (name, inner) in properties.sorted(by: { $0.key < $1.key }) {
                    let rebuild = { (new: JSONValue) -> JSONValue in
                        build(.object((value.object ?? [:]).merging([name: new]) { $1 }))
                    }
                    walk(inner, path.isEmpty ? name : "\(path).\(name)", rebuild, value[name] ?? [:])
                }
            } else if let items = schema["items"] {
                walk(items, "\(path)[0]", { build(.array([$0])) }, value.array?.first ?? [:])
            }
        }
        walk(self.validator.root, "", { $0 }, document)
        return places
    }

    @Test("knows the names that the reader knows, and no others") func names() throws {
        let places = try Self.places()
        #expect(
            places.map(\.path) == [
                "", "routes[0]", "routes[0].destinations[0]", "routes[0].destinations[0].slots", "routes[0].match",
                "routes[0].retention", "routes[0].source",
            ]
        )
        for place in places {
            let odd = "qqqqqqqqqqqqqqqqqqqqqqqq"
            let problems = Self.parse(place.document(odd, 1))
            let path = place.path.isEmpty ? odd : "\(place.path).\(odd)"
            let remedy = try #require(problems.first { $0.path == path }?.remedy, "\(place.path)")
            let known = try #require(remedy.split(separator: "known here: ").last).split(separator: ", ").map(
                String.init
            )
            let described = try #require(place.schema["properties"]?.object).keys.filter { !$0.hasPrefix("$") }
            #expect(known.sorted() == described.sorted(), "\(place.path)")
            #expect(place.schema["additionalProperties"] == false)
            #expect(!Self.validator.problems(place.document(odd, 1)).isEmpty)
        }
    }

    /// Values that fit some member of some object, and none of the others.
    private static func probes(of schema: JSONValue) -> [JSONValue] {
        var values: [JSONValue] = [1, 1.5, "", "x", "26h", true, [], ["x"], [1], [:], ["x": "y"], ["x": 1]]
        for bound in [schema["minimum"], schema["maximum"]].compactMap({ $0?.int }) {
            values += [bound - 1, bound, bound + 1].map { .integer(Int64($0)) }
        }
        let item = schema["items"] ?? [:]
        values += ((item["enum"]?.array ?? []) + (item["examples"]?.array ?? [])).map { [$0] }
        return values + self.samples(of: schema)
    }

    /// What the schema itself holds up as right.
    private static func samples(of schema: JSONValue) -> [JSONValue] {
        (schema["examples"]?.array ?? []) + (schema["default"].map { [$0] } ?? [])
    }

    /// Whether the reader finds something wrong with a member or with what is in it.
    private static func refuses(_ document: JSONValue, at path: String) -> Bool {
        self.parse(document).contains { problem in
            problem.path == path || problem.path.hasPrefix("\(path)[") || problem.path.hasPrefix("\(path).")
        }
    }

    @Test("takes no shape that the reader refuses, and describes every member") func shapes() throws {
        var checked = 0
        for place in try Self.places() {
            for (name, property) in try #require(place.schema["properties"]?.object) where name != "$schema" {
                let path = place.path.isEmpty ? name : "\(place.path).\(name)"
                let schema = Self.validator.resolved(property)
                let description = (property["description"] ?? schema["description"])?.string ?? ""
                #expect(description.hasSuffix("."), "\(path) is not described")
                for value in Self.probes(of: schema) {
                    let document = place.document(name, value)
                    // The reader may refuse more: what a value means is not a matter of shape.
                    let isInvalid = Self.validator.problems(document).contains { $0.hasPrefix(".\(path)") }
                    if isInvalid { #expect(Self.refuses(document, at: path), "\(path): the reader takes \(value)") }
                    checked += 1
                }
                for value in Self.samples(of: schema) {
                    #expect(Self.validator.problems(place.document(name, value)) == [], "\(path): \(value)")
                }
                // A number is the reader's and the schema's within the same bounds.
                for bound in [schema["minimum"], schema["maximum"]].compactMap({ $0 }) {
                    let problems = Self.parse(place.document(name, bound)).map(\.problem)
                    #expect(!problems.contains { $0.contains("out of bounds") }, "\(path): \(bound)")
                }
            }
        }
        #expect(checked > 400)
    }

    @Test(
        "refuses what the reader refuses for its shape",
        arguments: [
            "[]", "{}", #"{"routes":[]}"#, #"{"routes":[{}]}"#, #"{"routes":{}}"#, #"{"route":[]}"#,
            #"{"routes":[{"name":"","source":{"regions":["us-east-1"]},"destinations":[{"region":"eu-west-1"}]}]}"#,
            #"{"routes":[{"name":"a","source":{"regions":[]},"destinations":[{"region":"eu-west-1"}]}]}"#,
            #"{"routes":[{"name":"a","source":{"regions":["us-east-1"]},"destinations":[]}]}"#,
            #"{"routes":[{"name":"a","source":{"regions":["moon"]},"destinations":[{"region":"eu-west-1"}]}]}"#,
        ]
    )
    func refused(text: String) throws {
        let document = try JSONValue(parsing: text)
        #expect(!Self.validator.problems(document).isEmpty)
        #expect(!Self.parse(document).isEmpty)
    }

    @Test("takes a policy that has everything") func whole() throws {
        let document = try JSONValue(parsing: Self.full)
        #expect(Self.validator.problems(document) == [])
        #expect(Self.parse(document).isEmpty)
        for place in try Self.places() {
            let properties = try #require(place.schema["properties"]?.object)
            for name in properties.keys {
                // So that the walk above goes everywhere.
                let path = "\(place.path).\(name)"
                #expect(Self.value(at: place.path, in: document)?[name] != nil, "\(path) is not in the full example")
            }
        }
    }

    private static func value(at path: String, in document: JSONValue) -> JSONValue? {
        path.split(separator: ".").reduce(document as JSONValue?) { value, step in
            let name = String(step.split(separator: "[")[0])
            return step.hasSuffix("[0]") ? value?[name]?.array?.first : value?[name]
        }
    }
}
