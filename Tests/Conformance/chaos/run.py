# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""One run: start, feed, disturb, let everything settle, look."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from . import sabotage
from .checks import Violation, violations
from .evidence import DeadLetter, Evidence, Journal, copies, dead_letters, is_empty
from .fleet import Fleet, Span, watch
from .model import Options
from .stage import SLOTS, SPEED, VISIBILITY, Stage, stage
from .storms import storm

# What a kill takes on average, so that the world has time to notice it.
SECONDS_PER_KILL = 1.5
# How long slots may stay taken that dead workers left behind: their leases end after fifty minutes of the
# world's, and whoever is alive looks for such slots every quarter of an hour at the latest.
SLOT_PATIENCE = 4500 / SPEED
SLOT_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
# How many copies a second a quiet fleet carries at the least, on a busy machine.
COPIES_PER_SECOND = 3


@dataclass
class Result:
    options: Options
    violations: list[Violation]
    summary: list[tuple[str, str]]


@dataclass(order=True)
class Step:
    at: float
    number: int
    act: Callable[[], object]


class Run:
    def __init__(self, options: Options, stage: Stage, fleet: Fleet) -> None:
        self.options = options
        self.stage = stage
        self.fleet = fleet
        self.journal = Journal()
        self.generator = random.Random(options.seed)
        #: How many slots nobody had given back once the work was done, and how long they stayed taken.
        self.slots_left = 0
        self.slots_freed_after = 0.0
        #: How many strikes are due that nobody was there for.
        self.owed = 0
        #: When the machine was too busy to let anything run.
        self.stalls: list[Span] = []

    def perform(self) -> None:
        self.fleet.start(self.options.workers)
        started = time.monotonic()
        for step in self._plan():
            while (wait := started + step.at - time.monotonic()) > 0:
                self.fleet.tend()
                time.sleep(min(wait, 0.05))
            self.fleet.tend()
            step.act()
        self._strike_owed(patience=60)
        self.stage.local("PUT", "faults", {"rules": []})
        self.fleet.wake()
        self._settle()
        self.fleet.drain()
        self._read()

    def _plan(self) -> list[Step]:
        """Everything that happens, by the second of the wall clock's in which it does."""
        feeding = self.stage.feeding(self.generator)
        span = max(self.options.kills * SECONDS_PER_KILL, self.options.jobs / 20)
        acts: list[tuple[float, Callable[[], object]]] = []
        for index, feed in enumerate(feeding):
            # Work has to be there before the first kill, and until after the last one.
            acts.append((span * 0.9 * index / len(feeding), feed))
        for index in range(self.options.kills):
            at = 2 + (span - 2) * (index + self.generator.random()) / self.options.kills
            acts.append((at, self._strike))
        if self.options.storms:
            at = 1.0
            while at < span - 3:
                script = storm(self.generator, slot_table=self.options.slot_table)
                acts.append((at, lambda script=script: self.stage.local("PUT", "faults", script)))
                at += self.generator.uniform(2, 4)
                acts.append((at, lambda: self.stage.local("PUT", "faults", {"rules": []})))
                at += self.generator.uniform(0.5, 2)
        acts += [(float(second), self._read) for second in range(5, int(span), 5)]
        return sorted(Step(at, number, act) for number, (at, act) in enumerate(acts))

    def _read(self) -> None:
        self.journal.read(self.stage, self.fleet.logs / "journal.jsonl")

    def _strike(self) -> None:
        self.owed += 1
        self._strike_owed(patience=5)

    def _strike_owed(self, patience: float) -> None:
        """Strikes as often as is due; on a busy machine nobody may be free, and it is made up for later."""
        deadline = time.monotonic() + patience
        while self.owed and time.monotonic() < deadline:
            if self.fleet.strike(self.generator):
                self.owed -= 1
            else:
                self.fleet.tend()
                time.sleep(0.05)

    def _settle(self) -> None:
        """Waits until the queue is empty, and looks twice: a message may be on its way between two places."""
        deadline = time.monotonic() + 60 + self.options.jobs / COPIES_PER_SECOND
        empty = 0
        while empty < 3 and time.monotonic() < deadline:
            self.fleet.tend()
            self._read()
            empty = empty + 1 if is_empty(self.stage.depths()) else 0
            time.sleep(0.4)
        if self.options.slot_table:
            self._settle_slots()

    def _settle_slots(self) -> None:
        """Waits until every slot is free: evidence frees what dead workers held, though nothing is due any more."""
        started = time.monotonic()
        self.slots_left = len(self._taken_slots())
        patience = 0 if self.options.sabotage else SLOT_PATIENCE
        while self._taken_slots() and time.monotonic() < started + patience:
            self.fleet.tend()
            self._read()
            time.sleep(0.4)
        self.slots_freed_after = time.monotonic() - started

    def evidence(self) -> Evidence:
        return Evidence(
            options=self.options,
            expectation=self.stage.expectation,
            entries=self.journal.entries,
            is_whole=self.journal.is_whole,
            depths=self.stage.depths(),
            copies=copies(self.stage),
            dead_letters=dead_letters(self.stage),
            outages=self.fleet.outages,
            problems=self.fleet.problems,
            taken_slots=self._taken_slots() if self.options.slot_table else None,
            visibility=VISIBILITY,
            given_back=self.fleet.given_back(VISIBILITY),
        )

    def _taken_slots(self) -> list[str]:
        """The items of the ledger that hold a target."""
        items = self.stage.dynamodb.scan(TableName=SLOTS, ConsistentRead=True)["Items"]
        return sorted(item["pk"]["S"] for item in items if item.get("target", {}).get("S"))

    def summary(self, letters: list[DeadLetter], seconds: float) -> list[tuple[str, str]]:
        entries = self.journal.entries
        told = self.fleet.told()
        faults = Counter(entry.fault for entry in entries if entry.fault)
        asked = [entry for entry in entries if entry.service == "rds" and not entry.operation.startswith("Create")]
        available = sum(1 for entry in entries if entry.is_copy_ended and entry.outcome == "available")
        failed = sum(1 for entry in entries if entry.is_copy_ended and entry.outcome == "failed")
        reasons = Counter(letter.reason or "no reason" for letter in letters)

        def counts(counter: Counter[str]) -> str:
            return ", ".join(f"{count} {name}" for name, count in counter.most_common()) or "none"

        return [
            ("seed", str(self.options.seed)),
            ("kills", f"{self.fleet.kills.total()}: {counts(self.fleet.kills)}"),
            ("jobs", f"{self.stage.expectation.jobs}, {len(self.stage.expectation.copied)} of them to be copied"),
            ("copies", f"{available} available, {failed} failed in RDS and made anew"),
            ("confirmed", f"{told['Copy confirmed']} times"),
            ("adopted", f"{told['Copy in progress taken over']} times"),
            ("leases lost", f"{told['Another worker owns the message now']} times"),
            ("dead letters", f"{len(letters)}: {counts(reasons)}"),
            ("faults", f"{faults.total()}: {counts(faults)}"),
            ("requests", f"{len(entries)}: {counts(Counter(entry.service for entry in entries))}"),
            ("RDS calls", f"{len(asked) / max(1, available):.2f} for each copy"),
            *(self._slot_summary(available) if self.options.slot_table else []),
            *([("machine", f"stalled {len(self.stalls)} times")] if self.stalls else []),
            ("duration", f"{seconds:.0f} s, {seconds * SPEED / 3600:.1f} h of the world's"),
        ]


    def _slot_summary(self, available: int) -> list[tuple[str, str]]:
        writes = [
            entry for entry in self.journal.entries
            if entry.service == "dynamodb" and entry.operation in SLOT_WRITES and entry.outcome == "OK"
        ]
        left = f"{self.slots_left} by dead workers"
        if self.slots_left:
            left += f", the last of them free after {self.slots_freed_after * SPEED / 60:.0f} min of the world's"
        return [("slots left", left), ("slot writes", f"{len(writes) / max(1, available):.2f} for each copy")]


def run(options: Options, logs: Path) -> Result:
    """Performs a run and checks what it left behind."""
    shutil.rmtree(logs, ignore_errors=True)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(stage(options, logs))
        endpoint = made.simulator.url
        if options.sabotage:
            meeting = sabotage.Meeting() if options.meets else None
            endpoint = stack.enter_context(sabotage.relay(endpoint, sabotage.MODES[options.sabotage], meeting))
        ready = made.simulator.ready
        lease = VISIBILITY / SPEED
        fleet = Fleet(
            endpoint=endpoint,
            clock=f"{ready['speed']}@{ready['epoch']}",
            policy=logs / "policy.json",
            environment=made.worker_environment(),
            logs=logs,
            stop_seconds=(lease * 1.2, lease * 1.6),
        )
        stack.callback(fleet.end)
        current = Run(options, made, fleet)
        with watch(fleet.outages) as current.stalls:
            current.perform()
        evidence = current.evidence()
        # The journal says what the workers did; with this it also says what was done to them.
        (logs / "outages.json").write_text(json.dumps([asdict(outage) for outage in evidence.outages], indent=2))
        found = violations(evidence)
        if fleet.kills.total() < options.kills:
            found.append(Violation("kills", f"only {fleet.kills.total()} of {options.kills} were possible"))
        return Result(options, found, current.summary(evidence.dead_letters, time.monotonic() - started))
