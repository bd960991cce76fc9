# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Celery over SQS, the worker fleet off the shelf: a task a snapshot, which copies it and comes again until it is there.

Celery has an envelope of its own, so its jobs are put on the queue as Celery puts them there.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import boto3
from celery import Celery

DESTINATION = os.environ["BENCH_DESTINATION"]
PLACE = urlsplit(os.environ["BENCH_QUEUE_URL"])

app = Celery("bench")
app.conf.update(
    broker_url=f"sqs://{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}@{PLACE.hostname}:{PLACE.port}",
    broker_transport_options={
        "region": os.environ["AWS_REGION"],
        "is_secure": False,
        "wait_time_seconds": 20,
        "polling_interval": 0,
        "predefined_queues": {
            "jobs": {
                "url": os.environ["BENCH_QUEUE_URL"],
                "access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
                "secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
            }
        },
    },
    task_default_queue="jobs",
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=10,
    worker_concurrency=int(os.environ.get("BENCH_THREADS", "4")),
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)

targets = boto3.client("rds", region_name=DESTINATION)
sources = boto3.client("rds")


@app.task(bind=True, name="bench.carry", max_retries=None)
def carry(self, kind: str, identifier: str, arn: str, started: bool = False) -> None:  # type: ignore[no-untyped-def]
    word, methods = ("Cluster", "db_cluster") if kind == "cluster" else ("", "db")
    name, target = f"DB{word}SnapshotIdentifier", f"copy-{identifier}"
    if not started:
        source = getattr(sources, f"describe_{methods}_snapshots")(**{name: identifier})[f"DB{word}Snapshots"][0]
        arguments = {f"SourceDB{word}SnapshotIdentifier": arn, f"TargetDB{word}SnapshotIdentifier": target}
        if source["StorageEncrypted" if word else "Encrypted"]:
            arguments["KmsKeyId"] = "alias/dr"
        getattr(targets, f"copy_{methods}_snapshot")(**arguments, SourceRegion=os.environ["AWS_REGION"])
    copy = getattr(targets, f"describe_{methods}_snapshots")(**{name: target})[f"DB{word}Snapshots"][0]
    if copy["Status"] != "available":
        raise self.retry(countdown=5, args=(kind, identifier, arn, True))
