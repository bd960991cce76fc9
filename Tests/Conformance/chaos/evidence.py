# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""What a run left behind: the journal of the embedded AWS, its queues, its copies and its dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .fleet import Span
from .model import CLUSTER, INSTANCE, Expectation, Options, Pair, Subject
from .stage import DEAD_LETTERS, QUEUE, Stage


@dataclass(frozen=True)
class Entry:
    """A line of the journal."""

    sequence: int
    wall: float
    time: float
    service: str
    operation: str
    region: str
    parameters: dict[str, Any]
    outcome: str
    fault: str | None
    messages: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, line: dict[str, Any]) -> Entry:
        def seconds(text: str) -> float:
            return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

        return cls(
            line["sequence"], seconds(line["wall"]), seconds(line["time"]), line["service"], line["operation"],
            line["region"], line["parameters"], line["outcome"], line.get("fault"), tuple(line.get("messages", ())),
        )

    @property
    def kind(self) -> str:
        """Of a snapshot's request: the kind that it is about."""
        names = [*self.parameters, self.operation]
        return CLUSTER if any("DBCluster" in name for name in names) else INSTANCE

    @property
    def is_accepted_copy(self) -> bool:
        return self.service == "rds" and self.operation.startswith("CopyDB") and self.outcome == "OK"

    @property
    def is_copy_ended(self) -> bool:
        return self.service == "local" and self.operation == "CopyEnded"

    @property
    def is_description(self) -> bool:
        """Whether it showed snapshots to whoever asked: an answer that got lost showed nothing."""
        return (
            self.operation in ("DescribeDBSnapshots", "DescribeDBClusterSnapshots")
            and self.outcome == "OK"
            and self.fault in (None, "latency")
        )

    def parameter(self, prefix: str) -> str:
        """The identifier of a snapshot, whatever its kind."""
        for suffix in ("DBSnapshotIdentifier", "DBClusterSnapshotIdentifier"):
            if prefix + suffix in self.parameters:
                return self.parameters[prefix + suffix]
        return ""

    @property
    def pair(self) -> Pair:
        return Pair(self.parameter("Source"), self.region)

    @property
    def queue(self) -> str:
        return str(self.parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]


@dataclass
class Journal:
    """The journal, read piece by piece so that none of it is overwritten meanwhile."""

    entries: list[Entry] = field(default_factory=list)

    def read(self, stage: Stage, copy: Path) -> None:
        """Reads what is new, and keeps a copy for whoever looks into it afterwards."""
        after = self.entries[-1].sequence if self.entries else 0
        lines = stage.local("GET", f"journal?after={after}")
        with copy.open("ab") as file:
            file.write(lines)
        self.entries += [Entry.of(json.loads(line)) for line in lines.splitlines()]

    @property
    def is_whole(self) -> bool:
        return all(entry.sequence == index for index, entry in enumerate(self.entries, 1))


@dataclass(frozen=True)
class Copy:
    """A snapshot at a destination, as it was at the end."""

    pair: Pair
    identifier: str
    status: str


@dataclass(frozen=True)
class DeadLetter:
    subject: Subject
    reason: str | None


@dataclass
class Evidence:
    options: Options
    expectation: Expectation
    entries: list[Entry]
    is_whole: bool
    depths: dict[str, dict[str, int]]
    copies: list[Copy]
    dead_letters: list[DeadLetter]
    outages: list[Span]
    problems: list[str]
    #: The slots that are not free; `None` without a ledger.
    taken_slots: list[str] | None
    visibility: int
    #: The sources of messages that workers gave back for as long as a lease lasts.
    given_back: set[str] = field(default_factory=set)

    def accepted_copies(self) -> Iterable[Entry]:
        return (entry for entry in self.entries if entry.is_accepted_copy)


def copies(stage: Stage) -> list[Copy]:
    """Everything at the destinations that has our tags."""
    found: list[Copy] = []
    for region, rds in stage.rds.items():
        for kind, operation, key in (
            ("DB", "describe_db_snapshots", "DBSnapshots"),
            ("DBCluster", "describe_db_cluster_snapshots", "DBClusterSnapshots"),
        ):
            for page in rds.get_paginator(operation).paginate(SnapshotType="manual"):
                for snapshot in page[key]:
                    tags = {tag["Key"]: tag["Value"] for tag in snapshot.get("TagList", [])}
                    if "snapferry:source" in tags and "snapferry:job" in tags:
                        pair = Pair(tags["snapferry:source"], region)
                        found.append(Copy(pair, snapshot[f"{kind}SnapshotIdentifier"], snapshot["Status"]))
    return found


def dead_letters(stage: Stage) -> list[DeadLetter]:
    """Takes what is in the dead-letter queue, and leaves it hidden there."""
    letters: list[DeadLetter] = []
    while True:
        messages = stage.sqs.receive_message(
            QueueUrl=stage.queues[DEAD_LETTERS],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=43_200,
        ).get("Messages", [])
        if not messages:
            return letters
        for message in messages:
            reason = message.get("MessageAttributes", {}).get("snapferry.reason", {}).get("StringValue")
            letters.append(DeadLetter(Subject.of(message["Body"]), reason))


def is_empty(depths: dict[str, dict[str, int]]) -> bool:
    return not any(depths[QUEUE].values())
