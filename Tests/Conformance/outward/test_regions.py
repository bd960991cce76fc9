# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Any number of Regions and accounts at once, kept apart."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from cloud import EAST, IRELAND, WEST, Cloud, unique
from databases import INSTANCE
from processes import eventually

REGIONS = [EAST, WEST, IRELAND, "ap-southeast-2", "eu-central-1", "cn-north-1", "us-gov-west-1"]


def test_accounts_and_regions_see_only_their_own(fast_cloud: Cloud, other_cloud: Cloud) -> None:
    clouds = (fast_cloud, other_cloud)
    assert fast_cloud.account != other_cloud.account
    for cloud in clouds:
        for region in REGIONS:
            cloud.client("sqs", region).create_queue(QueueName="same-name")
            INSTANCE.create(cloud.client("rds", region), "same-name")
            cloud.client("events", region).put_rule(Name="same-name", EventPattern=json.dumps({"source": ["x"]}))
    for cloud, account in ((cloud, cloud.account) for cloud in clouds):
        for region in REGIONS:
            [url] = cloud.client("sqs", region).list_queues()["QueueUrls"]
            attributes = cloud.client("sqs", region).get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            assert attributes["Attributes"]["QueueArn"].split(":")[3:5] == [region, account]
            [database] = cloud.client("rds", region).describe_db_instances()["DBInstances"]
            partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(
                "us-gov" if region.startswith("us-gov") else region[:2], "aws"
            )
            assert database["DBInstanceArn"] == f"arn:{partition}:rds:{region}:{account}:db:same-name"
            [rule] = cloud.client("events", region).list_rules()["Rules"]
            assert rule["Arn"].split(":")[3:5] == [region, account]


def test_many_clients_at_once_are_served(fast_cloud: Cloud) -> None:
    def carry(number: int) -> str:
        rds, there = fast_cloud.client("rds"), fast_cloud.client("rds", REGIONS[1 + number % 3])
        snapshot = INSTANCE.take(rds, INSTANCE.create(rds))
        name = unique("copy")
        INSTANCE.copy(there, INSTANCE.arn_of(snapshot), name)
        eventually(lambda: INSTANCE.describe(there, name)["Status"] == "available", within=30)
        return name

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(carry, range(16)))) == 16
