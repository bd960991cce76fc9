// SPDX-License-Identifier: Apache-2.0
// Copyright (c) the snapferry authors

package import AWSClient

/// The policy's JSON Schema: what editors complete and explain.
///
/// It describes shapes. What contradicts what is for ``PolicyRules``; the tests hold it and ``PolicyReader`` together.
///
/// Source: JSON Schema, draft 2020-12.
package enum PolicySchema {
    package static let document: JSONValue = [
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:snapferry:policy",
        "title": "snapferry policy",
        "description":
            "Which RDS and Aurora snapshots are copied, where to, under which key, and how long copies are kept.",
        "type": "object",
        "additionalProperties": false,
        "required": ["routes"],
        "properties": [
            "$schema": [
                "type": "string", "description": "Where editors find this schema; the fleet passes it over.",
                "examples": ["./snapferry-policy.schema.json"],
            ],
            "routes": [
                "type": "array", "minItems": 1, "items": ["$ref": "#/$defs/route"],
                "description": .string(
                    "Each says which snapshots go to which destinations, under which rules. Where two lead a snapshot "
                        + "to one destination, the higher priority decides, then the order here."
                ),
            ],
        ],
        "$defs": [
            "route": Self.route, "source": Self.source, "match": Self.match, "destination": Self.destination,
            "slots": Self.slots, "retention": Self.retention,
        ],
    ]

    // MARK: - Objects

    private static func object(
        _ description: String,
        required: [String] = [],
        _ properties: [String: JSONValue]
    ) -> JSONValue {
        .compact([
            "type": "object", "description": .string(description), "additionalProperties": false,
            "required": required.isEmpty ? JSONValue?.none : .array(required.map { .string($0) }),
            "properties": .object(properties),
        ])
    }

    private static let route = Self.object(
        "Which snapshots go to which destinations, under which rules.",
        required: ["name", "source", "destinations"],
        [
            "name": [
                "type": "string", "minLength": 1, "maxLength": 128, "examples": ["prod-to-ireland"],
                "description": "A name of its own, for logs, metrics and the tag snapferry:route.",
            ],
            "priority": Self.integer("The higher goes first.", -1000...1000, standard: 0),
            "source": ["$ref": "#/$defs/source"],
            "match": ["$ref": "#/$defs/match"],
            "destinations": [
                "type": "array", "minItems": 1, "items": ["$ref": "#/$defs/destination"],
                "description": "Where the copies go; no two the same.",
            ],
            "newestOnly": Self.flag(
                "Whether a snapshot that a newer one of its database overtakes before its copy starts is dropped.",
                standard: false
            ),
            "rpo": Self.duration(
                "How old the data of a database's newest confirmed copy may get; at least 1m.",
                examples: ["26h"]
            ),
            "retention": ["$ref": "#/$defs/retention"],
        ]
    )

    private static let source = Self.object(
        "Where the snapshots come from.",
        required: ["regions"],
        [
            "regions": Self.list("The source Regions.", of: Self.region("A source Region.", examples: ["us-east-1"])),
            "accounts": Self.list(
                "The source accounts; the fleet's own alone where this is left out.",
                of: Self.account("Twelve digits.")
            ),
            "role": Self.role(
                "The role to take on for calls in the source's account, where that is not the fleet's own."
            ),
            "externalId": Self.text("What the role's trust policy asks for.", examples: ["snapferry"]),
            "hopKey": Self.text(
                "A key of yours in the source's account and Region, under which snapshots are encrypted anew that can't leave "
                    + "their account as they are: automated ones, and those under the default key.",
                examples: ["alias/hop"]
            ),
        ]
    )

    private static let match = Self.object(
        "Which of the source's snapshots the route takes; all of the tests have to agree.",
        [
            "kinds": Self.choices(
                "DB instances, DB clusters (Aurora and Multi-AZ), or both.",
                SnapshotKind.allCases.map(\.rawValue),
                standard: ["instance", "cluster"]
            ),
            "types": Self.choices(
                "How RDS came to have the snapshot; awsbackup stands for AWS Backup's.",
                Snapshot.Origin.allCases.map(\.rawValue),
                standard: ["automated", "manual"]
            ),
            "engines": Self.patterns(
                "One of them has to describe the engine.",
                examples: ["aurora-*"],
                standard: ["*"]
            ),
            "databases": Self.patterns(
                "One of them has to describe the DB instance's or DB cluster's identifier.",
                examples: ["prod-*"],
                standard: ["*"]
            ),
            "exclude": Self.patterns("None of them may describe the database.", examples: ["*-scratch"], standard: []),
            "snapshots": Self.patterns(
                "One of them has to describe the snapshot's identifier, rds: and all.",
                allowing: ":",
                examples: ["rds:*"],
                standard: ["*"]
            ),
            "excludeSnapshots": Self.patterns(
                "None of them may describe the snapshot's identifier.",
                allowing: ":",
                examples: ["*-adhoc"],
                standard: []
            ),
            "tags": Self.map(
                "Tags that the snapshot has to carry: for each key a pattern of its value.",
                ["dr": "true"]
            ),
            "databaseTags": Self.map(
                "Tags that the database has to carry now, which takes one more call for each 100 databases.",
                ["tier": "g*"]
            ),
        ]
    )

    private static let destination = Self.object(
        "Where copies go, and what they are like there.",
        required: ["region"],
        [
            "region": Self.region("The Region that copies go to.", examples: ["eu-west-1"]),
            "account": Self.account("The account that copies go to; the role's, or else the fleet's own."),
            "role": Self.role("The role to take on for calls there; the fleet's own credentials where it is left out."),
            "externalId": Self.text("What the role's trust policy asks for.", examples: ["snapferry"]),
            "kmsKey": Self.text(
                "The key that encrypted copies get: id, alias/name, or the ARN of either, in the destination's Region. Copies of "
                    + "encrypted snapshots need one; it is never guessed.",
                examples: ["alias/dr"]
            ),
            "optionGroups": Self.map(
                "The destination's option group for each of the source's.",
                ["oracle-tde": "oracle-tde-dr"],
                least: 1
            ),
            "copyOptionGroup": Self.flag(
                "Whether copies into another account bring the source's option group, where optionGroups names none.",
                standard: false
            ),
            "slots": ["$ref": "#/$defs/slots"],
            "headroom": Self.integer("How many of the slots the fleet leaves to people.", 0...999, standard: 0),
            "tags": Self.map("Tags that copies get; they win over the source's.", ["env": "dr"]),
            "copyTags": Self.flag("Whether copies carry the source's tags as well.", standard: true),
        ]
    )

    private static let slots = Self.object(
        "How many copies RDS runs at once into this account and Region, where that is not 20 and 5.",
        [
            "instance": Self.integer("Copies of DB snapshots.", 1...1000, standard: 20),
            "cluster": Self.integer("Copies of DB cluster snapshots.", 1...1000, standard: 5),
        ]
    )

    private static let retention = Self.object(
        "How long copies are kept: each stays as long as any of these wants it.",
        [
            "keepNewest": Self.integer("The newest so many copies of each database.", 0...10_000, standard: 0),
            "keepFor": Self.duration("Copies of data younger than this; at least 1h.", examples: ["35d"]),
            "daily": Self.integer("The last copy of each of the newest so many days.", 0...10_000, standard: 0),
            "weekly": Self.integer("The same for ISO weeks.", 0...10_000, standard: 0),
            "monthly": Self.integer("The same for months.", 0...10_000, standard: 0),
            "yearly": Self.integer("The same for years.", 0...10_000, standard: 0),
            "minimum": Self.integer(
                "Available copies of each database that stay whatever the other rules say.",
                1...10_000,
                standard: 1
            ),
            "maxDeletesPerRun": Self.integer(
                "How many copies one run deletes at a destination at the most.",
                1...10_000,
                standard: 20
            ),
            "afterConfirm": Self.flag(
                "Whether workers prune by themselves once copies of the route are confirmed.",
                standard: false
            ),
            "whenQuotaIsFull": Self.flag(
                "Whether workers prune by themselves when the destination has no room for another manual snapshot.",
                standard: false
            ),
        ]
    )

    // MARK: - Values

    private static func text(_ description: String, pattern: String? = nil, examples: [String]) -> JSONValue {
        .compact([
            "type": "string", "description": .string(description),
            "pattern": pattern.map { .string($0) },
            "minLength": pattern == nil ? 1 : JSONValue?.none,
            "examples": .array(examples.map { .string($0) }),
        ])
    }

    private static func region(_ description: String, examples: [String]) -> JSONValue {
        self.text(description, pattern: "^[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}$", examples: examples)
    }

    private static func account(_ description: String) -> JSONValue {
        self.text(description, pattern: "^[0-9]{12}$", examples: ["444455556666"])
    }

    private static func role(_ description: String) -> JSONValue {
        self.text(
            description,
            pattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]*[!-.0-~]$",
            examples: ["arn:aws:iam::444455556666:role/snapferry"]
        )
    }

    private static func duration(_ description: String, examples: [String]) -> JSONValue {
        self.text(
            description + " A whole number and m, h, d or w.",
            pattern: "^[0-9]{1,7}[mhdw]$",
            examples: examples
        )
    }

    private static func integer(_ description: String, _ range: ClosedRange<Int>, standard: Int) -> JSONValue {
        [
            "type": "integer", "description": .string(description), "minimum": .integer(Int64(range.lowerBound)),
            "maximum": .integer(Int64(range.upperBound)), "default": .integer(Int64(standard)),
        ]
    }

    private static func flag(_ description: String, standard: Bool) -> JSONValue {
        ["type": "boolean", "description": .string(description), "default": .bool(standard)]
    }

    private static func list(_ description: String, of items: JSONValue, standard: [String]? = nil) -> JSONValue {
        .compact([
            "type": "array", "description": .string(description), "items": items,
            // Nothing to exclude may be written down; nothing to take makes no sense.
            "minItems": standard == [] ? JSONValue?.none : 1,
            "default": standard.map { .array($0.map { .string($0) }) },
        ])
    }

    private static func choices(_ description: String, _ values: [String], standard: [String]) -> JSONValue {
        self.list(
            description,
            of: ["type": "string", "enum": .array(values.map { .string($0) })],
            standard: standard
        )
    }

    private static func patterns(
        _ description: String,
        allowing more: String = "",
        examples: [String],
        standard: [String]
    ) -> JSONValue {
        let item = self.text(
            "* stands for any text, ? for one character; case does not matter.",
            pattern: "^[A-Za-z0-9*?\(more)-]+$",
            examples: examples
        )
        return self.list(description, of: item, standard: standard)
    }

    private static func map(_ description: String, _ example: [String: JSONValue], least: Int = 0) -> JSONValue {
        [
            "type": "object", "description": .string(description),
            "additionalProperties": ["type": "string", "minLength": .integer(Int64(least))],
            "examples": [.object(example)],
        ]
    }
}
