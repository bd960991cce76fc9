# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""How soon an event becomes a copy."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .contestants import CONTESTANTS, build_floor, event
from .scale import arrived, begun, started, wait_for
from .tape import Request
from .world import ACCOUNT, World, running_world, snapshots, wall


def sqs_request(operation: str, **members: object) -> Request:
    """A request of SQS's JSON protocol, which nobody signs."""
    body = json.dumps({"QueueUrl": f"http://localhost/{ACCOUNT}/jobs", **members}).encode()
    # Where signatures are not checked, they still say who asks, and where.
    scope = f"AKIALOCAL{ACCOUNT}/20261121/us-east-1/sqs/aws4_request"
    headers = [
        "Content-Type: application/x-amz-json-1.0",
        f"X-Amz-Target: AmazonSQS.{operation}",
        "X-Amz-Date: 20261121T031213Z",
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
    ]
    return Request(b"POST", b"/", [header.encode() for header in headers], body)


@dataclass
class Latency:
    """From an event's arrival on the queue to its CopyDBSnapshot, in milliseconds, sorted."""

    #: Events a second.
    rate: float
    #: The worker's SNAPFERRY_CONFIRM_SHORTEST_SECONDS; a third of it passes between two looks at sources.
    shortest: int
    values: list[float]


def latency_to_copy(binary: Path, scratch: Path, events: int, rate: float, shortest: int) -> Latency:
    wanted = snapshots(events)
    scratch.mkdir(parents=True, exist_ok=True)
    tape = scratch / "events.tape"
    messages = [sqs_request("SendMessage", MessageBody=event(number, snapshot)) for number, snapshot in enumerate(wanted)]
    tape.write_bytes(b"".join(message.encoded() for message in messages))
    with running_world(binary, scratch / "latency", wanted, signatures=False) as world:
        environment = CONTESTANTS[0].environment(world, world.url)
        with started(binary, environment | {"SNAPFERRY_CONFIRM_SHORTEST_SECONDS": str(shortest)}):
            wait_for(lambda: arrived(world) == 1, 60, "a worker to arrive")
            # In C, for it is not what is to be measured.
            subprocess.run(
                [build_floor(), world.url, tape, "4", str(rate)], check=True, timeout=60 + events / rate * 10, capture_output=True
            )
            wait_for(lambda: begun(world, events) >= events, 120, f"{events} copies to begin")
            return Latency(rate, shortest, [round(one, 1) for one in delays(world)])


def delays(world: World) -> list[float]:
    came: dict[str, float] = {}
    took: list[float] = []
    for entry in world.journal():
        if entry["operation"] == "SendMessage":
            for message in entry.get("messages") or []:
                came.setdefault(json.loads(message["Body"])["resources"][0], wall(entry))
        elif entry["operation"] in ("CopyDBSnapshot", "CopyDBClusterSnapshot") and entry["outcome"] == "OK":
            parameters = entry["parameters"]
            source = parameters.get("SourceDBSnapshotIdentifier") or parameters.get("SourceDBClusterSnapshotIdentifier")
            if source in came:
                took.append((wall(entry) - came.pop(source)) * 1000)
    return sorted(took)
