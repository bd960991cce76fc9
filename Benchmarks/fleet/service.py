# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""How many requests the embedded AWS answers, so that it is known that it is not what is measured."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .contestants import build_floor, event
from .scale import cpu_seconds
from .tape import Request
from .world import KEYS, SOURCE, World, running_world, snapshots


@dataclass
class ServiceRate:
    """What answering took."""

    what: str
    requests: int
    #: CPU of the server, in microseconds a request.
    cpu: float
    #: Requests that one core answers in a second.
    a_core: float
    #: Requests a second by the wall, beside everything else on the machine.
    by_wall: float


def sqs_rates(binary: Path, scratch: Path, requests: int) -> list[ServiceRate]:
    """Half of them send an event each, half of them receive one each; all are signed, and signatures are checked."""
    wanted = snapshots(1)
    floor = build_floor()
    rates = []
    with running_world(binary, scratch / "service", wanted) as world:
        count = requests // 2
        sends = [("SendMessage", {"MessageBody": event(number, wanted[0])}) for number in range(count)]
        receives = [("ReceiveMessage", {"MaxNumberOfMessages": 1, "WaitTimeSeconds": 0})] * count
        for what, asked in (("SendMessage", sends), ("ReceiveMessage", receives)):
            tape = scratch / "service" / f"{what}.tape"
            tape.write_bytes(b"".join(signed(world, operation, members).encoded() for operation, members in asked))
            mark = world.latest()
            cpu, began = cpu_seconds(world.process.pid), time.monotonic()
            subprocess.run([floor, world.url, tape, "8"], check=True, capture_output=True)
            took, cpu = time.monotonic() - began, cpu_seconds(world.process.pid) - cpu
            world.mark = mark
            answered = [one for one in world.journal() if one["operation"] == what and one["outcome"] == "OK"]
            assert len(answered) == count, f"{len(answered)} of {count} {what}"
            rates.append(ServiceRate(what, count, round(cpu / count * 1e6, 1), round(count / cpu), round(count / took)))
    return rates


def signed(world: World, operation: str, members: dict[str, object]) -> Request:
    body = json.dumps({"QueueUrl": world.queue_url(), **members})
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{operation}"}
    request = AWSRequest("POST", world.url + "/", headers=headers, data=body)
    keys = Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "sqs", SOURCE).add_auth(request)
    lines = [f"{name}: {value}".encode() for name, value in request.headers.items()]
    return Request(b"POST", b"/", lines, body.encode())
