# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Databases and snapshots as tests need them, for instances and clusters alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from cloud import EAST, Cloud, unique
from processes import eventually
from wire import FORM, send

# `snapferry simulate` answers within milliseconds, so waiters need not be as patient as with AWS.
PATIENT = {"Delay": 1, "MaxAttempts": 60}

Snapshot = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """The two spellings of everything."""

    name: str
    snapshot: str
    database: str
    arn: str
    resource: str
    engine: str
    encrypted: str
    not_found: str
    exists: str
    invalid_state: str
    source_arn: str
    filter_database: str
    filter_snapshot: str

    def call(self, rds: Any, verb: str) -> Callable[..., Any]:
        """`copy` → `copy_db_snapshot` or `copy_db_cluster_snapshot`."""
        return getattr(rds, f"{verb}_{self.name}_snapshot")

    def id_parameter(self, prefix: str = "") -> str:
        return f"{prefix}{self.snapshot}Identifier"

    # Databases

    def create(self, rds: Any, name: str | None = None, **parameters: Any) -> str:
        name = name or unique(self.name.replace("_", "-"))
        if self.name == "db":
            parameters = {
                "DBInstanceClass": "db.t4g.medium",
                "AllocatedStorage": 20,
                "MasterUsername": "admin1",
                "MasterUserPassword": "not-a-secret",
            } | parameters
            rds.create_db_instance(DBInstanceIdentifier=name, Engine=self.engine, **parameters)
            rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier=name, WaiterConfig=PATIENT)
        else:
            parameters = {"MasterUsername": "admin1", "MasterUserPassword": "not-a-secret"} | parameters
            rds.create_db_cluster(DBClusterIdentifier=name, Engine=self.engine, **parameters)
            rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier=name, WaiterConfig=PATIENT)
        return name

    # Snapshots

    def take(self, rds: Any, database: str, name: str | None = None, **parameters: Any) -> Snapshot:
        """Takes a manual snapshot and waits until it is available."""
        name = name or unique("snap")
        self.call(rds, "create")(**{self.id_parameter(): name, f"{self.database}Identifier": database}, **parameters)
        return self.wait(rds, name)

    def take_automated(self, cloud: Cloud, database: str, region: str = EAST, **form: str) -> str:
        """Takes an automated snapshot, as only the service itself can, and returns its identifier."""
        body = {
            "Action": "LocalCreateAutomatedSnapshot",
            "Version": "2014-10-31",
            f"{self.database}Identifier": database,
        }
        signed_for = Cloud(cloud.endpoint, cloud.keys, region)
        answer = send(signed_for, "rds", f"{cloud.endpoint}/", urlencode(body | form).encode(), {"Content-Type": FORM})
        assert answer.status == 200, answer.body
        name = next(
            element.text
            for element in ElementTree.fromstring(answer.body).iter()
            if element.tag.endswith(f"}}{self.id_parameter()}")
        )
        assert name is not None
        rds = cloud.client("rds", region)
        kind = form.get("SnapshotType", "automated")
        eventually(lambda: self.describe(rds, name, SnapshotType=kind)["Status"] == "available")
        return name

    def describe(self, rds: Any, name: str, **parameters: Any) -> Snapshot:
        [snapshot] = self.list(rds, **{self.id_parameter(): name}, **parameters)
        return snapshot

    def list(self, rds: Any, **parameters: Any) -> list[Snapshot]:
        return self.call_many(rds, "describe")(**parameters)[f"{self.snapshot}s"]

    def call_many(self, rds: Any, verb: str) -> Callable[..., Any]:
        return getattr(rds, f"{verb}_{self.name}_snapshots")

    def wait(self, rds: Any, name: str) -> Snapshot:
        eventually(lambda: self.describe(rds, name)["Status"] == "available", within=30, what=f"{name} to be available")
        return self.describe(rds, name)

    def copy(self, rds: Any, source: str, target: str | None = None, **parameters: Any) -> Snapshot:
        """Starts a copy, and returns what RDS answers."""
        names = {self.id_parameter("Source"): source, self.id_parameter("Target"): target or unique("copy")}
        return self.call(rds, "copy")(**names, **parameters)[self.snapshot]

    def arn_of(self, snapshot: Snapshot) -> str:
        return snapshot[self.arn]

    def id_of(self, snapshot: Snapshot) -> str:
        return snapshot[self.id_parameter()]


INSTANCE = Kind(
    name="db",
    snapshot="DBSnapshot",
    database="DBInstance",
    arn="DBSnapshotArn",
    resource="snapshot",
    engine="postgres",
    encrypted="Encrypted",
    not_found="DBSnapshotNotFoundFault",
    exists="DBSnapshotAlreadyExistsFault",
    invalid_state="InvalidDBSnapshotStateFault",
    source_arn="SourceDBSnapshotIdentifier",
    filter_database="db-instance-id",
    filter_snapshot="db-snapshot-id",
)
CLUSTER = Kind(
    name="db_cluster",
    snapshot="DBClusterSnapshot",
    database="DBCluster",
    arn="DBClusterSnapshotArn",
    resource="cluster-snapshot",
    engine="aurora-postgresql",
    encrypted="StorageEncrypted",
    not_found="DBClusterSnapshotNotFoundFault",
    exists="DBClusterSnapshotAlreadyExistsFault",
    invalid_state="InvalidDBClusterSnapshotStateFault",
    source_arn="SourceDBClusterSnapshotArn",
    filter_database="db-cluster-id",
    filter_snapshot="db-cluster-snapshot-id",
)
