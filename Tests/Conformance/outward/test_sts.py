# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""STS: who one is, roles in other accounts, and web identities."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from cloud import Cloud, Keys, error_code, unique

OTHER_ACCOUNT = "444455556666"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/dr"


def keys_of(answer: dict[str, Any]) -> Keys:
    credentials = answer["Credentials"]
    return Keys(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def test_the_caller_is_told_who_it_is(cloud: Cloud) -> None:
    identity = cloud.client("sts").get_caller_identity()
    assert identity["Account"] == cloud.keys.access_key.removeprefix("AKIALOCAL")
    assert identity["Arn"].startswith(f"arn:aws:iam::{identity['Account']}:")
    assert identity["UserId"]


def test_a_role_in_another_account_acts_there(cloud: Cloud) -> None:
    answer = cloud.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="worker-1", ExternalId="shared")
    session = f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/dr/worker-1"
    assert answer["AssumedRoleUser"]["Arn"] == session
    assert 3500 < answer["Credentials"]["Expiration"].timestamp() - time.time() < 3700
    there = cloud.with_keys(keys_of(answer))
    identity = there.client("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (OTHER_ACCOUNT, session)

    url = there.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    assert f"/{OTHER_ACCOUNT}/" in url
    assert not cloud.client("sqs").list_queues().get("QueueUrls")


def test_a_web_identity_needs_no_signature(cloud: Cloud) -> None:
    sts = boto3.session.Session().client(
        "sts", region_name="us-east-1", endpoint_url=cloud.endpoint, config=Config(signature_version=UNSIGNED)
    )
    answer = sts.assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken="a-token-of-the-cluster"
    )
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/dr/pod")
    assert answer["SubjectFromWebIdentityToken"] and answer["Provider"]
    assert cloud.with_keys(keys_of(answer)).account == OTHER_ACCOUNT


@pytest.mark.parametrize(
    "parameters",
    [
        {"RoleArn": "arn:aws:iam::nonsense:nothing/x", "RoleSessionName": "worker"},
        {"RoleArn": ROLE, "RoleSessionName": "no spaces"},
        {"RoleArn": ROLE, "RoleSessionName": "worker", "DurationSeconds": 899},
        {"RoleArn": ROLE, "RoleSessionName": "worker", "DurationSeconds": 43_201},
    ],
    ids=["arn", "session name", "too short", "too long"],
)
def test_what_makes_no_sense_is_refused(cloud: Cloud, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as failure:
        # botocore itself refuses the shortest session, unless told not to.
        cloud.client("sts", parameter_validation=False).assume_role(**parameters)
    assert error_code(failure) == "ValidationError"


def test_a_chained_role_lasts_an_hour_at_most(cloud: Cloud) -> None:
    chained = cloud.with_keys(keys_of(cloud.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="first")))
    with pytest.raises(ClientError) as failure:
        chained.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="second", DurationSeconds=7200)
    assert error_code(failure) == "ValidationError"
