#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Writes vectors/sigv4.json: requests, and what botocore's signers make of them.

The file is committed, so that the Swift tests need no Python; test_vectors.py regenerates it and compares. Each entry:

    name           what it is about
    method, url    the request before signing; the query is already percent-encoded
    headers        [name, value] pairs that the caller sets. The signer itself adds host (the URL's host, with the port
                   where it is not the scheme's own) and x-amz-date, and, where there is a token, x-amz-security-token
    body           text, to be signed as UTF-8
    region, service, timestamp (yyyyMMdd'T'HHmmss'Z'), accessKeyID, secretAccessKey, sessionToken or null
    mode           header: an Authorization header. query: a presigned URL, which signs the host alone and no body
    expires        seconds, in query mode; else null
    expected       canonicalRequest, stringToSign, signature, and authorization (header mode) or query (query mode: the
                   whole query of the signed URL)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore import xform_name
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials

VECTORS = Path(__file__).parent / "vectors" / "sigv4.json"

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW+LongToken=="
FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON_10 = "application/x-amz-json-1.0"
TIMESTAMP = "20150830T123600Z"

Vector = dict[str, Any]


class Recorder:
    """Keeps what botocore computes on its way to each signature."""

    def __init__(self) -> None:
        self.steps: list[dict[str, str]] = []

    @contextmanager
    def recording(self, timestamp: str) -> Iterator[None]:
        original = SigV4Auth.signature

        def signature(signer: SigV4Auth, string_to_sign: str, request: AWSRequest) -> str:
            value = original(signer, string_to_sign, request)
            self.steps.append(
                {
                    "canonicalRequest": signer.canonical_request(request),
                    "stringToSign": string_to_sign,
                    "signature": value,
                }
            )
            return value

        now = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ")
        with ExitStack() as stack:
            stack.enter_context(mock.patch("botocore.auth.get_current_datetime", lambda *_: now))
            stack.enter_context(mock.patch.object(SigV4Auth, "signature", signature))
            yield


def vector(
    name: str,
    *,
    method: str = "GET",
    url: str = "https://example.amazonaws.com/",
    headers: list[tuple[str, str]] | None = None,
    body: str = "",
    region: str = "us-east-1",
    service: str = "service",
    timestamp: str = TIMESTAMP,
    token: str | None = None,
    mode: str = "header",
    expires: int | None = None,
) -> Vector:
    """Signs one request with botocore and writes down the steps."""
    if mode == "query" and expires is None:
        expires = 3600
    request = AWSRequest(method=method, url=url, data=body.encode())
    for key, value in headers or []:
        # The message's own add(), because assigning would replace a repeated header.
        request.headers.add_header(key, value)
    credentials = Credentials(ACCESS_KEY, SECRET_KEY, token)
    recorder = Recorder()
    with recorder.recording(timestamp):
        if mode == "header":
            SigV4Auth(credentials, service, region).add_auth(request)
        else:
            SigV4QueryAuth(credentials, service, region, expires=expires).add_auth(request)
    [expected] = recorder.steps
    if mode == "header":
        expected["authorization"] = request.headers["Authorization"]
    else:
        expected["query"] = urlsplit(request.url).query
    return {
        "name": name,
        "method": method,
        "url": url,
        "headers": [list(pair) for pair in headers or []],
        "body": body,
        "region": region,
        "service": service,
        "timestamp": timestamp,
        "accessKeyID": ACCESS_KEY,
        "secretAccessKey": SECRET_KEY,
        "sessionToken": token,
        "mode": mode,
        "expires": expires,
        "expected": expected,
    }


def header_vectors() -> Iterator[Vector]:
    base = "https://example.amazonaws.com/"
    form = [("Content-Type", FORM)]
    yield vector("get vanilla")
    yield vector("get vanilla with session token", token=TOKEN)
    yield vector("post vanilla", method="POST")
    yield vector("post form body", method="POST", headers=form, body="Param1=value1")
    yield vector("post form body with session token", method="POST", headers=form, body="Param1=value1", token=TOKEN)
    yield vector("post body in UTF-8", method="POST", headers=[("Content-Type", "text/plain")], body="Grüße, 世界 🚢")

    yield vector("query one pair", url=f"{base}?Param1=value1")
    yield vector("query empty value", url=f"{base}?Param1=")
    yield vector("query key without equals sign", url=f"{base}?Param1")
    yield vector("query unsorted keys", url=f"{base}?Param2=value2&Param1=value1")
    yield vector("query repeated key, unsorted values", url=f"{base}?Param1=value2&Param1=Value1&Param1=value1")
    yield vector("query keys that differ in case", url=f"{base}?b=1&B=2&a=3&A=4")
    yield vector("query key that begins another", url=f"{base}?foobar=1&foo=2&foo-bar=3&foo.bar=4")
    unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    yield vector("query unreserved characters", url=f"{base}?{unreserved}={unreserved}")
    yield vector("query reserved characters", url=f"{base}?p=%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40")
    yield vector("query UTF-8", url=f"{base}?%E1%88%B4=bar&sn%C3%B8=%E2%9B%B5")

    yield vector("path of a queue", url="https://sqs.us-east-1.amazonaws.com/123456789012/jobs", service="sqs")
    yield vector("path with a percent-encoded space is encoded again", url="https://example.amazonaws.com/a%20b/c")
    yield vector("path unreserved characters", url="https://example.amazonaws.com/-._~0aZ")
    yield vector("path dot segments and double slashes", url="https://example.amazonaws.com//a/./b/../c//d/")

    yield vector("header value trimmed and its spaces folded", headers=[("My-Header1", "   a   b  c  ")])
    yield vector("header value with tabs", headers=[("My-Header1", "a\tb \t c")])
    yield vector("header value in quotes is folded too", headers=[("My-Header1", '"a   b   c"')])
    yield vector("header without a value", headers=[("My-Header1", "")])
    yield vector("headers out of order", headers=[("Zebra", "1"), ("apple", "2"), ("Mango", "3"), ("X-Amz-A", "4")])
    yield vector("header repeated", headers=[("My-Header1", "value4"), ("My-Header1", "value1")])
    yield vector(
        "headers that are never signed",
        headers=[
            ("User-Agent", "snapferry/1"),
            ("Connection", "keep-alive"),
            ("Expect", "100-continue"),
            ("Transfer-Encoding", "chunked"),
            ("X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793"),
            ("Kept", "yes"),
        ],
    )

    yield vector("host with a port", url="http://127.0.0.1:4566/?a=b")
    yield vector("host with the default port of http", url="http://example.amazonaws.com:80/")
    yield vector("host with the default port of https", url="https://example.amazonaws.com:443/")
    yield vector("host with a foreign port", url="https://example.amazonaws.com:8443/")
    yield vector("another day and Region", region="eu-central-1", service="sts", timestamp="20261231T235959Z")

    yield vector(
        "rds describe",
        method="POST",
        url="https://rds.eu-west-1.amazonaws.com/",
        headers=form,
        body="Action=DescribeDBSnapshots&Version=2014-10-31&DBSnapshotIdentifier=prod%201&SnapshotType=automated",
        region="eu-west-1",
        service="rds",
        token=TOKEN,
    )
    yield vector(
        "sqs receive",
        method="POST",
        url="https://sqs.us-east-1.amazonaws.com/",
        headers=[
            ("Content-Type", JSON_10),
            ("X-Amz-Target", "AmazonSQS.ReceiveMessage"),
            ("x-amzn-query-mode", "true"),
        ],
        body='{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs", "WaitTimeSeconds": 20}',
        service="sqs",
    )
    yield vector(
        "dynamodb update on a port of this machine",
        method="POST",
        url="http://localhost:8000/",
        headers=[("Content-Type", JSON_10), ("X-Amz-Target", "DynamoDB_20120810.UpdateItem")],
        body='{"TableName": "slots", "Key": {"pk": {"S": "123456789012/eu-west-1/instance#1"}}}',
        service="dynamodb",
        token=TOKEN,
    )
    yield vector(
        "sts in China",
        method="POST",
        url="https://sts.cn-north-1.amazonaws.com.cn/",
        headers=form,
        body="Action=GetCallerIdentity&Version=2011-06-15",
        region="cn-north-1",
        service="sts",
    )


def query_vectors() -> Iterator[Vector]:
    base = "https://example.amazonaws.com/"
    yield vector("presign vanilla", mode="query")
    yield vector("presign with session token", mode="query", token=TOKEN)
    yield vector("presign short-lived", mode="query", expires=60)
    yield vector("presign unsorted query", mode="query", url=f"{base}?Param2=value2&Param1=value1&Zed=&alpha=1")
    yield vector("presign UTF-8 and spaces", mode="query", url=f"{base}?name=a%20b%2Bc&sn%C3%B8=%E2%9B%B5")
    yield vector("presign on a port", mode="query", url="http://127.0.0.1:4566/?Action=Ping")


def rds_vectors() -> Iterator[Vector]:
    """CopyDBSnapshot and CopyDBClusterSnapshot as botocore sends them when told the source Region.

    Each call gives two vectors: the PreSignedUrl for the source Region, and the call that carries it.
    """
    arn = "arn:aws-us-gov:rds:us-gov-west-1:123456789012"
    calls: list[tuple[str, str | None, dict[str, Any]]] = [
        (
            "CopyDBSnapshot",
            None,
            {
                "SourceDBSnapshotIdentifier": f"{arn}:snapshot:rds:prod-2015-08-30-05-10",
                "TargetDBSnapshotIdentifier": "prod-2015-08-30-05-10-us-gov-west-1",
                "KmsKeyId": "alias/dr",
                "CopyTags": True,
                "Tags": [{"Key": "a", "Value": "b c"}, {"Key": "snapferry:source", "Value": f"{arn}:x+y"}],
            },
        ),
        (
            "CopyDBClusterSnapshot",
            TOKEN,
            {
                "SourceDBClusterSnapshotIdentifier": f"{arn}:cluster-snapshot:rds:aurora-2015-08-30-05-10",
                "TargetDBClusterSnapshotIdentifier": "aurora-2015-08-30-05-10-us-gov-west-1",
                "KmsKeyId": "alias/dr",
            },
        ),
    ]
    for operation, token, parameters in calls:
        yield from presigned_copy(operation, token, parameters)


def presigned_copy(operation: str, token: str | None, parameters: dict[str, Any]) -> Iterator[Vector]:
    source, destination = "us-gov-west-1", "us-gov-east-1"
    session = botocore.session.Session()
    client = session.create_client(
        "rds",
        region_name=destination,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=token,
        endpoint_url=f"https://rds.{destination}.amazonaws.com",
        config=Config(retries={"max_attempts": 0}),
    )
    sent: list[Any] = []

    def capture(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        raw = mock.Mock()
        raw.stream.return_value = iter([f"<r><{operation}Result/><ResponseMetadata/></r>".encode()])
        return AWSResponse(request.url, 200, {}, raw)

    client.meta.events.register("before-send.rds.*", capture)
    recorder = Recorder()
    with recorder.recording(TIMESTAMP):
        getattr(client, xform_name(operation))(SourceRegion=source, **parameters)
    [request] = sent
    body = request.body if isinstance(request.body, str) else bytes(request.body).decode()
    presigned_url = parse_qs(body)["PreSignedUrl"][0]
    presigned, outer = recorder.steps
    parts = urlsplit(presigned_url)
    operation_query = "&".join(pair for pair in parts.query.split("&") if not pair.startswith("X-Amz-"))
    presigned["query"] = parts.query
    outer["authorization"] = _text(request.headers["Authorization"])
    common = {
        "service": "rds",
        "timestamp": TIMESTAMP,
        "accessKeyID": ACCESS_KEY,
        "secretAccessKey": SECRET_KEY,
        "sessionToken": token,
    }
    yield {
        "name": f"rds {operation} PreSignedUrl",
        "method": "GET",
        "url": f"{parts.scheme}://{parts.netloc}{parts.path}?{operation_query}",
        "headers": [],
        "body": "",
        "region": source,
        **common,
        "mode": "query",
        "expires": 3600,
        "expected": presigned,
    }
    yield {
        "name": f"rds {operation} with the PreSignedUrl in it",
        "method": "POST",
        "url": f"https://rds.{destination}.amazonaws.com/",
        "headers": [["Content-Type", FORM]],
        "body": body,
        "region": destination,
        **common,
        "mode": "header",
        "expires": None,
        "expected": outer,
    }


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def generate() -> str:
    """The whole file, the same each time."""
    vectors = [*header_vectors(), *query_vectors(), *rds_vectors()]
    names = [entry["name"] for entry in vectors]
    assert len(names) == len(set(names)), "two vectors share a name"
    return json.dumps(vectors, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(generate(), encoding="utf-8")
    print(f"wrote {VECTORS}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
