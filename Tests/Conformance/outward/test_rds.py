# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""RDS: databases and snapshots of both kinds, described, filtered, paged, copied, deleted and shared."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, WaiterError

from cloud import EAST, IRELAND, Cloud, error_code, error_message, unique
from databases import CLUSTER, INSTANCE, PATIENT, Kind
from processes import eventually

both_kinds = pytest.mark.parametrize("kind", [INSTANCE, CLUSTER], ids=["instance", "cluster"])


@pytest.fixture
def rds(fast_cloud: Cloud) -> Any:
    return fast_cloud.client("rds")


@pytest.fixture
def ireland(fast_cloud: Cloud) -> Any:
    return fast_cloud.client("rds", IRELAND)


def key_in(cloud: Cloud, region: str) -> str:
    return cloud.client("kms", region).create_key()["KeyMetadata"]["Arn"]


# Databases


def test_instances_and_clusters_are_created_described_and_deleted(rds: Any) -> None:
    cluster = CLUSTER.create(rds)
    member = unique("member")
    rds.create_db_instance(
        DBInstanceIdentifier=member, DBClusterIdentifier=cluster, Engine="aurora-postgresql", DBInstanceClass="db.r6g.large"
    )
    instance = INSTANCE.create(rds, AllocatedStorage=33, Tags=[{"Key": "team", "Value": "orders + more"}])

    [found] = rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"]
    assert (found["DBInstanceStatus"], found["Engine"], found["AllocatedStorage"]) == ("available", "postgres", 33)
    assert found["TagList"] == [{"Key": "team", "Value": "orders + more"}]
    assert found["DBInstanceArn"].endswith(f":db:{instance}")
    assert found["StorageEncrypted"] is False
    assert isinstance(found["InstanceCreateTime"], datetime)
    [found] = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    assert (found["Status"], found["Engine"]) == ("available", "aurora-postgresql")
    assert [each["DBInstanceIdentifier"] for each in found["DBClusterMembers"]] == [member]
    identifiers = {each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]}
    assert identifiers == {instance, member}

    rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=instance, WaiterConfig=PATIENT)
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        rds.describe_db_instances(DBInstanceIdentifier=instance)
    rds.delete_db_instance(DBInstanceIdentifier=member, SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=member, WaiterConfig=PATIENT)
    rds.delete_db_cluster(DBClusterIdentifier=cluster, SkipFinalSnapshot=True)
    rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=cluster, WaiterConfig=PATIENT)


def test_a_final_snapshot_outlives_its_database(rds: Any) -> None:
    name, final = INSTANCE.create(rds), unique("final")
    rds.delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=final)
    assert INSTANCE.wait(rds, final)["DBInstanceIdentifier"] == name


def test_a_renamed_database_is_found_by_its_new_name_and_its_snapshots_by_the_old_one(rds: Any) -> None:
    name, new = INSTANCE.create(rds), unique("renamed")
    snapshot = INSTANCE.take(rds, name)["DBSnapshotIdentifier"]
    renamed = rds.modify_db_instance(DBInstanceIdentifier=name, NewDBInstanceIdentifier=new, ApplyImmediately=True)
    assert renamed["DBInstance"]["DBInstanceIdentifier"] == new
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        rds.describe_db_instances(DBInstanceIdentifier=name)
    assert INSTANCE.describe(rds, snapshot)["DBInstanceIdentifier"] == name
    cluster, new = CLUSTER.create(rds), unique("renamed")
    renamed = rds.modify_db_cluster(DBClusterIdentifier=cluster, NewDBClusterIdentifier=new, ApplyImmediately=True)
    assert renamed["DBCluster"]["DBClusterIdentifier"] == new


def test_databases_that_exist_or_do_not_are_said_so(rds: Any) -> None:
    instance, cluster = INSTANCE.create(rds), CLUSTER.create(rds)
    with pytest.raises(rds.exceptions.DBInstanceAlreadyExistsFault):
        INSTANCE.create(rds, instance)
    with pytest.raises(rds.exceptions.DBClusterAlreadyExistsFault):
        CLUSTER.create(rds, cluster)
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault) as failure:
        rds.delete_db_instance(DBInstanceIdentifier="gone", SkipFinalSnapshot=True)
    assert (error_code(failure), failure.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (
        "DBInstanceNotFound",
        404,
    )
    with pytest.raises(rds.exceptions.DBClusterNotFoundFault):
        rds.describe_db_clusters(DBClusterIdentifier="gone")
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        rds.create_db_snapshot(DBSnapshotIdentifier="s", DBInstanceIdentifier="gone")


# Taking and describing snapshots


@both_kinds
def test_a_manual_snapshot_takes_its_time_and_says_what_it_is_of(rds: Any, kind: Kind) -> None:
    database, name = kind.create(rds), unique("Snap")
    tags = [{"Key": "a", "Value": "b"}]
    created = kind.call(rds, "create")(
        **{kind.id_parameter(): name, f"{kind.database}Identifier": database, "Tags": tags}
    )[kind.snapshot]
    assert (created["Status"], kind.id_of(created)) == ("creating", name.lower())
    snapshot = kind.wait(rds, name)
    assert snapshot[f"{kind.database}Identifier"] == database
    assert (snapshot["SnapshotType"], snapshot["PercentProgress"], snapshot["TagList"]) == ("manual", 100, tags)
    assert (snapshot["Engine"], snapshot[kind.encrypted]) == (kind.engine, False)
    assert "KmsKeyId" not in snapshot
    assert kind.arn_of(snapshot).split(":", 6)[2:] == [
        "rds", EAST, kind.arn_of(snapshot).split(":")[4], kind.resource, name.lower(),
    ]
    assert snapshot["SnapshotCreateTime"].tzinfo is not None
    if kind is INSTANCE:
        assert snapshot["OriginalSnapshotCreateTime"] == snapshot["SnapshotCreateTime"]
        assert snapshot["DbiResourceId"].startswith("db-")
    else:
        assert snapshot["DbClusterResourceId"].startswith("cluster-")


def test_the_waiters_of_botocore_see_a_snapshot_through(rds: Any) -> None:
    database, cluster = INSTANCE.create(rds), CLUSTER.create(rds)
    rds.create_db_snapshot(DBSnapshotIdentifier="waited", DBInstanceIdentifier=database)
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="waited", WaiterConfig=PATIENT)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="waited", DBClusterIdentifier=cluster)
    rds.get_waiter("db_cluster_snapshot_available").wait(DBClusterSnapshotIdentifier="waited", WaiterConfig=PATIENT)
    with pytest.raises(WaiterError):
        rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="never-was", WaiterConfig=PATIENT)


@both_kinds
def test_an_automated_snapshot_keeps_its_prefix_and_needs_its_type_to_be_found(
    fast_cloud: Cloud, rds: Any, kind: Kind
) -> None:
    database = kind.create(rds)
    name = kind.take_automated(fast_cloud, database)
    assert name.startswith(f"rds:{database}-")
    snapshot = kind.describe(rds, name, SnapshotType="automated")
    assert snapshot["SnapshotType"] == "automated"
    assert kind.arn_of(snapshot).endswith(f":{kind.resource}:{name}")
    assert [kind.id_of(each) for each in kind.list(rds, SnapshotType="automated")] == [name]
    assert kind.list(rds, SnapshotType="manual") == []


@both_kinds
def test_snapshots_are_found_by_parameter_and_filter(fast_cloud: Cloud, rds: Any, kind: Kind) -> None:
    first, second = kind.create(rds), kind.create(rds)
    one, two, three = (kind.take(rds, database) for database in (first, first, second))
    automated = kind.take_automated(fast_cloud, second)
    every = {kind.id_of(each) for each in (one, two, three)} | {automated}

    def found(**parameters: Any) -> set[str]:
        return {kind.id_of(each) for each in kind.list(rds, **parameters)}

    def by(name: str, *values: str) -> dict[str, Any]:
        return {"Filters": [{"Name": name, "Values": list(values)}]}

    assert found() == every
    assert found(**{f"{kind.database}Identifier": first}) == {kind.id_of(one), kind.id_of(two)}
    assert found(**{kind.id_parameter(): kind.id_of(one).upper()}) == {kind.id_of(one)}
    assert found(**by(kind.filter_database, second)) == {kind.id_of(three), automated}
    database_arn = rds_database_arn(rds, kind, first)
    assert found(**by(kind.filter_database, database_arn)) == {kind.id_of(one), kind.id_of(two)}
    wanted = {kind.id_of(one), kind.id_of(three)}
    assert found(**by(kind.filter_snapshot, *wanted)) == wanted
    assert found(**by("snapshot-type", "automated")) == {automated}
    assert found(**by("engine", kind.engine)) == every
    assert found(**by("engine", "mysql")) == set()
    assert found(**by(kind.filter_snapshot, "never-was")) == set()
    both = by(kind.filter_database, first)["Filters"] + by(kind.filter_snapshot, kind.id_of(two), automated)["Filters"]
    assert found(Filters=both) == {kind.id_of(two)}
    with pytest.raises(ClientError) as failure:
        found(**by("colour", "red"))
    assert error_code(failure) == "InvalidParameterValue"


def rds_database_arn(rds: Any, kind: Kind, name: str) -> str:
    if kind is INSTANCE:
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceArn"]
    return rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["DBClusterArn"]


def test_instances_are_found_by_their_resource_id(rds: Any) -> None:
    first, second = INSTANCE.create(rds), INSTANCE.create(rds)
    one, _ = INSTANCE.take(rds, first), INSTANCE.take(rds, second)
    resource = one["DbiResourceId"]
    filters = [{"Name": "dbi-resource-id", "Values": [resource]}]
    assert [INSTANCE.id_of(each) for each in INSTANCE.list(rds, DbiResourceId=resource)] == [INSTANCE.id_of(one)]
    assert [INSTANCE.id_of(each) for each in INSTANCE.list(rds, Filters=filters)] == [INSTANCE.id_of(one)]


@both_kinds
def test_more_than_a_hundred_snapshots_come_in_pages(rds: Any, kind: Kind) -> None:
    databases = [kind.create(rds) for _ in range(2)]
    names = {f"page-{number:03}" for number in range(100)}
    for number, name in enumerate(sorted(names)):
        kind.call(rds, "create")(
            **{kind.id_parameter(): name, f"{kind.database}Identifier": databases[number % 2]}
        )
    paginator = rds.get_paginator(f"describe_{kind.name}_snapshots")

    def pages(size: int | None, **parameters: Any) -> list[list[str]]:
        config = {"PageSize": size} if size else {}
        return [
            [kind.id_of(each) for each in page[f"{kind.snapshot}s"]]
            for page in paginator.paginate(PaginationConfig=config, **parameters)
        ]

    for size, lengths in ((20, [20] * 5), (60, [60, 40]), (100, [100]), (None, [100])):
        found = pages(size)
        assert [len(page) for page in found] == lengths
        assert {name for page in found for name in page} == names
    filtered = pages(20, **{f"{kind.database}Identifier": databases[0]})
    assert [len(page) for page in filtered] == [20, 20, 10]


def test_a_hundred_and_one_snapshots_need_a_second_page_by_default(fast_cloud: Cloud, rds: Any) -> None:
    database = INSTANCE.create(rds)
    for number in range(100):
        rds.create_db_snapshot(DBSnapshotIdentifier=f"page-{number:03}", DBInstanceIdentifier=database)
    INSTANCE.take_automated(fast_cloud, database)
    first = rds.describe_db_snapshots()
    second = rds.describe_db_snapshots(Marker=first["Marker"])
    assert (len(first["DBSnapshots"]), len(second["DBSnapshots"])) == (100, 1)
    assert "Marker" not in second
    paginated = rds.get_paginator("describe_db_snapshots").paginate().build_full_result()["DBSnapshots"]
    assert len({snapshot["DBSnapshotArn"] for snapshot in paginated}) == 101


@both_kinds
@pytest.mark.parametrize("records", [19, 101])
def test_the_size_of_a_page_has_bounds(rds: Any, kind: Kind, records: int) -> None:
    with pytest.raises(ClientError) as failure:
        kind.list(rds, MaxRecords=records)
    assert error_code(failure) == "InvalidParameterValue"


@both_kinds
def test_snapshots_that_exist_or_do_not_are_said_so(rds: Any, kind: Kind) -> None:
    name = kind.id_of(kind.take(rds, kind.create(rds)))
    database = kind.describe(rds, name)[f"{kind.database}Identifier"]
    with pytest.raises(getattr(rds.exceptions, kind.exists)):
        kind.take(rds, database, name)
    with pytest.raises(getattr(rds.exceptions, kind.not_found)) as failure:
        kind.list(rds, **{kind.id_parameter(): "never-was"})
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    # The codes on the wire are spelled differently for the two kinds.
    assert error_code(failure) == ("DBSnapshotNotFound" if kind is INSTANCE else "DBClusterSnapshotNotFoundFault")
    with pytest.raises(getattr(rds.exceptions, kind.not_found)):
        kind.call(rds, "delete")(**{kind.id_parameter(): "never-was"})
    with pytest.raises(getattr(rds.exceptions, kind.not_found)):
        kind.copy(rds, "never-was")


@both_kinds
@pytest.mark.parametrize("name", ["1digit", "two--hyphens", "trailing-", "under_score", "x" * 256])
def test_names_have_rules(rds: Any, kind: Kind, name: str) -> None:
    database = kind.create(rds)
    with pytest.raises(ClientError) as failure:
        kind.take(rds, database, name)
    assert error_code(failure) == "InvalidParameterValue"


def test_names_of_copies_are_shorter_for_clusters(rds: Any) -> None:
    instance, cluster = INSTANCE.take(rds, INSTANCE.create(rds)), CLUSTER.take(rds, CLUSTER.create(rds))
    INSTANCE.copy(rds, INSTANCE.id_of(instance), "x" * 255)
    CLUSTER.copy(rds, CLUSTER.id_of(cluster), "x" * 63)
    with pytest.raises(ClientError) as failure:
        CLUSTER.copy(rds, CLUSTER.id_of(cluster), "x" * 64)
    assert error_code(failure) == "InvalidParameterValue"


# Copying


@both_kinds
@pytest.mark.parametrize("automated", [False, True], ids=["manual", "automated"])
def test_a_copy_into_another_region_takes_time_and_ends_available(
    fast_cloud: Cloud, rds: Any, ireland: Any, kind: Kind, automated: bool
) -> None:
    parameters = {"AllocatedStorage": 300}
    database = kind.create(rds, **parameters)
    if automated:
        name = kind.take_automated(fast_cloud, database)
        source = kind.describe(rds, name, SnapshotType="automated")
    else:
        source = kind.take(rds, database)
    copy = kind.copy(ireland, kind.arn_of(source), "over-there", Tags=[{"Key": "k", "Value": "v w"}])
    assert copy["Status"] in ("pending", "copying", "creating")
    assert copy["SnapshotType"] == "manual"
    assert copy[kind.source_arn] == kind.arn_of(source)
    assert copy["TagList"] == [{"Key": "k", "Value": "v w"}]

    seen: list[int] = []

    def done() -> bool:
        found = kind.describe(ireland, "over-there")
        seen.append(found["PercentProgress"])
        return found["Status"] == "available"

    eventually(done, within=30)
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert any(0 < progress < 100 for progress in seen), "progress is reported on the way"
    found = kind.describe(ireland, "over-there")
    assert found[f"{kind.database}Identifier"] == database
    assert f":{IRELAND}:" in kind.arn_of(found)
    if kind is INSTANCE:
        assert found["SourceRegion"] == EAST
        assert found["OriginalSnapshotCreateTime"] == source["OriginalSnapshotCreateTime"]
        assert found["SnapshotCreateTime"] > source["SnapshotCreateTime"]
    assert [kind.id_of(each) for each in kind.list(rds)] == [kind.id_of(source)]


@both_kinds
def test_a_copy_within_a_region_may_name_its_source_by_identifier(rds: Any, kind: Kind) -> None:
    source = kind.take(rds, kind.create(rds))
    kind.copy(rds, kind.id_of(source), "nearby")
    assert kind.wait(rds, "nearby")["SnapshotType"] == "manual"


@both_kinds
def test_a_taken_name_refuses_a_copy(rds: Any, ireland: Any, kind: Kind) -> None:
    source = kind.arn_of(kind.take(rds, kind.create(rds)))
    kind.copy(ireland, source, "taken")
    with pytest.raises(getattr(ireland.exceptions, kind.exists)):
        kind.copy(ireland, source, "taken")


@both_kinds
def test_a_source_that_is_not_available_cannot_be_copied(rds: Any, ireland: Any, kind: Kind) -> None:
    database = kind.create(rds, AllocatedStorage=10_000)
    created = kind.call(rds, "create")(**{kind.id_parameter(): "slow", f"{kind.database}Identifier": database})
    with pytest.raises(getattr(ireland.exceptions, kind.invalid_state)):
        kind.copy(ireland, kind.arn_of(created[kind.snapshot]))


@both_kinds
def test_other_regions_need_the_arn_of_the_right_kind(rds: Any, ireland: Any, kind: Kind) -> None:
    source = kind.take(rds, kind.create(rds))
    with pytest.raises(getattr(ireland.exceptions, kind.not_found)):
        kind.copy(ireland, kind.id_of(source))
    other = CLUSTER if kind is INSTANCE else INSTANCE
    with pytest.raises(ClientError):
        other.copy(ireland, kind.arn_of(source))


@both_kinds
def test_deleting_a_copy_cancels_it(rds: Any, ireland: Any, kind: Kind) -> None:
    source = kind.take(rds, kind.create(rds, AllocatedStorage=5_000))
    kind.copy(ireland, kind.arn_of(source), "cancelled")
    kind.call(ireland, "delete")(**{kind.id_parameter(): "cancelled"})

    def gone() -> bool:
        return kind.list(ireland, Filters=[{"Name": kind.filter_snapshot, "Values": ["cancelled"]}]) == []

    eventually(gone)


@both_kinds
def test_automated_snapshots_cannot_be_deleted(fast_cloud: Cloud, rds: Any, kind: Kind) -> None:
    name = kind.take_automated(fast_cloud, kind.create(rds))
    with pytest.raises(getattr(rds.exceptions, kind.invalid_state)):
        kind.call(rds, "delete")(**{kind.id_parameter(): name})


def test_one_describe_confirms_many_copies(rds: Any, ireland: Any) -> None:
    names = [f"copy-{number}" for number in range(8)]
    for name in names:
        source = INSTANCE.take(rds, INSTANCE.create(rds))
        INSTANCE.copy(ireland, INSTANCE.arn_of(source), name)
    filters = [{"Name": "db-snapshot-id", "Values": names}]

    def done() -> bool:
        return all(copy["Status"] == "available" for copy in INSTANCE.list(ireland, Filters=filters))

    assert len(INSTANCE.list(ireland, Filters=filters)) == len(names)
    eventually(done, within=30)


# Keys


@both_kinds
def test_an_encrypted_snapshot_needs_a_key_of_the_destination(
    fast_cloud: Cloud, rds: Any, ireland: Any, kind: Kind
) -> None:
    source_key, target_key = key_in(fast_cloud, EAST), key_in(fast_cloud, IRELAND)
    source = kind.take(rds, kind.create(rds, StorageEncrypted=True, KmsKeyId=source_key))
    assert (source[kind.encrypted], source["KmsKeyId"]) == (True, source_key)

    with pytest.raises(ClientError) as failure:
        kind.copy(ireland, kind.arn_of(source))
    assert error_code(failure) == "InvalidParameterValue"
    assert error_message(failure) == "Must specify new KMS key for cross region encrypted snapshot copy."
    for wrong in (source_key, "alias/never-was", "not-a-key"):
        with pytest.raises(ireland.exceptions.KMSKeyNotAccessibleFault):
            kind.copy(ireland, kind.arn_of(source), KmsKeyId=wrong)

    fast_cloud.client("kms", IRELAND).create_alias(AliasName="alias/dr", TargetKeyId=target_key)
    for number, name in enumerate((target_key, target_key.rsplit("/", 1)[1], "alias/dr")):
        copy = kind.copy(ireland, kind.arn_of(source), f"copy-{number}", KmsKeyId=name)
        assert (copy[kind.encrypted], copy["KmsKeyId"]) == (True, target_key)


def test_a_key_encrypts_the_copy_of_an_instance_and_is_refused_for_a_cluster(
    fast_cloud: Cloud, rds: Any, ireland: Any
) -> None:
    key = key_in(fast_cloud, IRELAND)
    instance, cluster = INSTANCE.take(rds, INSTANCE.create(rds)), CLUSTER.take(rds, CLUSTER.create(rds))
    copy = INSTANCE.copy(ireland, INSTANCE.arn_of(instance), KmsKeyId=key)
    assert (copy["Encrypted"], copy["KmsKeyId"]) == (True, key)
    with pytest.raises(ClientError) as failure:
        CLUSTER.copy(ireland, CLUSTER.arn_of(cluster), KmsKeyId=key)
    assert error_code(failure) in ("InvalidParameterCombination", "InvalidParameterValue")


@both_kinds
def test_a_disabled_key_is_not_accessible(fast_cloud: Cloud, rds: Any, ireland: Any, kind: Kind) -> None:
    source_key, target_key = key_in(fast_cloud, EAST), key_in(fast_cloud, IRELAND)
    source = kind.take(rds, kind.create(rds, StorageEncrypted=True, KmsKeyId=source_key))
    fast_cloud.client("kms", IRELAND).disable_key(KeyId=target_key)
    with pytest.raises(ireland.exceptions.KMSKeyNotAccessibleFault):
        kind.copy(ireland, kind.arn_of(source), KmsKeyId=target_key)
    fast_cloud.client("kms", IRELAND).enable_key(KeyId=target_key)
    fast_cloud.client("kms", EAST).disable_key(KeyId=source_key)
    with pytest.raises(ireland.exceptions.KMSKeyNotAccessibleFault) as failure:
        kind.copy(ireland, kind.arn_of(source), KmsKeyId=target_key)
    assert error_message(failure).startswith("The source snapshot KMS key")


# PreSignedUrl


def test_botocore_presigns_for_the_source_region_and_the_url_is_ignored_outside_govcloud(
    rds: Any, fast_cloud: Cloud
) -> None:
    source = INSTANCE.take(rds, INSTANCE.create(rds))
    ireland = fast_cloud.client("rds", IRELAND)
    sent: list[Any] = []
    ireland.meta.events.register("before-send.rds.CopyDBSnapshot", lambda request, **_: sent.append(request))
    INSTANCE.copy(ireland, INSTANCE.arn_of(source), "presigned", SourceRegion=EAST)
    body = sent[0].body
    url = parse_qs(body.decode() if isinstance(body, bytes) else body)["PreSignedUrl"][0]
    query = parse_qs(urlsplit(url).query)
    assert query["DestinationRegion"] == [IRELAND]
    assert f"/{EAST}/rds/" in query["X-Amz-Credential"][0]
    INSTANCE.wait(ireland, "presigned")
    INSTANCE.copy(ireland, INSTANCE.arn_of(source), "nonsense", PreSignedUrl="https://example.com/?nonsense")


@both_kinds
def test_govcloud_wants_an_authentic_url_for_encrypted_copies(fast_cloud: Cloud, kind: Kind) -> None:
    west, east = "us-gov-west-1", "us-gov-east-1"
    rds, other = fast_cloud.client("rds", west), fast_cloud.client("rds", east)
    source_key, target_key = key_in(fast_cloud, west), key_in(fast_cloud, east)
    source = kind.take(rds, kind.create(rds, StorageEncrypted=True, KmsKeyId=source_key))
    assert kind.arn_of(source).startswith("arn:aws-us-gov:rds:")
    for url in ({}, {"PreSignedUrl": "https://example.com/?nonsense"}):
        with pytest.raises(ClientError) as failure:
            kind.copy(other, kind.arn_of(source), KmsKeyId=target_key, **url)
        assert error_code(failure) == "InvalidParameterValue"
        assert error_message(failure) == "PreSignedUrl could not be authenticated."
    # botocore derives the source's endpoint by replacing the Region's name, which an address of this machine lacks, so
    # the client is told the real one to sign for and the request is sent here all the same.
    real = Cloud(f"https://rds.{east}.amazonaws.com", fast_cloud.keys).client("rds", east)

    def redirect(request: Any, **_: Any) -> None:
        request.url = fast_cloud.endpoint + "/"

    real.meta.events.register_first("request-created.rds", redirect)
    copy = kind.copy(
        real, kind.arn_of(source), "signed", KmsKeyId=target_key, SourceRegion=west,
        Tags=[{"Key": "with spaces", "Value": "a b+c/d"}],
    )
    assert copy["KmsKeyId"] == target_key


# Tags


@both_kinds
def test_tags_are_added_listed_and_removed(rds: Any, kind: Kind) -> None:
    arn = kind.arn_of(kind.take(rds, kind.create(rds), Tags=[{"Key": "a", "Value": "1"}]))
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
    listed = rds.list_tags_for_resource(ResourceName=arn)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in listed} == {"a": "3", "b": "2"}
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    assert kind.list(rds)[0]["TagList"] == [{"Key": "b", "Value": "2"}]


@both_kinds
def test_reserved_tags_are_refused(rds: Any, ireland: Any, kind: Kind) -> None:
    source = kind.take(rds, kind.create(rds))
    with pytest.raises(ClientError) as failure:
        kind.copy(ireland, kind.arn_of(source), Tags=[{"Key": "aws:cloudformation:stack-id", "Value": "x"}])
    assert error_code(failure) == "InvalidParameterValue"
    assert 'reserved prefix "aws:"' in error_message(failure)


@both_kinds
def test_tags_of_a_copy_win_over_copied_ones(rds: Any, ireland: Any, kind: Kind) -> None:
    source = kind.arn_of(kind.take(rds, kind.create(rds), Tags=[{"Key": "from", "Value": "source"}]))
    given = [{"Key": "from", "Value": "caller"}]
    assert kind.copy(ireland, source, CopyTags=True)["TagList"] == [{"Key": "from", "Value": "source"}]
    assert kind.copy(ireland, source, CopyTags=True, Tags=given)["TagList"] == given
    assert kind.copy(ireland, source).get("TagList", []) == []


# Sharing


def share(rds: Any, kind: Kind, name: str, *accounts: str) -> dict[str, Any]:
    return getattr(rds, f"modify_{kind.name}_snapshot_attribute")(
        **{kind.id_parameter(): name}, AttributeName="restore", ValuesToAdd=list(accounts)
    )


@both_kinds
def test_a_shared_snapshot_is_seen_and_copied_from_another_account(
    fast_cloud: Cloud, other_cloud: Cloud, rds: Any, kind: Kind
) -> None:
    snapshot = kind.take(rds, kind.create(rds))
    arn = kind.arn_of(snapshot)
    there = other_cloud.client("rds", IRELAND)
    with pytest.raises(getattr(there.exceptions, kind.not_found)):
        kind.copy(there, arn)

    share(rds, kind, kind.id_of(snapshot), other_cloud.account)
    described = getattr(rds, f"describe_{kind.name}_snapshot_attributes")(**{kind.id_parameter(): kind.id_of(snapshot)})
    [attributes] = [
        each["AttributeValues"]
        for each in described[f"{kind.snapshot}AttributesResult"][f"{kind.snapshot}Attributes"]
        if each["AttributeName"] == "restore"
    ]
    assert attributes == [other_cloud.account]
    shared = kind.list(other_cloud.client("rds", EAST), SnapshotType="shared")
    assert [(kind.arn_of(each), each["SnapshotType"]) for each in shared] == [(arn, "shared")]
    assert [kind.arn_of(each) for each in kind.list(other_cloud.client("rds", EAST), IncludeShared=True)] == [arn]
    assert kind.list(other_cloud.client("rds", EAST)) == []

    copy = kind.copy(there, arn, "across")
    assert f":{IRELAND}:{other_cloud.account}:" in kind.arn_of(copy)
    assert kind.wait(there, "across")[kind.source_arn] == arn

    getattr(rds, f"modify_{kind.name}_snapshot_attribute")(
        **{kind.id_parameter(): kind.id_of(snapshot)}, AttributeName="restore", ValuesToRemove=[other_cloud.account]
    )
    with pytest.raises(getattr(there.exceptions, kind.not_found)):
        kind.copy(there, arn)


@both_kinds
def test_what_cannot_be_shared_is_refused(fast_cloud: Cloud, rds: Any, kind: Kind) -> None:
    automated = kind.take_automated(fast_cloud, kind.create(rds))
    with pytest.raises(ClientError) as failure:
        share(rds, kind, automated, "444455556666")
    assert error_code(failure) in ("InvalidDBSnapshotState", "InvalidDBClusterSnapshotStateFault", "InvalidParameterValue")
    managed = kind.take(rds, kind.create(rds, StorageEncrypted=True))
    for account in ("444455556666", "all"):
        with pytest.raises(ClientError):
            share(rds, kind, kind.id_of(managed), account)
    plain = kind.take(rds, kind.create(rds))
    with pytest.raises(rds.exceptions.SharedSnapshotQuotaExceededFault):
        share(rds, kind, kind.id_of(plain), *(f"{number:012}" for number in range(21)))


# Quotas


@both_kinds
def test_the_quota_of_copies_in_progress_speaks_in_the_words_of_rds(rds: Any, ireland: Any, kind: Kind) -> None:
    limit = 20 if kind is INSTANCE else 5
    source = kind.arn_of(kind.take(rds, kind.create(rds, AllocatedStorage=5_000)))
    for number in range(limit):
        kind.copy(ireland, source, f"copy-{number}")
    with pytest.raises(ireland.exceptions.SnapshotQuotaExceededFault) as failure:
        kind.copy(ireland, source, "too-many")
    assert error_code(failure) == "SnapshotQuotaExceeded"
    assert error_message(failure) == f"Cannot copy more than {limit} snapshots across regions"
    # The other kind has a count of its own, and a freed slot can be taken at once.
    other = CLUSTER if kind is INSTANCE else INSTANCE
    other.copy(ireland, other.arn_of(other.take(rds, other.create(rds))))
    kind.call(ireland, "delete")(**{kind.id_parameter(): "copy-0"})
    kind.copy(ireland, source, "now-there-is-room")


@both_kinds
def test_the_quota_of_manual_snapshots_speaks_in_the_words_of_rds(rds: Any, kind: Kind) -> None:
    database = kind.create(rds)
    for number in range(100):
        kind.call(rds, "create")(**{kind.id_parameter(): f"s{number}", f"{kind.database}Identifier": database})
    with pytest.raises(rds.exceptions.SnapshotQuotaExceededFault) as failure:
        kind.call(rds, "create")(**{kind.id_parameter(): "too-many", f"{kind.database}Identifier": database})
    assert error_message(failure) == "Cannot create more than 100 manual snapshots"
    quotas = {quota["AccountQuotaName"]: quota for quota in rds.describe_account_attributes()["AccountQuotas"]}
    quota = quotas["ManualSnapshots" if kind is INSTANCE else "ManualClusterSnapshots"]
    assert (quota["Used"], quota["Max"]) == (100, 100)


def test_events_are_described(rds: Any) -> None:
    name = INSTANCE.id_of(INSTANCE.take(rds, INSTANCE.create(rds)))
    events = rds.describe_events(SourceType="db-snapshot", SourceIdentifier=name, Duration=600)["Events"]
    assert [event["Message"] for event in events] == ["Creating manual snapshot", "Manual snapshot created"]
    assert all(event["Date"] < datetime.max.replace(tzinfo=timezone.utc) for event in events)
