# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Requests put together and signed by hand, and their answers as they came."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cloud import Cloud

FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON_10 = "application/x-amz-json-1.0"
JSON_11 = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def send(
    cloud: Cloud,
    service: str,
    url: str,
    body: bytes,
    headers: dict[str, str],
    *,
    skew: timedelta = timedelta(),
    method: str = "POST",
    signed: bool = True,
) -> Answer:
    """Sends one request, signed with botocore's signer, whose clock may be wrong."""
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    if signed:
        now = datetime.now(timezone.utc).replace(tzinfo=None) + skew
        with mock.patch("botocore.auth.get_current_datetime", lambda *_: now):
            keys = cloud.keys
            credentials = Credentials(keys.access_key, keys.secret_key, keys.token)
            SigV4Auth(credentials, service, cloud.region).add_auth(request)
    prepared = urllib.request.Request(url, data=body, headers=dict(request.headers.items()), method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(prepared, timeout=30) as answer:
            return Answer(answer.status, _headers(answer.headers), answer.read())
    except urllib.error.HTTPError as failure:
        with failure:
            return Answer(failure.code, _headers(failure.headers), failure.read())


def _headers(message: object) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}  # type: ignore[attr-defined]
