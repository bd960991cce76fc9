# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The workers of a run as processes, and the ways in which they are made to suffer."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import BINARY, clean_environment

# What a worker has to end within once it is asked to.
GRACE = 10.0
# How long after a death an answer may be on its way to the dead: a busy server learns late of a closed connection.
IN_FLIGHT = 1.0


@dataclass
class Span:
    """A time of the wall clock's in which a worker could not keep its leases."""

    start: float
    end: float


@contextlib.contextmanager
def watch(outages: list[Span], pause: float = 0.2, late: float = 0.8) -> Iterator[list[Span]]:
    """Notes when the machine is too busy to let even this process run: workers miss their heartbeats then."""
    stalls: list[Span] = []
    over = threading.Event()

    def look() -> None:
        before = time.time()
        while not over.wait(pause):
            now = time.time()
            if now - before > pause + late:
                stalls.append(Span(before, now))
                outages.append(stalls[-1])
            before = now

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield stalls
    finally:
        over.set()
        thread.join()


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    log: Path
    started: float
    #: When it goes on, for one that was stopped.
    continues_at: float | None = None
    #: The time for which it is stopped.
    outage: Span | None = None
    #: When it was asked to end.
    asked_at: float | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing is being done to it, and it has come as far as working."""
        return self.continues_at is None and self.asked_at is None and self.log.stat().st_size > 0

    def records(self) -> Iterator[dict[str, Any]]:
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                # Killed in the middle of a line.
                continue


@dataclass
class Fleet:
    endpoint: str
    clock: str
    policy: Path
    environment: dict[str, str]
    logs: Path
    #: How long a worker is stopped: longer than a lease lasts.
    stop_seconds: tuple[float, float]
    workers: list[Worker] = field(default_factory=list)
    past: list[Worker] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    outages: list[Span] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def start(self, count: int = 1) -> None:
        for _ in range(count):
            number = len(self.workers) + len(self.past) + 1
            log = self.logs / f"worker-{number:03}.log"
            environment = clean_environment(
                AWS_ENDPOINT_URL=self.endpoint, SNAPFERRY_POLICY=str(self.policy), **self.environment
            )
            with log.open("wb") as stdout, log.with_suffix(".err").open("wb") as stderr:
                process = subprocess.Popen(
                    [str(BINARY), "work", "--clock", self.clock, "--log-format", "json"],
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    env=environment,
                )
            self.workers.append(Worker(process, log, time.time()))

    def strike(self, generator: random.Random) -> bool:
        """Does something to a worker at random; says whether there was one to do it to."""
        free = [worker for worker in self.workers if worker.is_free and worker.process.poll() is None]
        if not free:
            return False
        worker = generator.choice(free)
        way = generator.choices(["SIGKILL", "SIGTERM", "SIGSTOP"], [5, 3, 2])[0]
        now = time.time()
        self.kills[way] += 1
        # Messages that are on their way to a worker that ends reach nobody.
        if way == "SIGKILL":
            worker.process.kill()
            worker.process.wait()
            self._retire(worker)
            self.outages.append(Span(now, time.time() + IN_FLIGHT))
            self.start()
        elif way == "SIGTERM":
            worker.process.send_signal(signal.SIGTERM)
            worker.asked_at = now
            self.outages.append(Span(now, now + GRACE))
            self.start()
        else:
            worker.process.send_signal(signal.SIGSTOP)
            worker.continues_at = now + generator.uniform(*self.stop_seconds)
            worker.outage = Span(now, worker.continues_at)
            self.outages.append(worker.outage)
        return True

    def tend(self) -> None:
        """Lets those go on whose stop is over, and sees to those that end."""
        now = time.time()
        for worker in list(self.workers):
            status = worker.process.poll()
            if status is None and worker.continues_at is not None and now >= worker.continues_at:
                worker.process.send_signal(signal.SIGCONT)
                worker.continues_at = None
                if worker.outage:
                    worker.outage.end = now
            elif status is not None and worker.asked_at is not None:
                if status != 0:
                    self.problems.append(f"{worker.log.name} ended with status {status} after SIGTERM")
                self._retire(worker)
            elif status is not None:
                self.problems.append(f"{worker.log.name} ended by itself with status {status}")
                self._retire(worker)
                self.start()
            elif worker.asked_at is not None and now > worker.asked_at + GRACE:
                self.problems.append(f"{worker.log.name} was still running {GRACE:.0f} s after SIGTERM")
                worker.process.kill()
                worker.process.wait()
                self._retire(worker)

    def wake(self) -> None:
        """Lets every stopped worker go on."""
        for worker in self.workers:
            if worker.continues_at is not None:
                worker.continues_at = 0
        self.tend()

    def drain(self) -> None:
        """Asks all to end, and waits for it."""
        for worker in self.workers:
            if worker.asked_at is None:
                worker.process.send_signal(signal.SIGTERM)
                worker.asked_at = time.time()
        while self.workers:
            self.tend()
            time.sleep(0.05)

    def end(self) -> None:
        """Whatever happens, no process of this run outlives it."""
        for worker in self.workers:
            if worker.process.poll() is None:
                os.kill(worker.process.pid, signal.SIGKILL)
                worker.process.wait()

    def _retire(self, worker: Worker) -> None:
        self.workers.remove(worker)
        self.past.append(worker)

    def given_back(self, seconds: int) -> set[str]:
        """The sources of messages that were given back to the queue for so long."""
        return {
            str(record.get("snapshot.source"))
            for worker in self.past + self.workers
            for record in worker.records()
            if record.get("message") == "Given back to the queue" and record.get("delay.seconds") == str(seconds)
        }

    def told(self) -> Counter[str]:
        """How often the workers logged each message."""
        return Counter(
            str(record.get("message")) for worker in self.past + self.workers for record in worker.records()
        )
