# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Ways in which the templates are used, for whatever looks at each of them."""

from __future__ import annotations

import json

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/snapferry:0.1.0"
KEY = "arn:aws:kms:us-east-1:111122223333:key/00000000-1111-2222-3333-444444444444"
FAR_KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-1111-2222-3333-444444444444"
FLEET = "arn:aws:iam::111122223333:role/snapferry-TaskRole"
PEOPLE = "arn:aws:iam::111122223333:role/people/dba"
POLICY = json.dumps(
    {
        "routes": [
            {
                "name": "prod-to-vault",
                "source": {"regions": ["us-east-1"], "hopKey": "alias/snapferry-hop"},
                "destinations": [
                    {
                        "region": "eu-west-1", "account": "444455556666", "kmsKey": "alias/snapferry",
                        "role": "arn:aws:iam::444455556666:role/snapferry-destination", "externalId": "from-prod",
                    }
                ],
            }
        ]
    },
    separators=(",", ":"),
)

SETS: dict[str, dict[str, dict[str, str]]] = {
    "snapferry": {
        "the least": {"Image": IMAGE, "DestinationRegions": "eu-west-1"},
        "public addresses, from zero, x86": {
            "Image": IMAGE, "DestinationRegions": "eu-west-1", "DestinationKey": "alias/snapferry",
            "AssignPublicIp": "ENABLED", "MinWorkers": "0", "CpuArchitecture": "X86_64", "AlarmEmail": "dba@example.com",
        },
        "a VPC, a policy as text, other accounts, own keys": {
            "Image": IMAGE, "PolicyDocument": POLICY,
            "AssumableRoles": "arn:aws:iam::444455556666:role/snapferry-destination,"
            "arn:aws:iam::777788889999:role/snapferry-source",
            "ForwardingAccounts": "777788889999,888899990000", "VpcId": "vpc-0123456789abcdef0",
            "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1", "UsableKeys": f"{KEY},{FAR_KEY}",
            "NotifyBus": "arn:aws:events:us-east-1:111122223333:event-bus/operations", "EncryptionKey": KEY, "PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary",
        },
        "a policy in the parameter store": {
            "Image": IMAGE, "PolicyParameter": "/snapferry/policy", "MinWorkers": "2", "MaxWorkers": "8",
        },
        "another account without a policy": {
            "Image": IMAGE, "DestinationRegions": "444455556666/eu-west-1",
            "DestinationRole": "arn:aws:iam::444455556666:role/snapferry-destination", "ExternalId": "from-prod",
            "AssumableRoles": "arn:aws:iam::444455556666:role/snapferry-destination", "HopKey": "alias/snapferry-hop",
            "DestinationKey": "alias/snapferry", "SourceRegions": "us-east-1,us-west-2",
        },
    },
    "destination": {
        "a key in the fleet's account": {},
        "another account": {"FleetRoleArns": FLEET, "ExternalId": "from-prod", "RoleRegion": "us-east-1"},
        "another account's second Region": {"FleetRoleArns": FLEET, "ExternalId": "from-prod", "RoleRegion": "eu-west-1"},
        "a key that is there": {
            "FleetRoleArns": f"{FLEET},{PEOPLE}", "ExternalId": "from-prod", "CreateKey": "false", "ExistingKeyArn": FAR_KEY,
            "SourceKeys": KEY, "PermissionsBoundary": "arn:aws:iam::444455556666:policy/boundary",
        },
    },
    "source-account": {
        "a further Region": {"FleetBusArn": "arn:aws:events:us-east-1:111122223333:event-bus/snapferry"},
        "another account": {
            "FleetBusArn": "arn:aws:events:us-east-1:111122223333:event-bus/snapferry", "FleetRoleArns": FLEET,
            "ExternalId": "from-dr", "DestinationAccounts": "444455556666,777788889999",
        },
        "the hop's key alone": {"DestinationAccounts": "444455556666"},
        "no events, a bound role": {
            "FleetRoleArns": FLEET, "ExternalId": "from-dr", "UsableKeys": KEY, "RoleRegion": "us-east-1",
            "PermissionsBoundary": "arn:aws:iam::444455556666:policy/boundary",
        },
    },
}

CASES = [(template, name) for template, sets in SETS.items() for name in sets]
IDS = [f"{template}: {name}" for template, name in CASES]
