# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""What must hold, whatever happened: each check looks at the evidence alone and names what it finds wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .evidence import Entry, Evidence
from .model import Pair, Subject, kind_of
from .stage import DEAD_LETTERS, QUEUE


@dataclass(frozen=True)
class Violation:
    check: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.detail}"


def whole(evidence: Evidence) -> Iterator[str]:
    """The journal has no gap, so that the other checks have seen everything."""
    if not evidence.is_whole:
        yield "the journal has gaps; read it more often"


def settled(evidence: Evidence) -> Iterator[str]:
    """Every good job's copy is available, under our tags."""
    available = {copy.pair for copy in evidence.copies if copy.status == "available"}
    for pair in sorted(evidence.expectation.copied - available, key=str):
        states = [copy.status for copy in evidence.copies if copy.pair == pair]
        yield f"{pair.source} never got to {pair.region} ({states or 'nothing there'})"
    for copy in evidence.copies:
        if copy.pair not in evidence.expectation.copied:
            yield f"{copy.identifier} in {copy.pair.region} was made of {copy.pair.source}, which nobody asked for"


def put_aside(evidence: Evidence) -> Iterator[str]:
    """The dead-letter queue holds what can't succeed, with the right reason, and nothing else."""
    wanted = evidence.expectation.poisoned | evidence.expectation.doomed
    found: dict[str, set[str | None]] = defaultdict(set)
    for letter in evidence.dead_letters:
        source = letter.subject.source
        key = letter.subject.text if letter.subject.text in evidence.expectation.poisoned else source
        found[key or letter.subject.text].add(letter.reason)
    for key in sorted(wanted.keys() - found.keys()):
        yield f"{key} is not in the dead-letter queue"
    for key, reasons in sorted(found.items()):
        if key not in wanted:
            yield f"{key} is in the dead-letter queue, for {sorted(map(str, reasons))}"
        elif reasons != {wanted[key]}:
            yield f"{key} was put aside for {sorted(map(str, reasons))}, not for {wanted[key]}"


def copied_once(evidence: Evidence) -> Iterator[str]:
    """A source goes to a destination once, unless the copy before failed or was deleted."""
    standing: dict[Pair, str] = {}
    for entry in evidence.entries:
        if entry.is_accepted_copy:
            target = entry.parameter("Target")
            if entry.pair in standing:
                yield (
                    f"{entry.pair.source} was copied to {entry.region} as {target} (entry {entry.sequence}), "
                    f"while {standing[entry.pair]} was there"
                )
            standing[entry.pair] = target
        elif entry.is_copy_ended and entry.outcome != "available":
            standing.pop(entry.pair, None)


def within_limits(evidence: Evidence) -> Iterator[str]:
    """No destination ever has more copies in progress than it is allowed, at any instant."""
    # Without a ledger that all workers share only RDS's own limit can hold.
    limits = evidence.options.slots if evidence.options.checks_slots else evidence.options.rds_limits
    running: dict[tuple[str, str], int] = defaultdict(int)
    worst: dict[tuple[str, str], tuple[int, int]] = {}
    for entry in evidence.entries:
        place = (entry.region, entry.kind)
        if entry.is_accepted_copy:
            running[place] += 1
            if running[place] > max(limits[entry.kind], worst.get(place, (0, 0))[0]):
                worst[place] = (running[place], entry.sequence)
        elif entry.is_copy_ended:
            running[place] -= 1
    for (region, kind), (count, sequence) in sorted(worst.items()):
        yield f"{count} {kind} copies ran in {region} at entry {sequence}, where {limits[kind]} are allowed"


@dataclass
class _Progress:
    """What was true at a point of the journal."""

    #: When each pair's copy became available.
    available: dict[Pair, float] = field(default_factory=dict)
    #: When a Describe of a Region and kind last showed everything there.
    described: dict[tuple[str, str], float] = field(default_factory=dict)
    #: What was sent on to the job queue or the dead-letter queue, and when last.
    passed_on: dict[Subject, int] = field(default_factory=dict)
    passed_on_pairs: dict[Pair, int] = field(default_factory=dict)
    passed_on_sources: dict[str, int] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        if entry.is_copy_ended:
            if entry.outcome == "available":
                self.available[entry.pair] = entry.time
            else:
                self.available.pop(entry.pair, None)
        elif entry.is_description:
            self.described[entry.region, entry.kind] = entry.time
        elif entry.operation in ("SendMessage", "SendMessageBatch") and entry.queue in (QUEUE, DEAD_LETTERS):
            for message in entry.messages:
                subject = Subject.of(message["Body"])
                self.passed_on[Subject(subject.text)] = entry.sequence
                if subject.source and subject.region:
                    self.passed_on_pairs[Pair(subject.source, subject.region)] = entry.sequence
                elif subject.source:
                    self.passed_on_sources[subject.source] = entry.sequence

    def is_confirmed(self, pair: Pair) -> bool:
        ended = self.available.get(pair)
        return ended is not None and self.described.get((pair.region, kind_of(pair.source)), 0) >= ended

    def is_passed_on(self, subject: Subject, since: int) -> bool:
        if self.passed_on.get(Subject(subject.text), 0) > since:
            return True
        if subject.source and subject.region:
            return self.passed_on_pairs.get(Pair(subject.source, subject.region), 0) > since
        return bool(subject.source) and self.passed_on_sources.get(subject.source or "", 0) > since


def deleted_last(evidence: Evidence) -> Iterator[str]:
    """A message goes only once its copy was seen to be available, or something else carries its job."""
    progress = _Progress()
    received: dict[str, tuple[int, str]] = {}
    for entry in evidence.entries:
        progress.take(entry)
        if entry.operation == "ReceiveMessage" and entry.queue == QUEUE:
            for message in entry.messages:
                # Whatever replaces it was sent after it was first seen: an earlier holder may have died in between.
                received.setdefault(message["MessageId"], (entry.sequence, message["Body"]))
        elif entry.operation in ("DeleteMessage", "DeleteMessageBatch") and entry.queue == QUEUE:
            for message in entry.messages:
                since, body = received.get(message["MessageId"], (0, ""))
                subject = Subject.of(body)
                if progress.is_passed_on(subject, since):
                    continue
                regions = {subject.region} if subject.region else evidence.expectation.regions(subject.source or "")
                pairs = [Pair(subject.source or "", region) for region in regions if region]
                carried = [
                    progress.is_confirmed(pair) or progress.passed_on_pairs.get(pair, 0) > since for pair in pairs
                ]
                if not pairs or not all(carried):
                    yield f"message {message['MessageId']} was deleted at entry {entry.sequence}: {subject.text[:300]}"


def nothing_left(evidence: Evidence) -> Iterator[str]:
    """The job queue is empty."""
    for name, count in evidence.depths[QUEUE].items():
        if count:
            yield f"{count} messages are {name} in the job queue"


def leases_kept(evidence: Evidence) -> Iterator[str]:
    """A message that a living worker holds is not given to another one."""
    held: dict[str, Entry] = {}
    sources: dict[str, str | None] = {}
    disturbed: float = 0
    for entry in evidence.entries:
        if entry.fault not in (None, "latency") and entry.service == "sqs":
            disturbed = entry.wall
        for message in entry.messages if entry.queue == QUEUE else ():
            name = message["MessageId"]
            if entry.operation.startswith("ChangeMessageVisibility"):
                # A message may be given back for just as long as it would be held.
                if message["VisibilityTimeout"] != evidence.visibility or sources.get(name) in evidence.given_back:
                    held.pop(name, None)
            elif entry.operation.startswith("DeleteMessage"):
                held.pop(name, None)
            elif entry.operation == "ReceiveMessage":
                sources[name] = Subject.of(message["Body"]).source
                before = held.get(name)
                held[name] = entry
                if before is None or disturbed >= before.wall:
                    continue
                if any(span.start <= entry.wall and span.end >= before.wall for span in evidence.outages):
                    continue
                yield (
                    f"message {name}, received at entry {before.sequence}, was received again at {entry.sequence}, "
                    f"{entry.wall - before.wall:.1f} s later"
                )


def workers_behaved(evidence: Evidence) -> Iterator[str]:
    """Nobody crashes, and whoever is asked to end does so in time and with status 0."""
    yield from evidence.problems


def slots_free(evidence: Evidence) -> Iterator[str]:
    """Every slot of the ledger is free at the end."""
    for slot in evidence.taken_slots or ():
        yield f"slot {slot} is still taken"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    whole, settled, put_aside, copied_once, within_limits, deleted_last, nothing_left, leases_kept, workers_behaved,
    slots_free,
)


def violations(evidence: Evidence) -> list[Violation]:
    return [Violation(check.__name__.replace("_", " "), detail) for check in CHECKS for detail in check(evidence)]
