# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Faults of AWS and of the network: each storm is bounded in its number of faults and in its time."""

from __future__ import annotations

import random
from typing import Any

from .model import DESTINATIONS

SQS = ("ReceiveMessage", "ChangeMessageVisibilityBatch", "ChangeMessageVisibility", "DeleteMessageBatch",
       "SendMessageBatch", "SendMessage")
RDS = ("CopyDBSnapshot", "CopyDBClusterSnapshot", "DescribeDBSnapshots", "DescribeDBClusterSnapshots",
       "DeleteDBSnapshot", "DeleteDBClusterSnapshot")
DYNAMODB = ("PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "GetItem", "TransactWriteItems")


def fault(generator: random.Random) -> dict[str, Any]:
    """Something that happens to a request, or to its answer after the request took effect."""
    return generator.choice(
        [
            {"type": "throttle"},
            {"type": "http", "status": generator.choice([500, 502, 503]), "body": generator.choice(["empty", "html"])},
            {"type": "http", "status": 200, "body": "html"},
            {"type": "resetBefore"},
            {"type": "resetAfter"},
            {"type": "truncate", "fraction": round(generator.uniform(0, 0.9), 2)},
            {"type": "latency", "seconds": round(generator.uniform(0.05, 0.5), 2)},
        ]
    )


def storm(generator: random.Random, *, slot_table: bool) -> dict[str, Any]:
    """A script of a few rules; none strikes more than a dozen times."""
    services = ["sqs", "rds", "rds"] + (["dynamodb"] if slot_table else [])
    rules: list[dict[str, Any]] = []
    for _ in range(generator.randint(2, 4)):
        service = generator.choice(services)
        operations = {"sqs": SQS, "rds": RDS, "dynamodb": DYNAMODB}[service]
        rule = {
            "service": service,
            "operation": generator.choice(operations),
            "count": generator.randint(2, 12),
            "probability": round(generator.uniform(0.2, 0.9), 2),
            "fault": fault(generator),
        }
        if service == "rds" and generator.random() < 0.4:
            rule["region"] = generator.choice(DESTINATIONS)
        rules.append(rule)
    if generator.random() < 0.5:
        rules.append({"service": "sqs", "operation": "ReceiveMessage", "count": generator.randint(1, 6),
                      "probability": 0.5, "fault": {"type": "duplicate"}})
    return {"seed": generator.randrange(1 << 31), "rules": rules}
