# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The same work for all: each contestant in turn, round after round, each time over a fresh world."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .contestants import CONTESTANTS, build_floor
from .measure import Sample, run_contestant, run_floor
from .world import snapshots

FLOOR = "floor (C)"
SUBJECT = "snapferry"


@dataclass(frozen=True)
class Spread:
    """The middle of what several runs took, and how far they lie apart."""

    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, digits: int = 2) -> str:
        low, high = min(self.values), max(self.values)
        return f"{self.median:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def compare(binary: Path, scratch: Path, jobs: int, rounds: int, latency: float, names: set[str]) -> list[Sample]:
    """Runs everybody `rounds` times; the floor sends again what snapferry sent in the same round."""
    wanted = snapshots(jobs)
    floor = build_floor()
    samples: list[Sample] = []
    for number in range(rounds):
        # Another one begins each round, so that none is always next to the same neighbour.
        first = number % len(CONTESTANTS)
        for contestant in CONTESTANTS[first:] + CONTESTANTS[:first]:
            if names and contestant.name not in names and contestant.name != SUBJECT:
                continue
            place = scratch / f"{contestant.name.replace(' ', '-').replace(':', '')}-{number}"
            sample = run_contestant(contestant, wanted, binary, place, latency=latency)
            report(sample, number, rounds)
            samples.append(sample)
        # Once more through a recorder, which costs the client nothing but is not counted all the same.
        tape = scratch / f"tape-{number}"
        recorded = next(one for one in CONTESTANTS if one.name == SUBJECT)
        run_contestant(recorded, wanted, binary, scratch / f"tape-run-{number}", latency=latency, tape=tape)
        sample = run_floor(floor, tape, wanted, binary, scratch / f"floor-{number}", latency=latency)
        report(sample, number, rounds)
        samples.append(sample)
        tape.unlink()
    return samples


def report(sample: Sample, number: int, rounds: int) -> None:
    print(
        f"  round {number + 1}/{rounds}  {sample.client:14} {sample.cpu_a_copy:7.3f} ms of CPU a copy, "
        f"{sample.wall:6.1f} s, {sample.memory:6.1f} MB, {sum(sample.requests.values()) / sample.jobs:.2f} requests a copy",
        flush=True,
    )


def by_client(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """The runs of each client in the order of rounds; the clients in the order in which they are introduced."""
    order = [contestant.name for contestant in CONTESTANTS] + [FLOOR]
    found: dict[str, list[Sample]] = {name: [] for name in order}
    for sample in samples:
        found[sample.client].append(sample)
    return {name: runs for name, runs in found.items() if runs}


def ratios(samples: Iterable[Sample], client: str) -> Spread:
    """How often snapferry's CPU a copy goes into a client's, round by round: what disturbs a round disturbs both."""
    runs = by_client(samples)
    pairs = zip(runs[client], runs[SUBJECT], strict=True)
    return Spread([other.cpu_a_copy / own.cpu_a_copy for other, own in pairs])


def table(samples: Iterable[Sample]) -> list[str]:
    """One line a client, in Markdown."""
    samples = list(samples)
    lines = [
        "| client | CPU a copy, ms | of snapferry's | requests a copy: SQS / RDS | copies a second | memory, MB | start to first poll, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for client, runs in by_client(samples).items():
        cpu = Spread([one.cpu_a_copy for one in runs])
        rates = Spread([one.jobs / one.wall for one in runs])
        memory = Spread([one.memory for one in runs])
        polls = [one.first_poll for one in runs if one.first_poll is not None and client != FLOOR]
        requests = " / ".join(
            f"{statistics.median([one.requests.get(service, 0) / one.jobs for one in runs]):.2f}" for service in ("sqs", "rds")
        )
        first = f"{Spread(polls).median:.0f}" if polls else "–"
        share = ratios(samples, client).text(3 if client == FLOOR else 1) if client != SUBJECT else "1"
        lines.append(
            f"| {client} | {cpu.text()} | {share} | {requests} | {rates.median:.0f} | {memory.median:.0f} | {first} |"
        )
    return lines
