# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`snapferry simulate`, started once at the wall's speed and once much faster."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from cloud import Cloud, Keys
from processes import BINARY, Child, clean_environment, eventually, running

# The account that a simulator is asked as where none matters.
ACCOUNT = "111111111111"

READY = re.compile(r"^ready url=(?P<url>http://127\.0\.0\.1:\d+) clock=(?P<speed>[\d.]+)@(?P<epoch>[\d.TZ:+-]+)$", re.M)

# Ten minutes a second: a copy of 20 GiB takes 0.3 s, one of 1000 GiB 5 s.
FAST = 600


def local_keys(account: str) -> Keys:
    """The keys that `snapferry simulate` knows for every account."""
    return Keys(f"AKIALOCAL{account}", "test")


@dataclass(frozen=True)
class Simulator:
    cloud: Cloud
    child: Child
    ready: re.Match[str]

    @property
    def url(self) -> str:
        return self.cloud.endpoint


@contextlib.contextmanager
def simulate(logs: Path, *arguments: str) -> Iterator[Simulator]:
    """Runs the embedded AWS; it must say that it is ready, and leave with status 0 when told to stop."""
    command = [BINARY, "simulate", "--port", "0", *arguments]
    with running(command, clean_environment(), logs) as child:

        def ready() -> re.Match[str] | None:
            assert child.process.poll() is None, f"exited with {child.process.returncode}\n{child.tail()}"
            return READY.search(child.stdout)

        match = eventually(ready, within=20, what=f"a ready line\n{child.tail()}")
        yield Simulator(Cloud(match["url"], local_keys(ACCOUNT)), child, match)
        assert child.process.poll() is None, f"died with {child.process.returncode}\n{child.tail()}"
        assert child.terminate() == 0, child.tail()


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """At the wall's speed: for SQS, whose callers measure in seconds."""
    with simulate(tmp_path_factory.mktemp("simulate"), "--speed", "1") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def fast_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Ten minutes a second: for RDS, whose work takes minutes to hours."""
    with simulate(tmp_path_factory.mktemp("simulate-fast"), "--speed", str(FAST)) as simulator:
        yield simulator


_accounts = count(200_000_000_001)


@pytest.fixture
def cloud(simulator: Simulator) -> Cloud:
    """A fresh account, so that quotas, events and lists are the test's own."""
    return simulator.cloud.with_keys(local_keys(str(next(_accounts))))


@pytest.fixture
def fast_cloud(fast_simulator: Simulator) -> Cloud:
    """A fresh account where ten minutes take a second."""
    return fast_simulator.cloud.with_keys(local_keys(str(next(_accounts))))


@pytest.fixture
def other_cloud(fast_cloud: Cloud) -> Cloud:
    """Another fresh account beside `fast_cloud`."""
    return fast_cloud.with_keys(local_keys(str(next(_accounts))))
