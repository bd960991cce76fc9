# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Two shapes that Lambda functions for this have, as loops over the queue.

`copy`: one event, one copy call, and that was it. `full`: describe the source, look whether the copy is there, copy,
and delete the copies of the database beyond seven. Neither confirms anything.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

DESTINATION = os.environ["BENCH_DESTINATION"]
QUEUE = os.environ["BENCH_QUEUE_URL"]
KEEP = 7
SHAPES = ("copy", "full")


class Function:
    def __init__(self, shape: str) -> None:
        self.shape = shape
        self.sqs = boto3.client("sqs")
        self.sources = boto3.client("rds")
        self.targets = boto3.client("rds", region_name=DESTINATION)

    def handle(self, event: dict[str, Any]) -> None:
        word = "Cluster" if event["detail"]["SourceType"] == "CLUSTER_SNAPSHOT" else ""
        identifier, arn = event["detail"]["SourceIdentifier"], event["detail"]["SourceArn"]
        target = f"copy-{identifier.removeprefix('rds:')}"
        arguments: dict[str, Any] = {f"SourceDB{word}SnapshotIdentifier": arn, f"TargetDB{word}SnapshotIdentifier": target}
        methods = "db_cluster" if word else "db"
        database = ""
        if self.shape == "full":
            name = f"DB{word}SnapshotIdentifier"
            source = getattr(self.sources, f"describe_{methods}_snapshots")(**{name: identifier})[f"DB{word}Snapshots"][0]
            database = source["DBClusterIdentifier" if word else "DBInstanceIdentifier"]
            encrypted = source["StorageEncrypted" if word else "Encrypted"]
            if self.exists(methods, name, target):
                return
        else:
            # A function that does not look has to know by the name.
            encrypted = False
        if encrypted:
            arguments["KmsKeyId"] = "alias/dr"
        try:
            getattr(self.targets, f"copy_{methods}_snapshot")(**arguments, SourceRegion=os.environ["AWS_REGION"])
        except ClientError as error:
            # Without the key an encrypted one is refused; the function that does not look sends it once more with one.
            if self.shape == "full" or "KmsKeyId" not in str(error) and "encrypted" not in str(error).lower():
                raise
            getattr(self.targets, f"copy_{methods}_snapshot")(
                **arguments, KmsKeyId="alias/dr", SourceRegion=os.environ["AWS_REGION"]
            )
        if self.shape == "full":
            self.prune(methods, word, database)

    def exists(self, methods: str, name: str, target: str) -> bool:
        try:
            getattr(self.targets, f"describe_{methods}_snapshots")(**{name: target})
        except ClientError as error:
            if "NotFound" in error.response["Error"]["Code"]:
                return False
            raise
        return True

    def prune(self, methods: str, word: str, database: str) -> None:
        key = "DBClusterIdentifier" if word else "DBInstanceIdentifier"
        answer = getattr(self.targets, f"describe_{methods}_snapshots")(**{key: database, "SnapshotType": "manual"})
        copies = sorted(answer[f"DB{word}Snapshots"], key=lambda copy: copy["SnapshotCreateTime"], reverse=True)
        for copy in copies[KEEP:]:
            name = f"DB{word}SnapshotIdentifier"
            getattr(self.targets, f"delete_{methods}_snapshot")(**{name: copy[name]})


def main() -> None:
    function = Function(sys.argv[1])
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    while not stopping:
        answer = function.sqs.receive_message(QueueUrl=QUEUE, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        messages = answer.get("Messages", [])
        for message in messages:
            function.handle(json.loads(message["Body"]))
        if messages:
            entries = [{"Id": str(index), "ReceiptHandle": one["ReceiptHandle"]} for index, one in enumerate(messages)]
            function.sqs.delete_message_batch(QueueUrl=QUEUE, Entries=entries)


if __name__ == "__main__":
    main()
