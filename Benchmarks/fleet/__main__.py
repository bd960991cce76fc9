# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Measures fleets and writes what came of it: `python -m fleet BINARY --out DIR`, called by scripts/bench."""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from . import plots, scale
from .compare import SUBJECT, compare, ratio, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=Path, help="the release build of snapferry")
    parser.add_argument("--out", type=Path, required=True, help="where the table, the figures and the numbers go")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client", action="append", default=[], help="only this one, and snapferry and the floor")
    parser.add_argument("--seconds", type=float, default=60, help="how long a full worker is watched")
    parser.add_argument("--parts", default="compare,latency,scale", help="what to measure")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts = set(options.parts.split(","))
    lines = [f"Measured on {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {options.jobs} jobs, {options.rounds} rounds."]
    with tempfile.TemporaryDirectory(prefix="snapferry-bench-") as directory:
        scratch = Path(directory)
        if "compare" in parts:
            lines += comparison(options, scratch, latency=0) + comparison(options, scratch, latency=0.005)
        if "latency" in parts:
            lines += latencies(options, scratch)
        if "scale" in parts:
            lines += scaling(options, scratch)
    (options.out / "fleet.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def comparison(options: argparse.Namespace, scratch: Path, latency: float) -> list[str]:
    word = f"{latency * 1000:.0f} ms" if latency else "no"
    print(f"the same work for all, {word} latency of the services", flush=True)
    samples = compare(options.binary, scratch / word, options.jobs, options.rounds, latency, set(options.client))
    (options.out / f"compare-{latency * 1000:.0f}ms.json").write_text(json.dumps([asdict(one) for one in samples], indent=1))
    medians: dict[str, list[float]] = {}
    for sample in samples:
        medians.setdefault(sample.client, []).append(sample.cpu_a_copy)
    plots.bars(
        options.out / f"cpu-{latency * 1000:.0f}ms.svg",
        f"CPU a copy, {word} latency",
        "milliseconds of the client's CPU, user and system",
        sorted(((client, sorted(values)[len(values) // 2]) for client, values in medians.items()), key=lambda one: one[1]),
    )
    lines = ["", f"### {options.jobs} jobs, services with {word} latency", "", *table(samples), ""]
    for client, wanted in (("boto3 worker", "at least 10"), ("floor (C)", "at least 0.5")):
        found = ratio(samples, client)
        if found is not None:
            lines.append(f"The {client} takes {found:.2f} times {SUBJECT}'s CPU; wanted: {wanted}.")
    return lines


def latencies(options: argparse.Namespace, scratch: Path) -> list[str]:
    took = scale.latency_to_copy(options.binary, scratch, events=2000, rate=200)
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    (options.out / "latency.json").write_text(json.dumps(took))
    return ["", f"Event to CopyDBSnapshot, 200 a second: median {p50:.0f} ms, p99 {p99:.0f} ms; wanted: p99 at most 50 ms."]


def scaling(options: argparse.Namespace, scratch: Path) -> list[str]:
    lines: list[str] = []
    measured = {
        "copies in hand": scale.copies_in_hand(options.binary, scratch, [20, 200, 2000, 20_000], options.seconds),
        "destinations": scale.destinations(options.binary, scratch, [1, 10, 100, 1000], options.seconds),
    }
    for name, points in measured.items():
        lines += [
            "",
            f"| {name} | memory, MB | CPU, ms a second | requests a minute | CPU to take one in hand, ms |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| {p.size} | {p.memory} | {p.idle_cpu} | {p.requests} | {p.start_cpu} |" for p in points]
        sizes = [point.size for point in points]
        file = name.replace(" ", "-")
        plots.lines(
            options.out / f"{file}-memory.svg",
            f"Memory of a worker by {name}",
            name,
            "MB",
            [("resident", sizes, [point.memory for point in points])],
        )
        plots.lines(
            options.out / f"{file}-cpu.svg",
            f"CPU of a worker by {name}",
            name,
            "milliseconds a second",
            [("CPU", sizes, [point.idle_cpu for point in points])],
        )
    (options.out / "scale.json").write_text(json.dumps({name: [asdict(p) for p in points] for name, points in measured.items()}, indent=1))
    return lines


if __name__ == "__main__":
    main()
