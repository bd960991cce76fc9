# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""One table, and the figures, of what was measured last: all that lies in the folder, whenever it was measured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import plots
from .compare import FLOOR, SUBJECT, Spread, by_client, ratios, table
from .measure import Sample


Goals = list[tuple[str, str, str]]


def write(out: Path, figures: Path) -> list[str]:
    """Writes `table.md` and the SVG files.

    - Returns: The lines of the table.
    """
    figures.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    goals: Goals = []
    for path in sorted(out.glob("*.json")):
        for pattern, section in SECTIONS:
            if found := re.fullmatch(pattern, path.stem):
                lines += ["", *section(json.loads(path.read_text()), figures, goals, *found.groups())]
    head = ["| what | measured | wanted |", "|---|---|---|", *(f"| {' | '.join(goal)} |" for goal in goals)]
    (out / "table.md").write_text("\n".join([*head, *lines]) + "\n")
    return [*head, *lines]




def of_compare(document: Any, figures: Path, goals: Goals, jobs: str, latency: str) -> list[str]:
    samples = [Sample(**one) for one in document]
    clients = by_client(samples)
    rounds = len(clients[SUBJECT])
    words = f"{int(jobs):,} jobs, services with {latency} ms of latency"
    if "boto3 worker" in clients:
        share = Spread([1 / one for one in ratios(samples, "boto3 worker").values])
        goals.append((f"CPU a copy, of the boto3 worker's: {words}", share.text(), "at most 0.1"))
    share = Spread([1 / one for one in ratios(samples, FLOOR).values])
    goals.append((f"CPU a copy, times the floor's: {words}", share.text(1), "at most 2"))
    if len(clients) > 3:
        medians = {client: Spread([one.cpu_a_copy for one in runs]).median for client, runs in clients.items()}
        plots.bars(
            figures / f"cpu-{latency}ms.svg",
            f"CPU a copy, services with {latency} ms of latency",
            f"milliseconds of the client's CPU, median of {rounds} times {int(jobs):,} jobs",
            sorted(medians.items(), key=lambda one: one[1]),
        )
    return [f"### {words}, {rounds} round{'s' if rounds > 1 else ''}", "", *table(samples)]


def of_instructions(document: Any, figures: Path, goals: Goals) -> list[str]:
    own = next(one["a_copy"] for one in document if one["client"] == SUBJECT)
    lines = [
        "### Instructions, by callgrind",
        "",
        "| client | a copy, millions | of snapferry's | start and end, millions |",
        "|---|---|---|---|",
    ]
    for one in document:
        lines.append(f"| {one['client']} | {one['a_copy']:.2f} | {one['a_copy'] / own:.2f} | {one['start']:.0f} |")
        if one["client"] == "boto3 worker":
            goals.append(("instructions a copy, of the boto3 worker's", f"{own / one['a_copy']:.2f}", "at most 0.1"))
        if one["client"] == FLOOR:
            goals.append(("instructions a copy, times the floor's", f"{own / one['a_copy']:.1f}", "at most 2"))
    return lines


def of_worker(document: Any, figures: Path, goals: Goals) -> list[str]:
    goals.append(("start to first poll, median of 11", f"{document['first_poll']:.0f} ms", "at most 20 ms"))
    goals.append(("memory, idle", f"{document['idle']:.1f} MB", "at most 20 MB"))
    return []


def of_latency(document: Any, figures: Path, goals: Goals) -> list[str]:
    for one in document:
        values = one["values"]
        p50, p99 = values[len(values) // 2], values[int(len(values) * 0.99)]
        words = f"event to CopyDBSnapshot, p99: {one['rate']:g} a second, SNAPFERRY_CONFIRM_SHORTEST_SECONDS={one['shortest']}"
        goals.append((words, f"{p99:,.0f} ms (median {p50:,.0f} ms)", "at most 50 ms"))
    return []


def of_service(document: Any, figures: Path, goals: Goals) -> list[str]:
    lines = ["### The embedded AWS", "", "| request | CPU each, µs | a second and core | a second by the wall |", "|---|---|---|---|"]
    for one in document:
        goals.append((f"{one['what']} answered by the embedded AWS on one core", f"{one['a_core']:,} a second", "at least 5,000"))
        lines.append(f"| {one['what']} | {one['cpu']} | {one['a_core']:,} | {one['by_wall']:,} |")
    return lines


def of_micro(document: Any, figures: Path, goals: Goals) -> list[str]:
    lines = ["### Pieces", "", "| piece | p90, µs | allocations | instructions |", "|---|---|---|---|"]
    for one in document:
        counted = f"{one['instructions']:,}" if one["instructions"] is not None else "–"
        lines.append(f"| {one['name']} | {one['wall']:,} | {one['allocations']:,} | {counted} |")
        if one["name"] == "describe-100-snapshots":
            goals.append(("a page of 100 snapshots decoded, p90", f"{one['wall'] / 1000:.1f} ms", "at most 1 ms"))
    return lines


def of_waiting(document: Any, figures: Path, goals: Goals) -> list[str]:
    sizes, costs = [one["jobs"] for one in document], [one["cost"] for one in document]
    grown = costs[-1] / costs[0]
    goals.append((f"cost of a step with {sizes[-1]:,} jobs, of that with {sizes[0]:,}", f"{grown:.2f}", "at most 1.2"))
    plots.lines(
        figures / "jobs-waiting-cost.svg", "Cost of a step by jobs waiting", "jobs waiting", "µs of CPU", [("cost", sizes, costs)]
    )
    rows = [f"| {size:,} | {cost} |" for size, cost in zip(sizes, costs, strict=True)]
    return ["### Jobs waiting", "", "| jobs waiting | cost of a step, µs of CPU |", "|---|---|", *rows]


def of_points(document: Any, figures: Path, goals: Goals, name: str) -> list[str]:
    words = name.replace("-", " ")
    largest = document[-1]
    if name == "copies-in-hand":
        goals.append((f"memory with {largest['size']:,} copies in hand", f"{largest['memory']} MB", "at most 100 MB"))
    sizes = [one["size"] for one in document]
    memory = [("resident", sizes, [one["memory"] for one in document])]
    memory.append(("of it no page of the program", sizes, [one["anonymous"] for one in document]))
    plots.lines(figures / f"{name}-memory.svg", f"Memory of a worker by {words}", words, "MB", memory)
    idle = [("CPU", sizes, [one["idle_cpu"] for one in document])]
    plots.lines(figures / f"{name}-cpu.svg", f"CPU of a waiting worker by {words}", words, "ms a second", idle)
    return [
        f"### {words.capitalize()}, one worker",
        "",
        f"| {words} | memory, MB | of it no page of the program | CPU, ms a second | requests a minute | CPU to take one in hand, ms |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one['size']:,} | {one['memory']} | {one['anonymous']} | {one['idle_cpu']} | {one['requests']} | {one['start_cpu']} |"
            for one in document
        ),
    ]


def of_workers(document: Any, figures: Path, goals: Goals) -> list[str]:
    sizes = [one["workers"] for one in document]
    costs = [("CPU a copy, ms", sizes, [one["cpu_a_copy"] for one in document])]
    costs.append(("requests a copy", sizes, [sum(one["requests"].values()) for one in document]))
    plots.lines(figures / "workers-cost.svg", "The same work by workers", "workers", "a copy", costs)
    memory = [("each", sizes, [one["memory"] for one in document])]
    memory.append(("shared pages counted once", sizes, [one["share"] for one in document]))
    plots.lines(figures / "workers-memory.svg", "Memory of a worker by workers on a machine", "workers", "MB", memory)
    rows = [
        f"| {one['workers']} | {one['cpu_a_copy']} | {one['requests'].get('sqs', 0):.2f} / {one['requests'].get('rds', 0):.2f} "
        f"| {one['idle_cpu']} | {one['memory']} | {one['share']} |"
        for one in document
    ]
    return [
        f"### Workers, {document[0]['jobs']:,} jobs that they share",
        "",
        "| workers | CPU a copy, ms | requests a copy: SQS / RDS | CPU of all when idle, ms a second | memory of one, MB | its share of all |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


SECTIONS: list[tuple[str, Callable[..., list[str]]]] = [
    (r"compare-(\d+)-([\d.]+)ms", of_compare),
    (r"instructions", of_instructions),
    (r"worker", of_worker),
    (r"latency", of_latency),
    (r"service", of_service),
    (r"micro", of_micro),
    (r"jobs-waiting", of_waiting),
    (r"(copies-in-hand|destinations)", of_points),
    (r"workers", of_workers),
]
