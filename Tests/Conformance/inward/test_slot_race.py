# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Two ledgers race for one slot in moto's DynamoDB: never do both get it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloud import Cloud, Keys
from processes import ROOT, clean_environment, free_port, running, wait_for_port

# All ten thousand take minutes: SNAPFERRY_RACE_ROUNDS=10000 has them run.
ROUNDS = int(os.environ.get("SNAPFERRY_RACE_ROUNDS", "300"))

# DynamoDB checks a condition and writes in one; moto's threads can come between the two, so it gets one thread.
SERVER = """
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
"""


@pytest.mark.timeout(180 + ROUNDS)
def test_two_that_race_for_one_slot_never_both_get_it(tmp_path: Path) -> None:
    # The race is a Swift test, since the ledger is Swift; here it gets another DynamoDB than the embedded one.
    command = ["swift", "test", "--disable-xctest", "--skip-build", "--filter", "SlotRaceTests"]
    port = free_port()
    with running([sys.executable, "-c", SERVER, str(port)], clean_environment(), tmp_path) as child:
        wait_for_port(port, child)
        cloud = Cloud(f"http://127.0.0.1:{port}", Keys("setup", "setup"))
        environment = clean_environment(
            SNAPFERRY_RACE_ENDPOINT=cloud.endpoint, SNAPFERRY_RACE_ROUNDS=str(ROUNDS)
        )
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120 + ROUNDS
        )
        # Rounds that nobody raced would show nothing.
        tables = cloud.client("dynamodb").list_tables()["TableNames"]
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4000:]
    assert [name for name in tables if name.startswith("race-")], output[-4000:]
    raced = re.search(r"(\d+) rounds of the race for one slot: won (\d+) and (\d+) times", output)
    assert raced and int(raced[1]) == ROUNDS, output[-4000:]
    print(raced[0])
