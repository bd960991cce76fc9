# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`snapferry simulate`, started once at the wall's speed and once much faster."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from cloud import Cloud
from simulation import FAST, Simulator, local_keys, simulate


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
