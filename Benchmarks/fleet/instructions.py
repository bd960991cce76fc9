# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Instructions of the client, counted by callgrind: what a busy machine does not change."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .compare import FLOOR, SUBJECT
from .contestants import CONTESTANTS, build_floor
from .measure import run_contestant, run_floor
from .world import snapshots

CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


@dataclass
class Count:
    client: str
    #: Millions of instructions a copy, once the client runs.
    a_copy: float
    #: Millions of instructions until it runs, and from then to its end.
    start: float


def counts(binary: Path, scratch: Path, small: int, large: int, names: set[str]) -> list[Count]:
    """What more jobs cost more; so that starting and ending are not counted."""
    if shutil.which("valgrind") is None:
        sys.exit("instructions are counted by valgrind; install Debian's package of that name")
    floor = build_floor()
    binary = stripped(binary, scratch)
    found = []
    for contestant in CONTESTANTS:
        if names and contestant.name not in names and contestant.name != SUBJECT:
            continue
        totals = []
        for size in (small, large):
            place = scratch / f"instructions-{contestant.name.replace(' ', '-').replace(':', '')}-{size}"
            run_contestant(contestant, snapshots(size), binary, place, under=CALLGRIND)
            totals.append(collected(place / "client.log"))
        found.append(count(contestant.name, small, large, totals))
        print(f"  {found[-1]}", flush=True)
    totals = []
    for size in (small, large):
        tape, wanted = scratch / f"instructions-tape-{size}", snapshots(size)
        recorded = next(one for one in CONTESTANTS if one.name == SUBJECT)
        run_contestant(recorded, wanted, binary, scratch / f"instructions-tape-run-{size}", tape=tape)
        place = scratch / f"instructions-floor-{size}"
        run_floor(floor, tape, wanted, binary, place, under=CALLGRIND)
        totals.append(collected(place / "client.log"))
    found.append(count(FLOOR, small, large, totals))
    return found


def stripped(binary: Path, scratch: Path) -> Path:
    """The same program without what valgrind's reader of debugging information does not understand."""
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / binary.name
    subprocess.run(["strip", "-o", str(copy), str(binary)], check=True)
    return copy


def count(client: str, small: int, large: int, totals: list[int]) -> Count:
    each = (totals[1] - totals[0]) / (large - small)
    return Count(client, round(each / 1e6, 3), round((totals[0] - each * small) / 1e6, 1))


def collected(log: Path) -> int:
    """The instructions that callgrind reports at the end of a process."""
    found = re.findall(r"Collected : (\d+)", log.read_text(errors="replace"))
    if not found:
        sys.exit(f"callgrind counted nothing: {log.read_text(errors='replace')[-2000:]}")
    return int(found[-1])
