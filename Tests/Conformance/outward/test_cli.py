# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The AWS command line can't tell the embedded AWS from the real one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud import EAST, IRELAND, Cloud, unique
from databases import INSTANCE
from processes import clean_environment, eventually

AWS = Path(sys.executable).with_name("aws")


class CommandLine:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.environment = clean_environment(
            AWS_DEFAULT_REGION=EAST, AWS_PAGER="", AWS_MAX_ATTEMPTS="1", **cloud.keys.environment()
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(AWS), *arguments, "--endpoint-url", self.cloud.endpoint, "--output", "json"]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def __call__(self, *arguments: str) -> Any:
        finished = self.run(*arguments)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout) if finished.stdout.strip() else None


@pytest.fixture
def aws(fast_cloud: Cloud) -> CommandLine:
    assert AWS.exists(), f"no AWS command line at {AWS}; scripts/test installs it"
    return CommandLine(fast_cloud)


def test_aws_sqs(aws: CommandLine) -> None:
    url = aws("sqs", "create-queue", "--queue-name", unique("queue"))["QueueUrl"]
    sent = aws(
        "sqs", "send-message", "--queue-url", url, "--message-body", '{"a": "b"}',
        "--message-attributes", '{"reason": {"DataType": "String", "StringValue": "why"}}',
    )
    assert sent["MD5OfMessageAttributes"]
    # The queue's half a minute of invisibility is 50 ms here.
    received = aws(
        "sqs", "receive-message", "--queue-url", url, "--message-attribute-names", "All", "--attribute-names", "All",
        "--wait-time-seconds", "20", "--visibility-timeout", "43000",
    )
    [message] = received["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], '{"a": "b"}')
    assert message["MessageAttributes"]["reason"]["StringValue"] == "why"
    assert aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"]) is None
    attributes = aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    failed = aws.run("sqs", "get-queue-url", "--queue-name", "never-was")
    assert failed.returncode != 0
    assert "AWS.SimpleQueueService.NonExistentQueue" in failed.stderr


def test_aws_rds(aws: CommandLine) -> None:
    rds = aws.cloud.client("rds")
    database = INSTANCE.create(rds)
    aws("rds", "create-db-snapshot", "--db-snapshot-identifier", "first", "--db-instance-identifier", database)
    aws.run("rds", "wait", "db-snapshot-available", "--db-snapshot-identifier", "first")
    [snapshot] = aws("rds", "describe-db-snapshots", "--db-instance-identifier", database)["DBSnapshots"]
    assert snapshot["Status"] == "available"
    copy = aws(
        "rds", "copy-db-snapshot", "--region", IRELAND, "--source-region", EAST,
        "--source-db-snapshot-identifier", snapshot["DBSnapshotArn"],
        "--target-db-snapshot-identifier", "over-there", "--tags", "Key=team,Value=orders + more",
    )["DBSnapshot"]
    assert copy["TagList"] == [{"Key": "team", "Value": "orders + more"}]

    def done() -> bool:
        found = aws("rds", "describe-db-snapshots", "--region", IRELAND, "--db-snapshot-identifier", "over-there")
        return found["DBSnapshots"][0]["Status"] == "available"

    eventually(done, within=40)
    failed = aws.run("rds", "describe-db-snapshots", "--db-snapshot-identifier", "never-was")
    assert failed.returncode != 0
    assert "(DBSnapshotNotFound)" in failed.stderr


def test_aws_events(aws: CommandLine) -> None:
    url = aws("sqs", "create-queue", "--queue-name", unique("queue"))["QueueUrl"]
    arn = aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "QueueArn")
    pattern = json.dumps({"source": ["test"]})
    assert aws("events", "put-rule", "--name", "r", "--event-pattern", pattern)["RuleArn"].endswith(":rule/r")
    target = json.dumps([{"Id": "q", "Arn": arn["Attributes"]["QueueArn"]}])
    assert aws("events", "put-targets", "--rule", "r", "--targets", target)["FailedEntryCount"] == 0
    entry = json.dumps([{"Source": "test", "DetailType": "t", "Detail": '{"x": 1}'}])
    assert aws("events", "put-events", "--entries", entry)["FailedEntryCount"] == 0
    received = aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "20")
    assert json.loads(received["Messages"][0]["Body"])["detail"] == {"x": 1}
    assert [rule["Name"] for rule in aws("events", "list-rules")["Rules"]] == ["r"]
