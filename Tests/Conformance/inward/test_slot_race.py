# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Two ledgers race for one slot in moto's DynamoDB: never do both get it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from emulation import moto
from processes import ROOT, clean_environment

# All ten thousand take minutes: SNAPFERRY_RACE_ROUNDS=10000 has them run.
ROUNDS = int(os.environ.get("SNAPFERRY_RACE_ROUNDS", "1000"))


def test_two_that_race_for_one_slot_never_both_get_it(tmp_path: Path) -> None:
    # The race is a Swift test, since the ledger is Swift; here it gets another DynamoDB than the embedded one.
    command = ["swift", "test", "--disable-xctest", "--skip-build", "--filter", "SlotRaceTests"]
    with moto(tmp_path, verify=False) as cloud:
        environment = clean_environment(
            SNAPFERRY_RACE_ENDPOINT=cloud.endpoint, SNAPFERRY_RACE_ROUNDS=str(ROUNDS)
        )
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60 + ROUNDS / 5
        )
        # Rounds that nobody raced would show nothing.
        tables = cloud.client("dynamodb").list_tables()["TableNames"]
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4000:]
    assert [name for name in tables if name.startswith("race-")], output[-4000:]
    raced = re.search(r"(\d+) rounds of the race for one slot: won (\d+) and (\d+) times", output)
    assert raced and int(raced[1]) == ROUNDS, output[-4000:]
    print(raced[0])
