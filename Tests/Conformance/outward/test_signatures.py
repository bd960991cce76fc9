# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Signatures are verified: what is wrong with one is said in each service's own codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from cloud import IRELAND, Cloud, Keys, error_code
from processes import eventually
from wire import FORM, JSON_10, send

CALLS = {
    "sts": lambda cloud: cloud.client("sts").get_caller_identity(),
    "rds": lambda cloud: cloud.client("rds").describe_db_snapshots(),
    "sqs": lambda cloud: cloud.client("sqs").list_queues(),
    "dynamodb": lambda cloud: cloud.client("dynamodb").list_tables(),
    "events": lambda cloud: cloud.client("events").list_rules(),
    "kms": lambda cloud: cloud.client("kms").list_keys(),
}
QUERY = ("sts", "rds")

every_service = pytest.mark.parametrize("service", CALLS)


def refused(cloud: Cloud, service: str) -> tuple[str, int]:
    with pytest.raises(ClientError) as failure:
        CALLS[service](cloud)
    return error_code(failure), failure.value.response["ResponseMetadata"]["HTTPStatusCode"]


@every_service
def test_a_right_signature_passes(cloud: Cloud, service: str) -> None:
    CALLS[service](cloud)


@every_service
def test_a_wrong_secret_does_not_match(cloud: Cloud, service: str) -> None:
    code, status = refused(cloud.with_keys(replace(cloud.keys, secret_key="wrong")), service)
    # botocore shows the query protocol's code for SQS, whose answers carry both.
    assert code in (("SignatureDoesNotMatch",) if service in (*QUERY, "sqs") else ("InvalidSignatureException",))
    assert status in (400, 403)


@every_service
def test_an_unknown_key_is_said_so(cloud: Cloud, service: str) -> None:
    code, _ = refused(cloud.with_keys(Keys("AKIANOBODYKNOWSTHIS1", "x")), service)
    assert code in (("InvalidClientTokenId",) if service in (*QUERY, "sqs") else ("UnrecognizedClientException",))


@pytest.mark.parametrize("token", [None, "another-token"], ids=["missing", "wrong"])
def test_a_session_needs_its_token(cloud: Cloud, token: str | None) -> None:
    session = cloud.in_account("444455556666")
    assert session.account == "444455556666"
    code, _ = refused(cloud.with_keys(replace(session.keys, token=token)), "sts")
    assert code in ("InvalidClientTokenId", "SignatureDoesNotMatch")


@pytest.mark.parametrize("minutes", [-16, 16], ids=["slow", "fast"])
@pytest.mark.parametrize("service", ["rds", "sqs"])
def test_a_clock_that_is_wrong_is_noticed_and_the_date_tells_by_how_much(
    cloud: Cloud, service: str, minutes: int
) -> None:
    answer = identity_call(cloud, service, timedelta(minutes=minutes))
    assert answer.status == 403
    assert b"SignatureDoesNotMatch" in answer.body or b"InvalidSignatureException" in answer.body
    assert (b"expired" if minutes < 0 else b"not yet current") in answer.body
    assert answer.headers["date"]


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_that_is_a_little_off_is_fine(cloud: Cloud, minutes: int) -> None:
    assert identity_call(cloud, "rds", timedelta(minutes=minutes)).status == 200


def identity_call(cloud: Cloud, service: str, skew: timedelta = timedelta(), **parameters: Any) -> Any:
    if service == "rds":
        body, headers = b"Action=DescribeDBSnapshots&Version=2014-10-31", {"Content-Type": FORM}
    else:
        body, headers = b"{}", {"Content-Type": JSON_10, "X-Amz-Target": "AmazonSQS.ListQueues"}
    return send(cloud, service, f"{cloud.endpoint}/", body, headers, skew=skew, **parameters)


@pytest.mark.parametrize("service", ["rds", "sqs"])
def test_an_unsigned_request_is_refused(cloud: Cloud, service: str) -> None:
    answer = identity_call(cloud, service, signed=False)
    assert answer.status in (400, 403)
    assert b"MissingAuthenticationToken" in answer.body


def test_an_altered_body_does_not_match(cloud: Cloud) -> None:
    with mock.patch("botocore.auth.SigV4Auth.payload", lambda *_: "0" * 64):
        assert identity_call(cloud, "rds").status == 403


def test_an_expired_session_is_said_so(fast_cloud: Cloud) -> None:
    # A quarter of an hour of the simulator's takes a second and a half.
    answer = fast_cloud.client("sts").assume_role(
        RoleArn="arn:aws:iam::444455556666:role/dr", RoleSessionName="short", DurationSeconds=900
    )["Credentials"]
    keys = Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    session = fast_cloud.with_keys(keys)

    def expired(service: str) -> str | None:
        try:
            CALLS[service](session)
        except ClientError as failure:
            return error_code(failure)
        return None

    assert eventually(lambda: expired("rds"), within=15) == "ExpiredToken"
    assert expired("sts") == "ExpiredToken"
    assert expired("dynamodb") == "ExpiredTokenException"


def test_the_region_is_that_of_the_signature(cloud: Cloud) -> None:
    cloud.client("rds", IRELAND).create_db_instance(
        DBInstanceIdentifier="here", Engine="postgres", DBInstanceClass="db.t4g.medium", AllocatedStorage=20
    )
    assert len(cloud.client("rds", IRELAND).describe_db_instances()["DBInstances"]) == 1
    assert cloud.client("rds").describe_db_instances()["DBInstances"] == []
