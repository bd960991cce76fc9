# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""A worker as a good Python engineer writes it: threads, long polls, batches, one Describe for many copies.

Each of its threads takes ten messages, describes their sources together, starts the copies, describes the targets
together until all are available, and deletes the messages together.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

THREADS = int(os.environ.get("BENCH_THREADS", "4"))
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5}, max_pool_connections=THREADS, connect_timeout=5, read_timeout=60
)
DESTINATION = os.environ["BENCH_DESTINATION"]
QUEUE = os.environ["BENCH_QUEUE_URL"]

KINDS: dict[str, dict[str, str]] = {
    "instance": {
        "describe": "describe_db_snapshots",
        "copy": "copy_db_snapshot",
        "list": "DBSnapshots",
        "id": "DBSnapshotIdentifier",
        "arn": "DBSnapshotArn",
        "encrypted": "Encrypted",
        "filter": "db-snapshot-id",
        "source": "SourceDBSnapshotIdentifier",
        "target": "TargetDBSnapshotIdentifier",
    },
    "cluster": {
        "describe": "describe_db_cluster_snapshots",
        "copy": "copy_db_cluster_snapshot",
        "list": "DBClusterSnapshots",
        "id": "DBClusterSnapshotIdentifier",
        "arn": "DBClusterSnapshotArn",
        "encrypted": "StorageEncrypted",
        "filter": "db-cluster-snapshot-id",
        "source": "SourceDBClusterSnapshotIdentifier",
        "target": "TargetDBClusterSnapshotIdentifier",
    },
}


class Worker(threading.Thread):
    def __init__(self, stopping: threading.Event) -> None:
        super().__init__()
        self.stopping = stopping
        session = boto3.session.Session()
        self.sqs = session.client("sqs", config=CONFIG)
        self.sources = session.client("rds", config=CONFIG)
        self.targets = session.client("rds", region_name=DESTINATION, config=CONFIG)

    def run(self) -> None:
        while not self.stopping.is_set():
            answer = self.sqs.receive_message(QueueUrl=QUEUE, MaxNumberOfMessages=10, WaitTimeSeconds=20)
            if messages := answer.get("Messages", []):
                self.handle(messages)

    def handle(self, messages: list[dict[str, Any]]) -> None:
        done: list[dict[str, Any]] = []
        for kind, names in KINDS.items():
            mine = [(message, event) for message in messages if kind_of(event := json.loads(message["Body"])) == kind]
            if not mine:
                continue
            wanted = {event["detail"]["SourceIdentifier"]: message for message, event in mine}
            found = {entry[names["id"]]: entry for entry in self.describe(self.sources, names, wanted)}
            targets = {}
            for identifier, message in wanted.items():
                source = found.get(identifier)
                if source and source["Status"] == "available":
                    target = f"{identifier.removeprefix('rds:')}-from-{os.environ['AWS_REGION']}"
                    self.copy(names, source, target)
                    targets[target] = message
            done += self.confirmed(names, targets)
        if done:
            entries = [{"Id": str(index), "ReceiptHandle": one["ReceiptHandle"]} for index, one in enumerate(done)]
            self.sqs.delete_message_batch(QueueUrl=QUEUE, Entries=entries)

    def describe(self, client: Any, names: dict[str, str], identifiers: Iterable[str]) -> list[dict[str, Any]]:
        filters = [{"Name": names["filter"], "Values": list(identifiers)}]
        return getattr(client, names["describe"])(Filters=filters)[names["list"]]

    def copy(self, names: dict[str, str], source: dict[str, Any], target: str) -> None:
        arguments = {names["source"]: source[names["arn"]], names["target"]: target, "CopyTags": True}
        if source[names["encrypted"]]:
            arguments |= {"KmsKeyId": "alias/dr"}
        try:
            getattr(self.targets, names["copy"])(
                **arguments, Tags=[{"Key": "copied-from", "Value": source[names["arn"]]}], SourceRegion=os.environ["AWS_REGION"]
            )
        except ClientError as error:
            if not error.response["Error"]["Code"].endswith("AlreadyExists"):
                raise

    def confirmed(self, names: dict[str, str], targets: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Waits until the copies are available."""
        done = []
        open_targets = dict(targets)
        while open_targets and not self.stopping.is_set():
            for entry in self.describe(self.targets, names, open_targets):
                if entry["Status"] == "available":
                    done.append(open_targets.pop(entry[names["id"]]))
            if open_targets:
                self.stopping.wait(1)
        return done


def kind_of(event: dict[str, Any]) -> str:
    return "cluster" if event["detail"]["SourceType"] == "CLUSTER_SNAPSHOT" else "instance"


def main() -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    workers = [Worker(stopping) for _ in range(THREADS)]
    for worker in workers:
        worker.daemon = True
        worker.start()
    stopping.wait()


if __name__ == "__main__":
    main()
