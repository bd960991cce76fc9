# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""One worker with more and more in hand, and with more and more destinations."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .contestants import CONTESTANTS, event
from .world import KEYS, SOURCE, World, clean_environment, running_world, snapshots, wall

TICKS = os.sysconf("SC_CLK_TCK")
# Regions that the embedded AWS takes for granted; a thousand destinations are accounts in them.
REGIONS = ["eu-west-1", "eu-west-2", "eu-central-1", "us-west-2", "ap-south-1", "ap-southeast-2", "sa-east-1", "ca-central-1"]


@dataclass
class Point:
    """What a worker takes at one size."""

    size: int
    #: Resident, in MB.
    memory: float
    #: CPU milliseconds a second, once everything is in hand.
    idle_cpu: float
    #: Requests a minute then.
    requests: float
    #: CPU milliseconds it took to take one thing in hand; 0 where nothing was taken.
    start_cpu: float


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS")


def copies_in_hand(binary: Path, scratch: Path, sizes: list[int], seconds: float) -> list[Point]:
    """Copies that never end, all of them at one worker."""
    points = []
    for size in sizes:
        wanted = snapshots(size)
        with running_world(binary, scratch / f"in-hand-{size}", wanted) as world:
            world.put("settings", {"copyOverheadSeconds": 1_000_000})
            world.send([event(number, snapshot) for number, snapshot in enumerate(wanted)])
            environment = CONTESTANTS[0].environment(world, world.url) | {
                "SNAPFERRY_WAITING_ROOM": "10000",
                "SNAPFERRY_POLICY": policy(["eu-west-1"], slots=20_000),
                "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "15",
            }
            points.append(watch(binary, world, environment, size, seconds, lambda world=world, size=size: begun(world, size) >= size))
        print(f"  {size:6} copies in hand: {points[-1]}", flush=True)
    return points


def destinations(binary: Path, scratch: Path, sizes: list[int], seconds: float) -> list[Point]:
    """A policy of so many destinations, one snapshot that goes to all of them."""
    points = []
    for size in sizes:
        wanted = snapshots(1)
        with running_world(binary, scratch / f"destinations-{size}", wanted) as world:
            world.send([event(0, wanted[0])])
            places = [f"{222222222222 + index // len(REGIONS)}/{REGIONS[index % len(REGIONS)]}" for index in range(size)]
            environment = CONTESTANTS[0].environment(world, world.url) | {"SNAPFERRY_POLICY": policy(places, slots=20)}
            points.append(watch(binary, world, environment, size, seconds, lambda world=world, size=size: begun(world, 1) >= size))
        print(f"  {size:6} destinations: {points[-1]}", flush=True)
    return points


def policy(places: list[str], slots: int) -> str:
    entries = []
    for place in places:
        account, _, region = place.rpartition("/")
        entry = {"region": region, "kmsKey": "alias/dr", "slots": {"instance": slots, "cluster": slots}}
        if account:
            entry |= {"account": account, "role": f"arn:aws:iam::{account}:role/dr", "copyOptionGroup": False}
        entries.append(entry)
    return json.dumps({"routes": [{"name": "all", "source": {"regions": [SOURCE]}, "destinations": entries}]})


def begun(world: World, sources: int) -> int:
    """How many copies were started."""
    return world.snapshots() - sources


def watch(
    binary: Path, world: World, environment: dict[str, str], size: int, seconds: float, is_full: Callable[[], bool]
) -> Point:
    world.mark = world.journal()[-1]["sequence"]
    log = open(os.devnull, "wb")
    process = subprocess.Popen(
        [str(binary), "work", "--log-level", "warning"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + 60 + size * 0.05
        while not is_full():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"a worker with {size} did not get everything in hand: exit status {process.poll()}")
            time.sleep(1)
        taken = cpu_seconds(process.pid)
        mark, since, used = world.journal()[-1]["sequence"], time.monotonic(), cpu_seconds(process.pid)
        time.sleep(seconds)
        elapsed = time.monotonic() - since
        used = cpu_seconds(process.pid) - used
        world.mark = mark
        return Point(
            size=size,
            memory=round(resident(process.pid), 1),
            idle_cpu=round(used / elapsed * 1000, 2),
            requests=round(len(world.journal()) / elapsed * 60, 1),
            start_cpu=round(taken / size * 1000, 3),
        )
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        log.close()


def latency_to_copy(binary: Path, scratch: Path, events: int, rate: float) -> list[float]:
    """From an event's arrival on the queue to its CopyDBSnapshot, in milliseconds, sorted, at so many events a second."""
    wanted = snapshots(events)
    with running_world(binary, scratch / "latency", wanted) as world:
        environment = CONTESTANTS[0].environment(world, world.url)
        with open(os.devnull, "wb") as log:
            process = subprocess.Popen(
                [str(binary), "work", "--log-level", "warning"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            time.sleep(3)
            sqs = world.client("sqs")
            since = time.monotonic()
            # Ten at a time, as EventBridge does not: each batch counts from its own arrival.
            for start in range(0, events, 10):
                entries = [
                    {"Id": str(index), "MessageBody": event(start + index, snapshot)}
                    for index, snapshot in enumerate(wanted[start : start + 10])
                ]
                sqs.send_message_batch(QueueUrl=world.queue_url(), Entries=entries)
                time.sleep(max(0.0, since + (start + 10) / rate - time.monotonic()))
            deadline = time.monotonic() + 60
            while begun(world, events) < events and time.monotonic() < deadline:
                time.sleep(0.5)
            return delays(world)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def delays(world: World) -> list[float]:
    arrived: dict[str, float] = {}
    took: list[float] = []
    for entry in world.journal():
        if entry["operation"] in ("SendMessage", "SendMessageBatch"):
            for message in entry.get("messages") or []:
                arn = json.loads(message["Body"]).get("resources", [None])[0] if message["Body"].startswith("{") else None
                if arn:
                    arrived.setdefault(arn, wall(entry))
        elif entry["operation"] in ("CopyDBSnapshot", "CopyDBClusterSnapshot") and entry["outcome"] == "OK":
            parameters = entry["parameters"]
            source = parameters.get("SourceDBSnapshotIdentifier") or parameters.get("SourceDBClusterSnapshotIdentifier")
            if source in arrived:
                took.append((wall(entry) - arrived.pop(source)) * 1000)
    return sorted(took)
