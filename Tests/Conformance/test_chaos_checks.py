# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The checks of scripts/chaos find what they are there for, in journals that are written by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chaos.checks import violations
from chaos.evidence import Copy, DeadLetter, Entry, Evidence
from chaos.model import Expectation, Options, Pair, Subject

SOURCE = "arn:aws:rds:us-east-1:111111111111:snapshot:orders-1"
REGION = "eu-west-1"
PAIR = Pair(SOURCE, REGION)
BODY = json.dumps({"snapferry": "job", "source": SOURCE, "destination": {"region": REGION}})
QUEUE = {"QueueUrl": "http://127.0.0.1/111111111111/jobs"}
TARGET = {"SourceDBSnapshotIdentifier": SOURCE, "TargetDBSnapshotIdentifier": "orders-1-us-east-1"}

Line = tuple[str, str, dict[str, Any], str, tuple[dict[str, Any], ...]]

RECEIVE: Line = ("sqs", "ReceiveMessage", QUEUE, "OK", ({"MessageId": "m", "Body": BODY},))
COPY: Line = ("rds", "CopyDBSnapshot", TARGET, "OK", ())
EXTEND: Line = ("sqs", "ChangeMessageVisibilityBatch", QUEUE, "OK", ({"MessageId": "m", "VisibilityTimeout": 300},))
GIVE_BACK: Line = ("sqs", "ChangeMessageVisibilityBatch", QUEUE, "OK", ({"MessageId": "m", "VisibilityTimeout": 7},))
ENDED: Line = ("local", "CopyEnded", TARGET, "available", ())
FAILED: Line = ("local", "CopyEnded", TARGET, "failed", ())
DESCRIBE: Line = ("rds", "DescribeDBSnapshots", {}, "OK", ())
OTHER_NAME: Line = ("rds", "CopyDBSnapshot", TARGET | {"TargetDBSnapshotIdentifier": "b"}, "OK", ())
OTHER_SOURCE: Line = ("rds", "CopyDBSnapshot", TARGET | {"SourceDBSnapshotIdentifier": "b"}, "OK", ())
DELETE: Line = ("sqs", "DeleteMessageBatch", QUEUE, "OK", ({"MessageId": "m"},))
REPLACE: Line = ("sqs", "SendMessageBatch", QUEUE, "OK", ({"MessageId": "n", "Body": BODY},))


def evidence(*lines: Line, **changes: Any) -> Evidence:
    expectation = Expectation(poisoned={"poison": "malformed"})
    expectation.expect(SOURCE, (REGION,))
    whole = Evidence(
        options=Options(seed=1, slots={"instance": 1, "cluster": 1}),
        expectation=expectation,
        entries=[
            Entry(number, number, number, service, operation, REGION, parameters, outcome, None, messages)
            for number, (service, operation, parameters, outcome, messages) in enumerate(lines, 1)
        ],
        is_whole=True,
        depths={"jobs": {"visible": 0, "inFlight": 0, "delayed": 0}},
        copies=[Copy(PAIR, "orders-1-us-east-1", "available")],
        dead_letters=[DeadLetter(Subject("poison"), "malformed")],
        outages=[],
        problems=[],
        taken_slots=None,
        visibility=300,
    )
    return replace(whole, **changes)


def found(evidence: Evidence) -> set[str]:
    return {violation.check for violation in violations(evidence)}


@pytest.mark.parametrize(
    "lines",
    [
        (RECEIVE, COPY, EXTEND, ENDED, DESCRIBE, DELETE),
        (RECEIVE, COPY, FAILED, COPY, ENDED, DESCRIBE, DELETE),
        (RECEIVE, REPLACE, DELETE),
        (RECEIVE, GIVE_BACK, RECEIVE, COPY, ENDED, DESCRIBE, DELETE),
    ],
)
def test_good_journals_pass(lines: tuple[Line, ...]) -> None:
    assert found(evidence(*lines)) == set()


@pytest.mark.parametrize(
    ("lines", "check"),
    [
        ((RECEIVE, COPY, DELETE, ENDED, DESCRIBE), "deleted last"),
        ((RECEIVE, COPY, DESCRIBE, ENDED, DELETE), "deleted last"),
        ((REPLACE, RECEIVE, DELETE), "deleted last"),
        ((COPY, ENDED, OTHER_NAME), "copied once"),
        ((COPY, OTHER_SOURCE), "within limits"),
        ((RECEIVE, EXTEND, RECEIVE), "leases kept"),
    ],
)
def test_bad_journals_fail(lines: tuple[Line, ...], check: str) -> None:
    assert found(evidence(*lines)) == {check}


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"copies": []}, "settled"),
        ({"copies": [Copy(PAIR, "orders-1-us-east-1", "failed")]}, "settled"),
        ({"copies": [Copy(PAIR, "a", "available"), Copy(Pair("b", REGION), "b", "available")]}, "settled"),
        ({"dead_letters": []}, "put aside"),
        ({"dead_letters": [DeadLetter(Subject("poison"), None)]}, "put aside"),
        ({"dead_letters": [DeadLetter(Subject("poison"), "malformed"), DeadLetter(Subject("x"), "y")]}, "put aside"),
        ({"depths": {"jobs": {"visible": 0, "inFlight": 1, "delayed": 0}}}, "nothing left"),
        ({"is_whole": False}, "whole"),
        ({"problems": ["a worker crashed"]}, "workers behaved"),
        ({"taken_slots": ["111111111111/eu-west-1/instance#1"]}, "slots free"),
    ],
)
def test_bad_ends_fail(changes: dict[str, Any], check: str) -> None:
    assert found(evidence(**changes)) == {check}


def test_a_message_given_back_for_as_long_as_a_lease_may_be_received_again() -> None:
    lines = (RECEIVE, EXTEND, RECEIVE, COPY, ENDED, DESCRIBE, DELETE)
    assert found(evidence(*lines, given_back={SOURCE})) == set()
    assert found(evidence(*lines, given_back={"another"})) == {"leases kept"}
