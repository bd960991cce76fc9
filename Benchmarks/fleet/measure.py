# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Runs a client to the end of its work, and tells what it took."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .contestants import CONNECTIONS, Contestant
from .tape import Recorder
from .world import Snapshot, World, requests_by_service, running_world, wall


@dataclass
class Sample:
    """What one run took."""

    client: str
    jobs: int
    #: User and system time of the client's process and its children, in seconds.
    cpu: float
    #: From the first receive to the last answer, in seconds.
    wall: float
    #: The most memory it held, in MB.
    memory: float
    #: From the start of the process to its first receive, in milliseconds; `None` for who receives nothing.
    first_poll: float | None
    requests: dict[str, int] = field(default_factory=dict)

    @property
    def cpu_a_copy(self) -> float:
        """In milliseconds."""
        return self.cpu / self.jobs * 1000


def run_to_the_end(
    command: list[str],
    environment: dict[str, str],
    log: Path,
    is_done: Callable[[], bool],
    patience: float,
    grace: float = 20,
) -> tuple[float, float, float]:
    """Runs until the work is done, ends the process, and gives start time, CPU seconds and MB; `grace` is its time to end."""
    memory = 0.0
    with log.open("wb") as output:
        started = time.time()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    deadline = time.monotonic() + patience
    try:
        while not has_ended(process.pid) and not is_done():
            memory = max(memory, high_water(process.pid))
            if time.monotonic() > deadline:
                sys.exit(f"not done after {patience:.0f} s: {' '.join(command)}\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.25)
        memory = max(memory, high_water(process.pid))
    finally:
        # By hand: Popen would look whether it is over, and lay it to rest.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    # A client that hangs in a long poll does nothing more that counts.
    give_up = time.monotonic() + grace
    while not has_ended(process.pid):
        if time.monotonic() > give_up:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.05)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return started, usage.ru_utime + usage.ru_stime, memory


def has_ended(pid: int) -> bool:
    """Whether a child is over, which it is only asked: what it used is read when it is laid to rest."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def high_water(pid: int) -> float:
    """The most that a process has held of memory, in MB; 0 for one that is over."""
    # Not `ru_maxrss`, which begins with what the parent held when it forked.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0


def run_contestant(
    contestant: Contestant,
    wanted: list[Snapshot],
    binary: Path,
    scratch: Path,
    *,
    latency: float = 0,
    tape: Path | None = None,
    under: Sequence[str] = (),
) -> Sample:
    """One run in a world of its own; `tape` takes what it sends, `under` is a command that runs commands."""
    with running_world(binary, scratch, wanted, latency=0) as world:
        world.send([contestant.body(number, snapshot) for number, snapshot in enumerate(wanted)])
        world.mark = world.latest()
        if latency:
            world.put("faults", {"rules": [{"fault": {"type": "latency", "seconds": latency}}]})
        recorder = Recorder(world.url) if tape else None
        environment = contestant.environment(world, recorder.url if recorder else world.url)
        started, cpu, memory = run_to_the_end(
            [*under, *contestant.command(binary)],
            environment,
            scratch / "client.log",
            lambda: world.left() == 0,
            patience=(600 if under else 120) + len(wanted) * 0.3,
            grace=120 if under else 20,
        )
        if latency:
            world.put("faults", {"rules": []})
        if recorder and tape:
            recorder.write(tape)
        sample = read_journal(contestant.name, world, len(wanted), started, cpu, memory)
        copied = world.snapshots() - len(wanted)
        dead = world.left("dead")
        if copied < len(wanted) or dead:
            sys.exit(f"{contestant.name} made {copied} of {len(wanted)} copies, {dead} dead letters; see {scratch}/client.log")
    return sample


def run_floor(
    floor: Path,
    tape: Path,
    wanted: list[Snapshot],
    binary: Path,
    scratch: Path,
    *,
    latency: float = 0,
    under: Sequence[str] = (),
) -> Sample:
    """The requests of a tape, sent by who neither signs nor reads."""
    with running_world(binary, scratch, wanted, signatures=False, latency=0) as world:
        world.send([str(number) for number in range(len(wanted))])
        world.mark = world.latest()
        if latency:
            world.put("faults", {"rules": [{"fault": {"type": "latency", "seconds": latency}}]})
        command = [*under, str(floor), world.url, str(tape), str(CONNECTIONS)]
        started, cpu, memory = run_to_the_end(command, {}, scratch / "client.log", lambda: False, patience=600)
        # Refusals would be answers of another size.
        if (copied := world.snapshots() - len(wanted)) < len(wanted):
            sys.exit(f"the floor made {copied} of {len(wanted)} copies")
        return read_journal("floor (C)", world, len(wanted), started, cpu, memory)


def read_journal(name: str, world: World, jobs: int, started: float, cpu: float, memory: float) -> Sample:
    entries = [entry for entry in world.journal() if entry["operation"] != "GetQueueAttributes"]
    receives = [wall(entry) for entry in entries if entry["operation"] == "ReceiveMessage"]
    ended = max((wall(entry) for entry in entries if entry["operation"] != "ReceiveMessage"), default=started)
    return Sample(
        client=name,
        jobs=jobs,
        cpu=cpu,
        wall=ended - (receives[0] if receives else started),
        memory=memory,
        first_poll=(receives[0] - started) * 1000 if receives else None,
        requests=dict(requests_by_service(entries)),
    )
