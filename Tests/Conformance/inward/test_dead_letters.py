# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Dead letters by the command line, and notifications, in moto."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud import EAST, queue_arn, unique
from emulation import Fleet, moto
from processes import BINARY, eventually


def dlq(fleet: Fleet, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Runs `snapferry dlq`, and takes the JSON lines that it says."""
    command = [BINARY, "dlq", *arguments, "--json"]
    ended = subprocess.run(command, env=fleet.environment(), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


def test_letters_are_listed_replayed_and_dropped(fleet: Fleet, tmp_path: Path) -> None:
    with fleet.worker(tmp_path) as worker:
        fleet.send("poison")
        # Of a job that is new a worker would wait for the snapshot.
        job = {"snapferry": "job", "firstSeen": "2026-01-01T00:00:00Z", "destination": {"region": "eu-west-1"}}
        fleet.send(job | {"source": f"arn:aws:rds:{EAST}:123456789012:snapshot:never-was"})
        eventually(lambda: fleet.depth(fleet.dead_letters) == 2, within=60, what=lambda: f"letters\n{worker.tail()}")
    status, [listed] = dlq(fleet, "list")
    assert status == 1
    outlooks = {letter["reason"]: letter["outlook"] for letter in listed["letters"]}
    assert outlooks == {"malformed": "blocked", "source-gone": "obsolete"}
    # Looking hides nothing.
    assert len(dlq(fleet, "list")[1][0]["letters"]) == 2
    status, [plan] = dlq(fleet, "replay", "--yes")
    assert (status, plan["messages"]) == (1, 0)
    status, lines = dlq(fleet, "replay", "--reason", "source-gone", "--force", "--yes")
    assert (status, [line.get("outcome") for line in lines[1:]]) == (0, ["replayed"])
    assert (fleet.depth(fleet.queue), fleet.depth(fleet.dead_letters)) == (1, 1)
    saved = tmp_path / "letters.jsonl"
    status, lines = dlq(fleet, "drop", "--all", "--save", str(saved), "--yes")
    assert (status, [line.get("outcome") for line in lines[1:]]) == (0, ["dropped"])
    assert json.loads(saved.read_text())["body"] == "poison"
    assert fleet.depth(fleet.dead_letters) == 0


@pytest.fixture
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet in a moto that looks at no signature.

    moto signs a form anew, blanks as plus signs, where any other spelling of the same form is as good to AWS.
    """
    with moto(tmp_path_factory.mktemp("trusting"), verify=False) as cloud:
        yield Fleet(cloud)


def test_a_topic_is_told(trusting: Fleet, tmp_path: Path) -> None:
    fleet = trusting
    sns = fleet.cloud.client("sns", EAST)
    topic = sns.create_topic(Name=unique("ops"))["TopicArn"]
    inbox = fleet.sqs.create_queue(QueueName=unique("inbox"))["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn(fleet.sqs, inbox))
    with fleet.worker(tmp_path, SNAPFERRY_NOTIFY_TOPIC=topic) as worker:
        fleet.send("poison")
        eventually(lambda: fleet.depth(fleet.dead_letters) == 1, within=60, what=lambda: f"a letter\n{worker.tail()}")
    # What was being gathered is told when the worker ends.
    [message] = fleet.sqs.receive_message(QueueUrl=inbox, WaitTimeSeconds=5)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["Subject"] == "snapferry: 1 job in the dead-letter queue: malformed"
    event = json.loads(envelope["Message"])
    assert (event["source"], event["detail-type"]) == ("snapferry", "Jobs Dead-Lettered")
    assert event["detail"]["reason"] == "malformed"
    assert envelope["MessageAttributes"]["reason"] == {"Type": "String", "Value": "malformed"}
