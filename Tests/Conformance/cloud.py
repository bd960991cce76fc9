# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""boto3 clients for one endpoint, whatever the account and Region."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader

EAST, WEST, IRELAND = "us-east-1", "us-west-2", "eu-west-1"

# A refusal is an answer to look at, so nothing is tried twice.
NO_RETRIES = {"total_max_attempts": 1, "mode": "standard"}


# Service models are megabytes of JSON; one loader reads each once.
MODELS = create_loader()


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


@cache
def _session(models: Loader) -> Any:
    """One session for all clients: it takes three times as long to make as a client, and holds nothing of an account."""
    core = botocore.session.Session()
    core.register_component("data_loader", models)
    return boto3.session.Session(botocore_session=core)


@dataclass(frozen=True)
class Keys:
    access_key: str
    secret_key: str
    token: str | None = None

    def environment(self) -> dict[str, str]:
        """The variables that every AWS client reads."""
        variables = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return variables | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})


@dataclass(frozen=True)
class Cloud:
    """One account of one emulated AWS."""

    endpoint: str
    keys: Keys
    region: str = EAST

    def client(self, service: str, region: str | None = None, models: Loader = MODELS, **config: Any) -> Any:
        config = {"retries": NO_RETRIES, "read_timeout": 40, "connect_timeout": 5} | config
        return _session(models).client(
            service,
            region_name=region or self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.keys.access_key,
            aws_secret_access_key=self.keys.secret_key,
            aws_session_token=self.keys.token,
            config=Config(**config),
        )

    def with_keys(self, keys: Keys) -> Cloud:
        return replace(self, keys=keys)

    def in_account(self, account: str) -> Cloud:
        """The same AWS as somebody in another account sees it, through a role there."""
        answer = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/conformance", RoleSessionName="conformance"
        )
        credentials = answer["Credentials"]
        return self.with_keys(
            Keys(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        )

    @property
    def account(self) -> str:
        return self.client("sts").get_caller_identity()["Account"]


def queue_arn(sqs: Any, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def error_code(failure: Any) -> str:
    """The code of a botocore ClientError, or of `pytest.raises`' record of one."""
    return getattr(failure, "value", failure).response["Error"]["Code"]


def error_message(failure: Any) -> str:
    return getattr(failure, "value", failure).response["Error"]["Message"]
