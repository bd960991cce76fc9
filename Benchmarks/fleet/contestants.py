# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Who does the same work, and how each is told to."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .world import DESTINATION, KEYS, SOURCE, Snapshot, World, clean_environment

CLIENTS = Path(__file__).parent / "clients"
# How many requests may be under way at once, for those who have a say in it.
CONNECTIONS = 4


def snapferry_policy() -> str:
    return json.dumps(
        {
            "routes": [
                {
                    "name": "all",
                    "source": {"regions": [SOURCE]},
                    "destinations": [
                        {"region": DESTINATION, "kmsKey": "alias/dr", "slots": {"instance": 1000, "cluster": 1000}}
                    ],
                }
            ]
        }
    )


@dataclass(frozen=True)
class Contestant:
    name: str
    #: The command for a world whose URL the client is to use.
    command: Callable[[Path], list[str]]
    #: What a message on the queue says.
    body: Callable[[int, Snapshot], str]
    #: Whether a message is deleted only once its copy is available.
    confirms: bool

    def environment(self, world: World, url: str) -> dict[str, str]:
        return clean_environment(
            AWS_ENDPOINT_URL=url,
            AWS_REGION=SOURCE,
            AWS_DEFAULT_REGION=SOURCE,
            BENCH_QUEUE_URL=world.queue_url().replace(world.url, url),
            BENCH_DESTINATION=DESTINATION,
            BENCH_THREADS=str(CONNECTIONS),
            SNAPFERRY_QUEUE_URL=world.queue_url().replace(world.url, url),
            SNAPFERRY_POLICY=snapferry_policy(),
            SNAPFERRY_WAITING_ROOM="10000",
            SNAPFERRY_CONFIRM_SHORTEST_SECONDS="1",
            SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS="600",
            **KEYS,
        )


def event(number: int, snapshot: Snapshot) -> str:
    return json.dumps(snapshot.event(number))


def celery_message(number: int, snapshot: Snapshot) -> str:
    """What `carry.delay(…)` puts on the queue, by Celery's own code."""
    from kombu import Connection, Exchange, Queue  # noqa: PLC0415 - only where Celery is measured
    from kombu.serialization import dumps  # noqa: PLC0415
    from kombu.utils.encoding import bytes_to_str  # noqa: PLC0415
    import base64  # noqa: PLC0415
    import uuid  # noqa: PLC0415

    del Connection, Exchange, Queue
    arguments = [snapshot.kind, snapshot.identifier, snapshot.arn]
    content_type, encoding, payload = dumps([arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    identity = str(uuid.UUID(int=number))
    headers = {"lang": "py", "task": "bench.carry", "id": identity, "root_id": identity, "parent_id": None}
    headers |= {"shadow": None, "eta": None, "expires": None, "group": None, "group_index": None, "retries": 0}
    headers |= {"timelimit": [None, None], "argsrepr": repr(arguments), "kwargsrepr": "{}", "origin": "bench", "ignore_result": True}
    message = {
        "body": bytes_to_str(base64.b64encode(payload.encode() if isinstance(payload, str) else payload)),
        "content-encoding": encoding,
        "content-type": content_type,
        "headers": headers,
        "properties": {
            "correlation_id": identity,
            "reply_to": identity,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "jobs"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": identity,
        },
    }
    return base64.b64encode(json.dumps(message).encode()).decode()


def python(script: str, *arguments: str) -> Callable[[Path], list[str]]:
    return lambda _: [sys.executable, str(CLIENTS / script), *arguments]


def celery(_: Path) -> list[str]:
    command = [sys.executable, "-m", "celery", "--workdir", str(CLIENTS), "-A", "celery_worker", "worker"]
    return command + ["--pool", "threads", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]


CONTESTANTS = [
    Contestant("snapferry", lambda binary: [str(binary), "work", "--log-level", "warning"], event, confirms=True),
    Contestant("boto3 worker", python("boto3_worker.py"), event, confirms=True),
    Contestant("Lambda: copy", python("lambda_loop.py", "copy"), event, confirms=False),
    Contestant("Lambda: full", python("lambda_loop.py", "full"), event, confirms=False),
    Contestant("Celery", celery, celery_message, confirms=True),
]


def build_floor() -> Path:
    """Compiles the floor with whatever C compiler there is."""
    compiler = next((found for name in ("cc", "clang", "gcc") if (found := shutil.which(name))), None)
    if compiler is None:
        swift = shutil.which("swift")
        compiler = str(Path(swift).resolve().parent / "clang") if swift else None
    if compiler is None:
        sys.exit("no C compiler for the floor; install gcc or clang")
    output = Path(tempfile.mkdtemp(prefix="snapferry-floor-")) / "floor"
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", str(CLIENTS / "floor.c"), "-o", str(output), "-lcurl"]
    subprocess.run(command, check=True)
    return output
