# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""What a run is made of: its size, its jobs, and what each of them has to come to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

ACCOUNT = "111111111111"
SOURCE = "us-east-1"
DESTINATIONS = ("eu-west-1", "eu-central-1", "us-west-2")
# Its key is disabled, so that nothing encrypted can ever get there.
DOOMED = "ca-central-1"

INSTANCE, CLUSTER = "instance", "cluster"
KINDS = (INSTANCE, CLUSTER)


@dataclass(frozen=True)
class Options:
    """How big a run is, and what is broken on purpose."""

    seed: int
    kills: int = 40
    jobs: int = 400
    workers: int = 4
    slot_table: bool = False
    #: Faults of AWS and of the network.
    storms: bool = True
    #: What a relay between the workers and AWS spoils; see `sabotage.MODES`.
    sabotage: str | None = None
    #: Whether that relay lets two workers look at a destination before the first copy there; see `sabotage.Meeting`.
    meets: bool = False
    #: How long a copy takes, in the world's seconds, beside 20 for its size.
    copy_seconds: int = 45
    #: Copies in progress that each destination takes by the policy.
    slots: dict[str, int] = field(default_factory=lambda: {INSTANCE: 5, CLUSTER: 4})
    #: What RDS itself takes; `None` for the policy's slots.
    rds_limit: int | None = None
    #: Whether the policy's slots must hold; only a ledger that all workers share can see to that.
    checks_slots: bool = False

    @property
    def rds_limits(self) -> dict[str, int]:
        return {kind: self.rds_limit or slots for kind, slots in self.slots.items()}


@dataclass(frozen=True)
class Pair:
    """A snapshot and where it goes: one job."""

    source: str
    region: str


@dataclass(frozen=True)
class Subject:
    """What a message is about; `region` is `None` for an event, `source` for what is no job at all."""

    text: str
    source: str | None = None
    region: str | None = None

    @classmethod
    def of(cls, body: str) -> Subject:
        try:
            document = json.loads(body)
            if document.get("snapferry") == "job":
                return cls(body, document.get("source"), document["destination"]["region"])
            if document.get("source") == "aws.rds":
                return cls(body, document["detail"]["SourceArn"])
        except (ValueError, AttributeError, KeyError, TypeError):
            pass
        return cls(body)


def kind_of(source: str) -> str:
    """The kind of a snapshot, by its ARN."""
    return CLUSTER if ":cluster-snapshot:" in source else INSTANCE


@dataclass
class Expectation:
    """What a run has to come to."""

    #: Every one of them is confirmed.
    copied: set[Pair] = field(default_factory=set)
    #: Sources that can't be copied, and why not.
    doomed: dict[str, str] = field(default_factory=dict)
    #: Bodies that mean nothing, and the reason that they are put aside with.
    poisoned: dict[str, str] = field(default_factory=dict)

    #: Where each source has to go.
    _regions: dict[str, set[str]] = field(default_factory=dict)

    def regions(self, source: str) -> set[str]:
        """Where a snapshot has to go."""
        return self._regions.get(source, set())

    def expect(self, source: str, regions: tuple[str, ...]) -> None:
        self.copied |= {Pair(source, region) for region in regions}
        self._regions[source] = set(regions)

    def doom(self, source: str, reason: str, regions: tuple[str, ...]) -> None:
        self.doomed[source] = reason
        self._regions[source] = set(regions)

    @property
    def jobs(self) -> int:
        return len(self.copied) + len(self.doomed) + len(self.poisoned)
