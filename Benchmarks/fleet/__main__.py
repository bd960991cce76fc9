# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Measures fleets and writes what came of it: `python -m fleet BINARY --out DIR`, called by scripts/bench."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from . import instructions, latency, micro, scale, service, tables
from .compare import compare
from .contestants import CONTESTANTS

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench --", description=__doc__)
    parser.add_argument("binary", type=Path, help="the release build of snapferry")
    parser.add_argument("--out", type=Path, required=True, help="where the table, the figures and the numbers go")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"what to measure, of {', '.join(PARTS)}")
    parser.add_argument("--plots", type=Path, help="where the figures go instead, such as Benchmarks/plots")
    parser.add_argument("--jobs", type=int, default=10_000, help="for compare")
    parser.add_argument("--rounds", type=int, default=3, help="for compare")
    parser.add_argument("--latency", type=float, action="append", help="of the services, in ms, for compare: 0 and 5")
    names = ", ".join(one.name for one in CONTESTANTS)
    parser.add_argument("--client", action="append", default=[], help=f"nobody but this, snapferry and the floor: {names}")
    parser.add_argument("--seconds", type=float, default=60, help="how long a worker is watched that waits")
    parser.add_argument("--simulator", type=Path, help="a release build of fleet-simulator, for waiting")
    parser.add_argument("--micro", type=Path, help="where the package benchmark builds, for micro")
    parser.add_argument("--counting", type=Path, help="a release build of Counting, for micro")
    parser.add_argument("--update", action="store_true", help="make what micro measures its thresholds")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    complaints: list[str] = []
    with tempfile.TemporaryDirectory(prefix="snapferry-bench-") as directory:
        for part in parts:
            print(f"{part} …", flush=True)
            complaints += PARTS[part](options, Path(directory) / part) or []
            # After each, so that a part that fails takes nothing with it.
            lines = tables.write(options.out, options.plots or options.out)
    print("\n".join(lines))
    if complaints:
        sys.exit("\n".join(complaints))


def keep(options: argparse.Namespace, name: str, value: object) -> None:
    (options.out / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")


def compare_part(options: argparse.Namespace, scratch: Path) -> None:
    for milliseconds in options.latency or [0, 5]:
        print(f"  {options.jobs} jobs, {milliseconds:g} ms of latency", flush=True)
        place = scratch / f"{milliseconds:g}"
        samples = compare(options.binary, place, options.jobs, options.rounds, milliseconds / 1000, set(options.client))
        keep(options, f"compare-{options.jobs}-{milliseconds:g}ms", [asdict(one) for one in samples])


def instructions_part(options: argparse.Namespace, scratch: Path) -> None:
    found = instructions.counts(options.binary, scratch, 50, 250, set(options.client))
    keep(options, "instructions", [asdict(one) for one in found])


def worker_part(options: argparse.Namespace, scratch: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "measure_worker.py"), str(options.binary)]
    words = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.split()
    keep(options, "worker", {"first_poll": float(words[0]), "idle": float(words[1])})


def latency_part(options: argparse.Namespace, scratch: Path) -> None:
    # As it is by default, in a hurry, and in a hurry with nothing else to do; no more events than there are slots.
    found = [
        latency.latency_to_copy(options.binary, scratch, events, rate, shortest)
        for events, rate, shortest in ((1000, 200, 15), (1000, 200, 1), (40, 2, 1))
    ]
    keep(options, "latency", [asdict(one) for one in found])


def service_part(options: argparse.Namespace, scratch: Path) -> None:
    keep(options, "service", [asdict(one) for one in service.sqs_rates(options.binary, scratch, 20_000)])


def waiting_part(options: argparse.Namespace, scratch: Path) -> None:
    keep(options, "jobs-waiting", step_costs(options.simulator))


def in_hand_part(options: argparse.Namespace, scratch: Path) -> None:
    found = scale.copies_in_hand(options.binary, scratch, [20, 200, 2000, 20_000], options.seconds)
    keep(options, "copies-in-hand", [asdict(one) for one in found])


def destinations_part(options: argparse.Namespace, scratch: Path) -> None:
    found = scale.destinations(options.binary, scratch, [1, 10, 100, 1000], options.seconds)
    keep(options, "destinations", [asdict(one) for one in found])


def workers_part(options: argparse.Namespace, scratch: Path) -> None:
    found = scale.workers(options.binary, scratch, [1, 5, 20, 50], 1000, options.seconds)
    keep(options, "workers", [asdict(one) for one in found])


def step_costs(simulator: Path | None) -> list[dict[str, float]]:
    """What `fleet-simulator --step-cost` says."""
    command = [str(simulator)] if simulator else [str(ROOT / "scripts" / "simulate-fleet")]
    # It fails where the cost grows too much, which is a result here.
    text = subprocess.run([*command, "--step-cost"], check=False, text=True, stdout=subprocess.PIPE).stdout
    found = re.findall(r"^(\d+) jobs: ([\d.]+) µs", text, re.MULTILINE)
    for line in text.splitlines():
        print(f"  {line}", flush=True)
    if not found:
        sys.exit("the simulator did not say what a step costs")
    return [{"jobs": int(jobs), "cost": float(cost)} for jobs, cost in found]


def micro_part(options: argparse.Namespace, scratch: Path) -> list[str]:
    scratch.mkdir(parents=True, exist_ok=True)
    build = options.micro or ROOT / ".build-bench"
    counting = options.counting or ROOT / ".build-counting" / "release" / "Counting"
    pieces, complaints = micro.measure(build, counting, scratch, update=options.update)
    keep(options, "micro", [asdict(one) for one in pieces])
    return complaints


PARTS: dict[str, Callable[[argparse.Namespace, Path], list[str] | None]] = {
    "micro": micro_part,
    "worker": worker_part,
    "service": service_part,
    "latency": latency_part,
    "compare": compare_part,
    "instructions": instructions_part,
    "waiting": waiting_part,
    "in-hand": in_hand_part,
    "destinations": destinations_part,
    "workers": workers_part,
}


if __name__ == "__main__":
    main()
