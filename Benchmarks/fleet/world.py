# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The embedded AWS that a client is measured over: the same databases, snapshots and events for each of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ACCOUNT, SOURCE, DESTINATION = "111111111111", "us-east-1", "eu-west-1"
# All that copies go to anywhere; the first is where they go as a rule.
DESTINATIONS = [
    *(DESTINATION, "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "us-east-2", "us-west-1", "us-west-2"),
    *("ca-central-1", "sa-east-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1"),
    *("ap-northeast-2", "ap-northeast-3"),
]
KEYS = {"AWS_ACCESS_KEY_ID": f"AKIALOCAL{ACCOUNT}", "AWS_SECRET_ACCESS_KEY": "test"}
# A night's events: copies of one database would follow one another.
SNAPSHOTS_PER_DATABASE = 1


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without anything that would configure an AWS client, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SNAPFERRY_"))}
    isolation = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return kept | isolation | extra


@dataclass(frozen=True)
class Snapshot:
    """A snapshot whose copy is wanted."""

    kind: str
    database: str
    identifier: str

    @property
    def arn(self) -> str:
        word = "snapshot" if self.kind == "instance" else "cluster-snapshot"
        return f"arn:aws:rds:{SOURCE}:{ACCOUNT}:{word}:{self.identifier}"

    def event(self, number: int) -> dict[str, Any]:
        """What EventBridge puts on the queue."""
        is_instance = self.kind == "instance"
        return {
            "version": "0",
            "id": f"{number:08x}-85d4-695f-b930-0153b71dcb42",
            "detail-type": "RDS DB Snapshot Event" if is_instance else "RDS DB Cluster Snapshot Event",
            "source": "aws.rds",
            "account": ACCOUNT,
            "time": "2026-11-21T03:12:13Z",
            "region": SOURCE,
            "resources": [self.arn],
            "detail": {
                "EventCategories": ["creation"] if is_instance else ["backup"],
                "SourceType": "SNAPSHOT" if is_instance else "CLUSTER_SNAPSHOT",
                "SourceArn": self.arn,
                "Date": "2026-11-21T03:12:13.882Z",
                "SourceIdentifier": self.identifier,
                "Message": "Manual snapshot created" if is_instance else "Manual cluster snapshot created",
                "EventID": "RDS-EVENT-0042" if is_instance else "RDS-EVENT-0075",
            },
        }


def snapshots(count: int) -> list[Snapshot]:
    """Four of five of instances, one of a cluster."""
    made = []
    for number in range(count):
        database = number // SNAPSHOTS_PER_DATABASE
        kind = "cluster" if database % 5 == 4 else "instance"
        made.append(Snapshot(kind, f"{kind}-{database}", f"{kind}-{database}-{number % SNAPSHOTS_PER_DATABASE}"))
    return made


def seed(wanted: list[Snapshot]) -> dict[str, Any]:
    """Databases, of which one of five is encrypted, and their snapshots."""
    databases: dict[str, list[dict[str, Any]]] = {"instance": [], "cluster": []}
    known: dict[str, str] = {snapshot.database: snapshot.kind for snapshot in wanted}
    for number, (name, kind) in enumerate(known.items()):
        engine = "postgres" if kind == "instance" else "aurora-postgresql"
        entry = {"account": ACCOUNT, "region": SOURCE, "id": name, "engine": engine, "gib": 20}
        # Every fifth, of instances and of clusters alike.
        databases[kind].append(entry | ({"encrypted": True, "kmsKey": "alias/dr"} if number % 5 == number // 5 % 5 else {}))
    return {
        "kmsKeys": [{"account": ACCOUNT, "region": region, "alias": "alias/dr"} for region in (SOURCE, *DESTINATIONS)],
        "instances": databases["instance"],
        "clusters": databases["cluster"],
        "snapshots": [
            {
                "account": ACCOUNT,
                "region": SOURCE,
                "kind": snapshot.kind,
                "database": snapshot.database,
                "id": snapshot.identifier,
                "type": "manual",
            }
            for snapshot in wanted
        ],
        "queues": [
            {"account": ACCOUNT, "region": SOURCE, "name": "dead"},
            {
                "account": ACCOUNT,
                "region": SOURCE,
                "name": "jobs",
                "deadLetterQueue": "dead",
                "maxReceiveCount": 100,
                "attributes": {"VisibilityTimeout": "600"},
            },
        ],
    }


# Quotas that bind nobody, and copies that are whole at once: what is measured is the client.
OPEN = {
    "instanceCopyLimit": 1_000_000,
    "clusterCopyLimit": 1_000_000,
    "manualSnapshotLimit": 10_000_000,
    "sharedAccountLimit": 100_000,
    "copySecondsPerGiB": 0,
    "copyOverheadSeconds": 0,
}


@dataclass
class World:
    """A running embedded AWS."""

    url: str
    process: subprocess.Popen[str]
    #: Where its files lie.
    scratch: Path
    #: The sequence of the latest entry that was there before the client came.
    mark: int = 0

    def client(self, service: str, region: str = SOURCE) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            config=Config(read_timeout=60, retries={"total_max_attempts": 3, "mode": "standard"}),
        )

    def queue_url(self, name: str = "jobs") -> str:
        return f"{self.url}/{ACCOUNT}/{name}"

    def send(self, bodies: list[str]) -> None:
        sqs = self.client("sqs")
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies[start : start + 10])]
            answer = sqs.send_message_batch(QueueUrl=self.queue_url(), Entries=entries)
            assert not answer.get("Failed"), answer

    def left(self, name: str = "jobs") -> int:
        about = "ApproximateNumberOfMessages"
        # Delayed ones, too: a worker that has no room for a job sends it again for later.
        names = [about, f"{about}NotVisible", f"{about}Delayed"]
        answer = self.client("sqs").get_queue_attributes(QueueUrl=self.queue_url(name), AttributeNames=names)
        return sum(int(value) for value in answer["Attributes"].values())

    def put(self, path: str, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_local/{path}", data=body, method="PUT"), timeout=60)

    def journal(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/_local/journal?after={self.mark}", timeout=300) as answer:
            return [json.loads(line) for line in answer]

    def latest(self) -> int:
        """The sequence of the newest entry of the journal; 0 for an empty one."""
        entries = self.journal()
        return entries[-1]["sequence"] if entries else 0

    def snapshots(self) -> int:
        """How many snapshots there are, copies and sources."""
        with urllib.request.urlopen(f"{self.url}/_local/state", timeout=300) as answer:
            state = json.load(answer)
        return state["snapshotCount"]


def requests_by_service(journal: list[dict[str, Any]]) -> Counter[str]:
    # `local` is what the embedded AWS notes by itself, such as the end of a copy.
    return Counter(entry["service"] for entry in journal if entry["service"] not in ("", "local"))


def wall(entry: dict[str, Any]) -> float:
    """When a request took effect, in seconds of the epoch."""
    return datetime.fromisoformat(entry["wall"].replace("Z", "+00:00")).timestamp()


@contextlib.contextmanager
def running_world(
    binary: Path, scratch: Path, wanted: list[Snapshot], *, signatures: bool = True, latency: float = 0
) -> Iterator[World]:
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "seed.json").write_text(json.dumps(seed(wanted)))
    (scratch / "settings.json").write_text(json.dumps(OPEN))
    command = [str(binary), "simulate", "--port", "0", "--seed-data", str(scratch / "seed.json")]
    command += ["--settings", str(scratch / "settings.json")]
    if not signatures:
        command.append("--no-verify-signatures")
    with (scratch / "world.log").open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=clean_environment()
        )
    try:
        assert process.stdout
        line = process.stdout.readline()
        if not line.startswith("ready "):
            sys.exit(f"the embedded AWS did not start: {line}{(scratch / 'world.log').read_text()}")
        world = World(dict(word.split("=", 1) for word in line.split()[1:])["url"], process, scratch)
        if latency:
            world.put("faults", {"rules": [{"fault": {"type": "latency", "seconds": latency}}]})
        yield world
    finally:
        process.terminate()
        process.wait(30)
