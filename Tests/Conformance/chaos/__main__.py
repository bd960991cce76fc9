# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`python -m chaos`: what scripts/chaos runs."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from processes import BINARY, ROOT, clean_environment

from .model import CLUSTER, INSTANCE, Options
from .run import Result, run

LOGS = ROOT / "artifacts" / "chaos"


def show(result: Result, logs: Path) -> None:
    width = max(len(name) for name, _ in result.summary)
    for name, value in result.summary:
        print(f"  {name:<{width}}  {value}")
    for violation in result.violations[:40]:
        print(f"VIOLATION {violation}")
    if len(result.violations) > 40:
        print(f"… and {len(result.violations) - 40} more")
    print(f"  {'logs':<{width}}  {logs}", flush=True)


def knows_slot_table() -> bool:
    """Whether the binary can share its slots."""
    return "SNAPFERRY_SLOT_TABLE" in subprocess.run([BINARY, "work", "--help"], capture_output=True, text=True).stdout


def self_check(seed: int) -> bool:
    """Breaks one promise after the other, and asks that the checks notice; says whether they did."""
    small = Options(seed=seed, kills=0, jobs=40, workers=3, storms=False)
    # Longer than a lease, so that it takes heartbeats to keep one.
    slow = replace(small, copy_seconds=900, slots={INSTANCE: 10, CLUSTER: 10})
    # RDS itself would let them all run, and each worker counts for itself alone.
    crowded = replace(small, rds_limit=20, slots={INSTANCE: 2, CLUSTER: 1}, checks_slots=True, copy_seconds=100,
                      sabotage="nothing", meets=True)
    scenarios = [
        ("nothing is broken", replace(small, sabotage="nothing"), None),
        ("heartbeats delete messages", replace(slow, sabotage="early-delete"), "deleted last"),
        ("lost leases go unnoticed", replace(slow, sabotage="ignored-leases"), "leases kept"),
        ("dead letters vanish", replace(small, sabotage="lost-letters"), "put aside"),
        ("workers share no ledger", crowded, "within limits"),
        ("slots are shared", replace(crowded, slot_table=True), None),
        ("slots seem to be free", replace(crowded, slot_table=True, sabotage="hidden-slots"), "within limits"),
        # As many slots as there are jobs: none of them comes back.
        ("slots stay taken", replace(small, slot_table=True, slots={INSTANCE: 40, CLUSTER: 40}, rds_limit=40,
                                     sabotage="kept-slots"), "slots free"),
    ]
    if not knows_slot_table():
        scenarios = [scenario for scenario in scenarios if not scenario[1].slot_table]

    def perform(scenario: tuple[str, Options, str | None]) -> tuple[Result, Path]:
        logs = LOGS / f"self-check-{scenario[0].replace(' ', '-')}"
        return run(scenario[1], logs), logs

    good = True
    # They mostly wait.
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(perform, scenarios)
        for (name, _, wanted), (result, logs) in zip(scenarios, results):
            good = tell(name, wanted, result, logs) and good
    return good


def tell(name: str, wanted: str | None, result: Result, logs: Path) -> bool:
    """Prints what the checks noticed, and says whether it was what they had to."""
    found = sorted({violation.check for violation in result.violations})
    noticed = not found if wanted is None else wanted in found
    verdict = "as it must be" if noticed else f"WRONG: wanted {wanted or 'no violation'}"
    print(f"{name}: {', '.join(found) or 'no violation'}; {verdict}", flush=True)
    if not noticed:
        show(result, logs)
    return noticed


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=40, help="how often something is done to a worker (%(default)s)")
    parser.add_argument("--jobs", type=int, default=400, help="snapshots and destinations (%(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="processes at once (%(default)s)")
    parser.add_argument("--seed", type=int, help="repeats the choices of an earlier run; random by default")
    parser.add_argument("--slot-table", action="store_true", help="share slots by DynamoDB, and hold the policy")
    parser.add_argument("--self-check", action="store_true", help="break promises on purpose; the checks must notice")
    arguments = parser.parse_args()
    if arguments.jobs < 20 or arguments.workers < 1 or arguments.kills < 0:
        parser.error("at least 20 jobs and 1 worker")
    seed = random.randrange(1 << 31) if arguments.seed is None else arguments.seed
    for name in set(os.environ) - set(clean_environment()):
        del os.environ[name]
    os.environ.update(clean_environment())
    if arguments.self_check:
        return 0 if self_check(seed) else 1
    options = Options(seed=seed, kills=arguments.kills, jobs=arguments.jobs, workers=arguments.workers)
    if arguments.slot_table:
        if not knows_slot_table():
            parser.error("this binary knows no SNAPFERRY_SLOT_TABLE")
        # Far above the slots, so that only the ledger keeps the fleet within them.
        options = replace(options, slot_table=True, checks_slots=True, rds_limit=20)
    print(f"chaos: {options.kills} kills, {options.jobs} jobs, {options.workers} workers, seed {seed}", flush=True)
    logs = LOGS / f"seed-{seed}"
    result = run(options, logs)
    show(result, logs)
    if result.violations:
        table = " --slot-table" if arguments.slot_table else ""
        print(f"chaos: {len(result.violations)} violations; again: scripts/chaos --kills {options.kills} "
              f"--jobs {options.jobs} --workers {options.workers} --seed {seed}{table}")
        return 1
    print("chaos: everything held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
