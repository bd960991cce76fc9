# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""One worker with more and more in hand, one with more and more destinations, and more and more workers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .contestants import CONTESTANTS, event
from .world import DESTINATIONS, SOURCE, World, requests_by_service, running_world, snapshots

# A policy gives a destination 1,000 slots of a kind at the most; four of five snapshots are of instances.
COPIES_A_REGION = 1250


@dataclass
class Point:
    """What a worker takes at one size."""

    size: int
    #: Resident, in MB, and how much of that is no page of the program's file.
    memory: float
    anonymous: float
    #: CPU milliseconds a second, once everything is in hand.
    idle_cpu: float
    #: Requests a minute then.
    requests: float
    #: CPU milliseconds it took to take one thing in hand; 0 where nothing was taken.
    start_cpu: float


@dataclass
class FleetPoint:
    """What a fleet takes at one size, for the same work."""

    workers: int
    jobs: int
    #: CPU milliseconds a copy, of all workers together, their start not counted.
    cpu_a_copy: float
    #: CPU milliseconds a second of all workers together while there is nothing to do.
    idle_cpu: float
    #: Requests a copy by service.
    requests: dict[str, float] = field(default_factory=dict)
    #: Resident, in MB, of the largest worker, and its share of all that the workers hold, pages they share counted once.
    memory: float = 0
    share: float = 0
    #: Copies a second.
    rate: float = 0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, finer than the ticks of its `stat`."""
    # The kernel's number for the CPU clock of another process, which clock_getcpuclockid(3) would give.
    return time.clock_gettime((~pid << 3) | 2)


def resident(pid: int, what: str = "VmRSS") -> float:
    """In MB: all of it, or with `RssAnon` without the pages that are the program's file."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"no {what}")


def proportional(pid: int) -> float:
    """What a process holds, in MB; a page that n processes share counts an nth."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no Pss")


def workers(binary: Path, scratch: Path, sizes: list[int], jobs: int, seconds: float) -> list[FleetPoint]:
    """The same work, shared by more and more workers."""
    points = []
    for size in sizes:
        wanted = snapshots(jobs)
        with running_world(binary, scratch / f"workers-{size}", wanted) as world, contextlib.ExitStack() as stack:
            environment = CONTESTANTS[0].environment(world, world.url)
            fleet = [stack.enter_context(started(binary, environment)) for _ in range(size)]
            wait_for(lambda world=world, size=size: arrived(world) >= size, 60 + size * 3, f"{size} workers to arrive")
            used, since = sum(cpu_seconds(one.pid) for one in fleet), time.monotonic()
            time.sleep(seconds)
            before = sum(cpu_seconds(one.pid) for one in fleet)
            idle = (before - used) / (time.monotonic() - since)
            mark = world.latest()
            began = time.monotonic()
            world.send([event(number, snapshot) for number, snapshot in enumerate(wanted)])
            wait_for(lambda world=world: world.left() == 0, 120 + jobs * 0.1, f"{size} workers to copy {jobs}")
            took = time.monotonic() - began
            after = sum(cpu_seconds(one.pid) for one in fleet)
            world.mark = mark
            entries = [one for one in world.journal() if one["operation"] not in ("GetQueueAttributes", "SendMessageBatch")]
            if (dead := world.left("dead")) or begun(world, jobs) < jobs:
                sys.exit(f"{size} workers made {begun(world, jobs)} of {jobs} copies, {dead} dead letters")
            points.append(
                FleetPoint(
                    workers=size,
                    jobs=jobs,
                    cpu_a_copy=round((after - before) / jobs * 1000, 3),
                    idle_cpu=round(idle * 1000, 2),
                    requests={name: round(count / jobs, 3) for name, count in requests_by_service(entries).items()},
                    memory=round(max(resident(one.pid) for one in fleet), 1),
                    share=round(sum(proportional(one.pid) for one in fleet) / size, 1),
                    rate=round(jobs / took, 1),
                )
            )
        print(f"  {points[-1]}", flush=True)
    return points


def arrived(world: World) -> int:
    """How many workers have asked who they are, which they do before their first poll."""
    return sum(one["operation"] == "GetCallerIdentity" for one in world.journal())


@contextlib.contextmanager
def started(binary: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, which is killed at the end: what it would do on the way out is not what is measured."""
    command = [str(binary), "work", "--log-level", "warning"]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds:.0f} s in vain for {what if isinstance(what, str) else what()}")
        time.sleep(0.5)


def copies_in_hand(binary: Path, scratch: Path, sizes: list[int], seconds: float) -> list[Point]:
    """Copies that never end, all of them at one worker, in as many Regions as they need."""
    points = []
    for size in sizes:
        regions = DESTINATIONS[: -(-size // COPIES_A_REGION)]
        wanted = snapshots(size // len(regions))
        with running_world(binary, scratch / f"in-hand-{size}", wanted) as world:
            world.put("settings", {"copyOverheadSeconds": 1_000_000})
            world.send([event(number, snapshot) for number, snapshot in enumerate(wanted)])
            environment = CONTESTANTS[0].environment(world, world.url) | {
                "SNAPFERRY_WAITING_ROOM": "10000",
                "SNAPFERRY_POLICY": policy(world, regions, slots=1000),
                # As it is by default.
                "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "15",
            }
            points.append(watch(binary, world, environment, size, seconds, len(wanted)))
        print(f"  {points[-1]}", flush=True)
    return points


def destinations(binary: Path, scratch: Path, sizes: list[int], seconds: float) -> list[Point]:
    """A policy of so many destinations, accounts in a few Regions, and one snapshot that goes to all of them."""
    points = []
    for size in sizes:
        # The second is not encrypted, and it alone is announced.
        wanted = snapshots(2)
        with running_world(binary, scratch / f"destinations-{size}", wanted) as world:
            world.send([event(1, wanted[1])])
            places = [f"{222222222222 + index // 8}/{DESTINATIONS[index % 8]}" for index in range(size)]
            environment = CONTESTANTS[0].environment(world, world.url) | {
                "SNAPFERRY_POLICY": policy(world, places, slots=20),
                "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "15",
            }
            points.append(watch(binary, world, environment, size, seconds, len(wanted)))
        print(f"  {points[-1]}", flush=True)
    return points


def policy(world: World, places: list[str], slots: int) -> str:
    """A file with the policy: a thousand destinations are more than a variable holds."""
    entries = []
    for place in places:
        account, _, region = place.rpartition("/")
        entry = {"region": region, "kmsKey": "alias/dr", "slots": {"instance": slots, "cluster": slots}}
        if account:
            entry |= {"account": account, "role": f"arn:aws:iam::{account}:role/dr", "copyOptionGroup": False}
        entries.append(entry)
    document = {"routes": [{"name": "all", "source": {"regions": [SOURCE]}, "destinations": entries}]}
    path = world.scratch / "policy.json"
    path.write_text(json.dumps(document))
    return str(path)


def begun(world: World, sources: int) -> int:
    """How many copies were started."""
    return world.snapshots() - sources


def watch(binary: Path, world: World, environment: dict[str, str], size: int, seconds: float, sources: int) -> Point:
    """Waits until so many copies have begun, and then sees what that takes."""
    with started(binary, environment) as process:
        wait_for(
            lambda: process.poll() is not None or begun(world, sources) >= size,
            60 + size * 0.05,
            lambda: f"a worker to begin {size} copies; it began {begun(world, sources)}",
        )
        if process.poll() is not None:
            sys.exit(f"a worker that was to take {size} in hand ended with {process.returncode}")
        taken = cpu_seconds(process.pid)
        mark, since, used = world.latest(), time.monotonic(), cpu_seconds(process.pid)
        time.sleep(seconds)
        elapsed = time.monotonic() - since
        used = cpu_seconds(process.pid) - used
        world.mark = mark
        entries = requests_by_service(world.journal())
        return Point(
            size=size,
            memory=round(resident(process.pid), 1),
            anonymous=round(resident(process.pid, "RssAnon"), 1),
            idle_cpu=round(used / elapsed * 1000, 2),
            requests=round(entries.total() / elapsed * 60, 1),
            start_cpu=round(taken / size * 1000, 3),
        )
