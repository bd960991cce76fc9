# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Pieces of the worker's work, each by itself: time, allocations and instructions, the last two held to thresholds."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .instructions import CALLGRIND, collected, stripped

PACKAGE = Path(__file__).resolve().parent.parent
THRESHOLDS = PACKAGE / "Thresholds"
INSTRUCTIONS = THRESHOLDS / "instructions.json"
INSTRUCTION_TOLERANCE, ALLOCATION_TOLERANCE = 0.03, 0.02
# The same dictionaries in the same order each time.
ENVIRONMENT = os.environ | {"SWIFT_DETERMINISTIC_HASHING": "1"}
# Too long in the making for callgrind.
UNCOUNTED = {"core-tick-10000-waiting"}
# How often a piece is done for its instructions to be counted, and how much more often once more.
TIMES = {"parse-100-snapshots": 20, "describe-100-snapshots": 20, "core-10-jobs": 100, "receive-10-messages": 100}


@dataclass
class PieceCost:
    name: str
    #: Microseconds by the wall; nine of ten measurements took no longer.
    wall: float
    allocations: int
    #: `None` where counting them would take minutes.
    instructions: int | None


def measure(build: Path, counting: Path, scratch: Path, *, update: bool) -> tuple[list[PieceCost], list[str]]:
    """What each piece costs, and in words what is not as the thresholds say."""
    benchmark(build, "baseline", "update", "last")
    complaints: list[str] = []
    THRESHOLDS.mkdir(exist_ok=True)
    if update:
        benchmark(build, "thresholds", "update", "last", "--path", str(THRESHOLDS))
        keep_allocations()
    # In nanoseconds and single calls; other formats choose units by themselves.
    benchmark(build, "baseline", "read", "last", "--format", "metricP90AbsoluteThresholds", "--path", str(scratch))
    counting = stripped(counting, scratch)
    pieces, kept = [], {}
    listed = subprocess.run([counting], check=True, text=True, stdout=subprocess.PIPE).stdout
    for name, iterations in (line.split() for line in listed.splitlines()):
        (path,) = scratch.glob(f"*.{name}.p90.json")
        measured = json.loads(path.read_text())
        threshold = THRESHOLDS / f"Micro.{name}.p90.json"
        if threshold.exists():
            kept[name] = round(json.loads(threshold.read_text())["allocations"] / int(iterations))
        pieces.append(
            PieceCost(
                name=name,
                wall=round(measured["wallClock"] / int(iterations) / 1000, 2),
                allocations=round(measured["allocations"] / int(iterations)),
                instructions=None if name in UNCOUNTED else instructions(counting, scratch, name),
            )
        )
    counted = {piece.name: piece.instructions for piece in pieces if piece.instructions is not None}
    allocated = {piece.name: piece.allocations for piece in pieces}
    if update:
        INSTRUCTIONS.write_text(json.dumps(counted, indent=2) + "\n")
    else:
        complaints += deviations("instructions", counted, json.loads(INSTRUCTIONS.read_text()), INSTRUCTION_TOLERANCE)
        complaints += deviations("allocations", allocated, kept, ALLOCATION_TOLERANCE)
    return pieces, complaints


def deviations(what: str, counted: dict[str, int], thresholds: dict[str, int], tolerance: float) -> list[str]:
    # By us: the package benchmark has no tolerance where it compares a run that is over.
    found = []
    for name, number in counted.items():
        threshold = thresholds.get(name)
        if threshold is None:
            found.append(f"{name}: {number:,} {what}, and no threshold")
        elif abs(number / threshold - 1) > tolerance:
            found.append(f"{name}: {number:,} {what}, {number / threshold - 1:+.1%} of its threshold")
    return found


def benchmark(build: Path, *words: str) -> None:
    """Runs the package benchmark; what it says is told where it fails."""
    command = ["swift", "package", "--package-path", str(PACKAGE), "--scratch-path", str(build), "--disable-sandbox"]
    command += ["--allow-writing-to-package-directory", "benchmark", *words, "--target", "Micro", "--no-progress"]
    done = subprocess.run(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-4000:]}")


def keep_allocations() -> None:
    """Takes times out of the thresholds: they are another machine's."""
    for path in THRESHOLDS.glob("*.p90.json"):
        document = {name: value for name, value in json.loads(path.read_text()).items() if name == "allocations"}
        path.write_text(json.dumps(document, indent=2) + "\n")


def instructions(counting: Path, scratch: Path, name: str) -> int:
    """Of one iteration: what more of them cost more."""
    times = TIMES.get(name, 1000)
    totals = []
    for many in (times, times * 2):
        log = scratch / f"{name}-{many}.log"
        with log.open("w") as output:
            command = [*CALLGRIND, str(counting), name, str(many)]
            subprocess.run(command, env=ENVIRONMENT, stderr=output, stdout=output, check=True)
        totals.append(collected(log))
    return round((totals[1] - totals[0]) / times)
