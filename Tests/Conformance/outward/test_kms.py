# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""KMS: keys, aliases and their state."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import IRELAND, Cloud


@pytest.fixture
def kms(cloud: Cloud) -> Any:
    return cloud.client("kms")


def test_a_key_is_found_by_id_arn_and_alias(kms: Any) -> None:
    created = kms.create_key(Description="for copies")["KeyMetadata"]
    assert (created["KeyState"], created["Enabled"], created["Description"]) == ("Enabled", True, "for copies")
    assert created["Arn"].endswith(f":key/{created['KeyId']}")
    kms.create_alias(AliasName="alias/dr", TargetKeyId=created["KeyId"])
    alias_arn = created["Arn"].rsplit(":", 1)[0] + ":alias/dr"
    for name in (created["KeyId"], created["Arn"], "alias/dr", alias_arn):
        assert kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] == created["Arn"]
    [alias] = [alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"] == "alias/dr"]
    assert (alias["AliasArn"], alias["TargetKeyId"]) == (alias_arn, created["KeyId"])
    assert created["KeyId"] in [key["KeyId"] for key in kms.list_keys()["Keys"]]


def test_a_key_changes_its_state(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    def state() -> str:
        return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]

    kms.disable_key(KeyId=key)
    assert state() == "Disabled"
    kms.enable_key(KeyId=key)
    assert state() == "Enabled"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert state() == "PendingDeletion"
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.enable_key(KeyId=key)


def test_a_key_that_does_not_exist_here_is_said_so(cloud: Cloud, kms: Any) -> None:
    key = cloud.client("kms", IRELAND).create_key()["KeyMetadata"]["KeyId"]
    for name in (key, "alias/never-was", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId=name)
    kms.create_alias(AliasName="alias/once", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    with pytest.raises(kms.exceptions.AlreadyExistsException):
        kms.create_alias(AliasName="alias/once", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
