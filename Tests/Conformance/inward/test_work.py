# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`snapferry work` against moto, which knows nothing of it and verifies its signatures."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from cloud import EAST, IRELAND, Cloud, Keys, unique
from emulation import ACCOUNT, Fleet, delivered, event, moto, relay
from processes import BINARY, clean_environment, eventually, free_port, running

KINDS = ["db", "db_cluster"]


def spelled(kind: str, word: str) -> str:
    return {"db": f"DB{word}", "db_cluster": f"DBCluster{word}"}[kind]


def create_database(cloud: Cloud, kind: str, encrypted: bool = False) -> str:
    """Creates a database; moto takes an automated snapshot of it at once."""
    rds, name = cloud.client("rds", EAST), unique("db")
    common = {"MasterUsername": "admin1", "MasterUserPassword": "not-a-secret", "StorageEncrypted": encrypted}
    if kind == "db":
        rds.create_db_instance(
            DBInstanceIdentifier=name, Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20, **common
        )
    else:
        rds.create_db_cluster(DBClusterIdentifier=name, Engine="aurora-postgresql", **common)
    return name


def snapshots(cloud: Cloud, kind: str, region: str, database: str) -> list[dict[str, Any]]:
    describe = getattr(cloud.client("rds", region), f"describe_{kind}_snapshots")
    identifier = {"db": "DBInstanceIdentifier", "db_cluster": "DBClusterIdentifier"}[kind]
    return describe(**{identifier: database})[spelled(kind, "Snapshots")]


def automated_snapshot(cloud: Cloud, kind: str, database: str) -> str:
    """The ARN of the automated snapshot of a database."""
    [snapshot] = snapshots(cloud, kind, EAST, database)
    return snapshot[spelled(kind, "SnapshotArn")]


def manual_snapshot(cloud: Cloud, kind: str, database: str, tags: list[dict[str, str]] | None = None) -> str:
    name = unique("manual")
    identifier = {"db": "DBInstanceIdentifier", "db_cluster": "DBClusterIdentifier"}[kind]
    create = getattr(cloud.client("rds", EAST), f"create_{kind}_snapshot")
    parameters = {spelled(kind, "SnapshotIdentifier"): name, identifier: database, "Tags": tags or []}
    return create(**parameters)[spelled(kind, "Snapshot")][spelled(kind, "SnapshotArn")]


def put(cloud: Cloud, *events: dict[str, Any]) -> None:
    entries = [
        {
            "Source": each["source"],
            "DetailType": each["detail-type"],
            "Detail": json.dumps(each["detail"]),
            "Resources": each["resources"],
        }
        for each in events
    ]
    assert cloud.client("events", EAST).put_events(Entries=entries)["FailedEntryCount"] == 0


def copies_of(cloud: Cloud, kind: str, arn: str, database: str) -> list[dict[str, Any]]:
    """The copies in Ireland whose tag names the source."""
    return [
        copy
        for copy in snapshots(cloud, kind, IRELAND, database)
        if {"Key": "snapferry:source", "Value": arn} in copy["TagList"]
    ]


def tags(snapshot: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in snapshot["TagList"]}


def test_events_become_confirmed_copies_and_an_empty_queue(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    fleet.subscribe()
    cases = [(kind, encrypted) for kind in KINDS for encrypted in (False, True)]
    databases = [create_database(aws, kind, encrypted) for kind, encrypted in cases]
    arns = [automated_snapshot(aws, kind, name) for (kind, _), name in zip(cases, databases)]
    with fleet.worker(tmp_path) as worker:
        put(aws, *(event("RDS-EVENT-0169" if kind == "db_cluster" else "RDS-EVENT-0091", arn)
                   for (kind, _), arn in zip(cases, arns)))
        eventually(
            lambda: all(copies_of(aws, kind, arn, name) for (kind, _), arn, name in zip(cases, arns, databases)),
            within=60,
            what=lambda: f"four copies\n{worker.tail()}",
        )
        fleet.until_idle(worker)
    assert fleet.depth(fleet.dead_letters) == 0
    for (kind, encrypted), arn, name in zip(cases, arns, databases):
        [copy] = copies_of(aws, kind, arn, name)
        assert copy["Status"] == "available"
        assert copy["SnapshotType"] == "manual"
        assert copy[spelled(kind, "SnapshotArn")].split(":")[3] == IRELAND
        assert copy["StorageEncrypted" if kind == "db_cluster" else "Encrypted"] is encrypted
        if encrypted:
            assert copy["KmsKeyId"] == fleet.key
        assert {"snapferry:source", "snapferry:source-created", "snapferry:route", "snapferry:job"} <= set(tags(copy))
        # The source is untouched.
        assert [each[spelled(kind, "SnapshotArn")] for each in snapshots(aws, kind, EAST, name)] == [arn]


@pytest.mark.parametrize("kind", KINDS)
def test_a_manual_snapshot_is_copied_once_however_often_it_is_told(
    aws: Cloud, fleet: Fleet, tmp_path: Path, kind: str
) -> None:
    database = create_database(aws, kind)
    # A signed form with a space in it is none to moto, which verifies the form as it would write it itself: with a "+".
    arn = manual_snapshot(aws, kind, database, [{"Key": "team", "Value": "orders+more"}])
    told = delivered(event("RDS-EVENT-0075" if kind == "db_cluster" else "RDS-EVENT-0042", arn))
    with fleet.worker(tmp_path / "first") as worker:
        fleet.send(told)
        fleet.send(told)
        eventually(lambda: copies_of(aws, kind, arn, database), within=60, what=lambda: f"a copy\n{worker.tail()}")
        fleet.until_idle(worker)
    # moto goes on with the poll that the first worker left, and gives it what comes next; so the second has its own queue.
    other = Fleet(aws)
    with other.worker(tmp_path / "second") as worker:
        other.send(told)
        other.until_idle(worker)
    [copy] = copies_of(aws, kind, arn, database)
    assert len(snapshots(aws, kind, IRELAND, database)) == 1
    assert tags(copy)["team"] == "orders+more"
    assert fleet.depth(fleet.dead_letters) == other.depth(other.dead_letters) == 0


def test_two_workers_share_one_queue(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    databases = [create_database(aws, "db") for _ in range(6)]
    arns = [automated_snapshot(aws, "db", name) for name in databases]
    with fleet.worker(tmp_path / "one") as one, fleet.worker(tmp_path / "two") as two:
        for arn in arns * 2:
            fleet.send(delivered(event("RDS-EVENT-0091", arn)))
        fleet.until_idle(one)
        assert two.process.poll() is None
    assert [len(copies_of(aws, "db", arn, name)) for arn, name in zip(arns, databases)] == [1] * 6
    assert fleet.depth(fleet.dead_letters) == 0


def test_an_explicit_job_is_carried_out(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    database = create_database(aws, "db", encrypted=True)
    arn = automated_snapshot(aws, "db", database)
    with fleet.worker(tmp_path) as worker:
        fleet.send(
            {
                "snapferry": "job", "version": 1, "source": arn, "route": "environment",
                "destination": {"account": ACCOUNT, "region": IRELAND},
            }
        )
        eventually(lambda: copies_of(aws, "db", arn, database), within=60, what=lambda: f"a copy\n{worker.tail()}")
        fleet.until_idle(worker)


def test_a_sweep_finds_what_no_event_told_of(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    databases = {kind: create_database(aws, kind) for kind in KINDS}
    include = ",".join(databases.values())
    with fleet.worker(tmp_path, SNAPFERRY_INCLUDE=include) as worker:
        fleet.send({"snapferry": "sweep"})
        for kind, name in databases.items():
            arn = automated_snapshot(aws, kind, name)
            eventually(lambda: copies_of(aws, kind, arn, name), within=60, what=lambda: f"a copy\n{worker.tail()}")
        fleet.until_idle(worker)
    assert fleet.depth(fleet.dead_letters) == 0


def test_a_policy_file_does_what_the_environment_does(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    wanted, unwanted = create_database(aws, "db"), create_database(aws, "db")
    policy = tmp_path / "policy.json"
    policy.write_text(
        f"""{{ // Comments and trailing commas are fine.
            "routes": [{{
                "name": "to-ireland",
                "source": {{ "regions": ["{EAST}"] }},
                "match": {{ "databases": ["{wanted}"] }},
                "destinations": [{{ "region": "{IRELAND}", "kmsKey": "{fleet.key}", "tags": {{ "env": "dr" }} }}],
            }}]
        }}"""
    )
    nothing = dict.fromkeys(["SNAPFERRY_SOURCE_REGIONS", "SNAPFERRY_DESTINATIONS", "SNAPFERRY_KMS_KEY"], "")
    with fleet.worker(tmp_path / "logs", SNAPFERRY_POLICY=str(policy), **nothing) as worker:
        for name in (unwanted, wanted):
            fleet.send(delivered(event("RDS-EVENT-0091", automated_snapshot(aws, "db", name))))
        fleet.until_idle(worker)
    [copy] = snapshots(aws, "db", IRELAND, wanted)
    assert tags(copy)["env"] == "dr"
    assert tags(copy)["snapferry:route"] == "to-ireland"
    assert snapshots(aws, "db", IRELAND, unwanted) == []
    assert fleet.depth(fleet.dead_letters) == 0


# Messages that lead nowhere

GONE = f"arn:aws:rds:{EAST}:{ACCOUNT}:snapshot:rds:gone-2026-11-21-03-10"
POISON: dict[str, tuple[Any, str]] = {
    "not json": ("this is no JSON", "malformed"),
    "another shape": ([1, 2, 3], "malformed"),
    "a mebibyte of brackets": ("[" * 1_000_000, "malformed"),
    "too few fields": (delivered(event("RDS-EVENT-0091", GONE)) | {"detail": {"SourceArn": "arn:aws:rds"}}, "malformed"),
    "a foreign account": (delivered(event("RDS-EVENT-0042", GONE.replace(ACCOUNT, "999988887777")), "999988887777"),
                          "foreign-account"),
    # A snapshot that RDS does not show is taken for one that it does not show yet, unless it was heard of long ago.
    "a snapshot that is gone": (
        {
            "snapferry": "job", "version": 1, "source": GONE, "route": "environment", "firstSeen": "2026-01-01T00:00:00Z",
            "destination": {"account": ACCOUNT, "region": IRELAND},
        },
        "source-gone",
    ),
}


def test_what_cannot_succeed_goes_to_the_dead_letter_queue_with_its_reason(
    aws: Cloud, fleet: Fleet, tmp_path: Path
) -> None:
    database = create_database(aws, "db")
    arn = automated_snapshot(aws, "db", database)
    with fleet.worker(tmp_path) as worker:
        for body, _ in POISON.values():
            fleet.send(body)
        fleet.send(delivered(event("RDS-EVENT-0091", arn)))
        letters = fleet.take_dead_letters(len(POISON), worker)
        fleet.until_idle(worker)
    by_body = {letter["Body"]: letter["MessageAttributes"] for letter in letters}
    assert len(by_body) == len(letters) == len(POISON)
    for name, (body, reason) in POISON.items():
        attributes = by_body[body if isinstance(body, str) else json.dumps(body)]
        values = {key: value.get("StringValue") for key, value in attributes.items()}
        assert values.get("snapferry.reason") == reason, f"{name}: {values}"
        assert values.get("snapferry.detail"), f"{name}: {values}"
        assert values.get("snapferry.worker"), f"{name}: {values}"
        assert values.get("snapferry.first-seen"), f"{name}: {values}"
    gone = by_body[json.dumps(POISON["a snapshot that is gone"][0])]
    assert gone["snapferry.source"]["StringValue"] == GONE
    assert gone["snapferry.destination"]["StringValue"] == f"{ACCOUNT}/{IRELAND}"
    assert gone["snapferry.first-seen"]["StringValue"].startswith("2026-01-01T00:00:00")
    # The good one among them was carried all the same.
    assert len(copies_of(aws, "db", arn, database)) == 1


def test_an_event_of_a_region_that_no_route_names_is_not_swallowed(fleet: Fleet, tmp_path: Path) -> None:
    arn = f"arn:aws:rds:ap-southeast-2:{ACCOUNT}:snapshot:rds:elsewhere-2026-11-21-03-10"
    with fleet.worker(tmp_path) as worker:
        fleet.send(delivered(event("RDS-EVENT-0091", arn), region="ap-southeast-2"))
        [letter] = fleet.take_dead_letters(1, worker)
        fleet.until_idle(worker)
    assert letter["MessageAttributes"]["snapferry.reason"]["StringValue"] == "foreign-account"
    assert "ap-southeast-2" in letter["MessageAttributes"]["snapferry.detail"]["StringValue"]


def test_a_key_that_does_not_exist_is_said_in_the_dead_letter(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    arn = automated_snapshot(aws, "db", create_database(aws, "db", encrypted=True))
    # An alias that does not exist makes moto fail.
    key = f"arn:aws:kms:{IRELAND}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
    with fleet.worker(tmp_path, SNAPFERRY_KMS_KEY=key) as worker:
        fleet.send(delivered(event("RDS-EVENT-0091", arn)))
        [letter] = fleet.take_dead_letters(1, worker)
    assert letter["MessageAttributes"]["snapferry.reason"]["StringValue"] == "kms-key"


# Starting and stopping


def test_a_worker_that_waits_stops_within_seconds(fleet: Fleet, tmp_path: Path) -> None:
    with fleet.worker(tmp_path) as worker:
        fleet.send(delivered(event("RDS-EVENT-0040", GONE)))
        # It has taken the message, which asks for nothing, and polls again.
        fleet.until_idle(worker)
        assert worker.terminate(within=10) == 0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
        ({"SNAPFERRY_QUEUE_URL": ""}, "SNAPFERRY_QUEUE_URL"),
        ({"SNAPFERRY_QUEUE_URL": "http://127.0.0.1/123456789012/never-was"}, "never-was"),
        ({"SNAPFERRY_QUEUE_URL": "no URL"}, "SNAPFERRY_QUEUE_URL"),
        ({"SNAPFERRY_DESTINATIONS": "atlantis"}, "SNAPFERRY_DESTINATIONS"),
        ({"SNAPFERRY_DESTINATIONS": ""}, "SNAPFERRY_DESTINATIONS"),
        ({"SNAPFERRY_POLICY": "/no/such/policy.json"}, "/no/such/policy.json"),
        ({"AWS_REGION": ""}, "AWS_REGION"),
    ],
    ids=[
        "wrong secret", "no credentials", "half of the credentials", "no queue", "a queue that does not exist",
        "no URL", "a Region that does not exist", "no destination", "no policy file", "no Region",
    ],
)
def test_what_cannot_work_is_said_at_the_start_in_one_line(
    fleet: Fleet, tmp_path: Path, change: dict[str, str], names: str
) -> None:
    with running([BINARY, "work"], fleet.environment(**change), tmp_path) as child:
        assert child.wait(within=30) == 2, child.tail()
        lines = [line for line in child.stderr.splitlines() if line.strip()]
        assert len(lines) == 1, child.tail()
        assert names.lower() in lines[0].lower()
        assert fleet.cloud.keys.secret_key not in child.stdout + child.stderr


def test_a_policy_with_a_typo_is_said_at_the_start(fleet: Fleet, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{ "routes": [ { "name": "r", "sauce": { "regions": ["us-east-1"] }, "destinations": [] } ] }')
    with running([BINARY, "work"], fleet.environment(SNAPFERRY_POLICY=str(policy)), tmp_path / "logs") as child:
        assert child.wait(within=30) == 2, child.tail()
        assert "sauce" in child.stderr
        assert str(policy) in child.stderr


def test_an_endpoint_that_comes_up_later_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    nobody = Cloud(f"http://127.0.0.1:{port}", Keys("AKIAIOSFODNN7EXAMPLE", "not-a-secret"))
    environment = clean_environment(
        AWS_ENDPOINT_URL=nobody.endpoint,
        AWS_REGION=EAST,
        SNAPFERRY_QUEUE_URL=f"{nobody.endpoint}/{ACCOUNT}/late",
        SNAPFERRY_DEAD_LETTER_QUEUE_URL=f"{nobody.endpoint}/{ACCOUNT}/late-dead",
        SNAPFERRY_SOURCE_REGIONS=EAST,
        SNAPFERRY_DESTINATIONS=IRELAND,
        **nobody.keys.environment(),
    )
    with running([BINARY, "work"], environment, tmp_path / "worker") as worker:
        # It has noticed, says so, and lives on.
        eventually(lambda: worker.stdout + worker.stderr, within=20, what="a word about the endpoint")
        assert worker.process.poll() is None, worker.tail()
        # What answers at last has everything: a queue that does not exist would be no outage.
        with moto(tmp_path / "moto", verify=False) as cloud:
            sqs = cloud.client("sqs", EAST)
            for name in ("late-dead", "late"):
                url = sqs.create_queue(QueueName=name)["QueueUrl"]
            database = create_database(cloud, "db")
            arn = manual_snapshot(cloud, "db", database, [{"Key": "team", "Value": "orders + more"}])
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(delivered(event("RDS-EVENT-0042", arn))))
            assert worker.process.poll() is None, worker.tail()
            with relay(port, cloud):
                [copy] = eventually(
                    lambda: copies_of(cloud, "db", arn, database), within=60, what=lambda: f"a copy\n{worker.tail()}"
                )
                assert worker.terminate(within=10) == 0
            assert tags(copy)["team"] == "orders + more"


def test_a_killed_worker_loses_nothing(aws: Cloud, fleet: Fleet, tmp_path: Path) -> None:
    # The shortest there is: what the dead worker held comes back soon.
    soon = {"SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": "30"}
    # Copies of one database start one after the other, so the worker dies between the first and the last.
    database = create_database(aws, "db")
    arns = [manual_snapshot(aws, "db", database) for _ in range(8)]
    for arn in arns:
        fleet.send(delivered(event("RDS-EVENT-0042", arn)))
    with running([BINARY, "work"], fleet.environment(**soon), tmp_path / "killed") as killed:
        eventually(lambda: snapshots(aws, "db", IRELAND, database), within=60, every=0, what=killed.tail)
        killed.process.send_signal(signal.SIGKILL)
        killed.wait()
    assert len(snapshots(aws, "db", IRELAND, database)) < len(arns)
    assert fleet.depth(fleet.queue) > 0
    with fleet.worker(tmp_path / "heir", **soon) as heir:
        fleet.until_idle(heir, within=100)
    assert [len(copies_of(aws, "db", arn, database)) for arn in arns] == [1] * len(arns)
    assert len(snapshots(aws, "db", IRELAND, database)) == len(arns)
    assert fleet.depth(fleet.dead_letters) == 0
