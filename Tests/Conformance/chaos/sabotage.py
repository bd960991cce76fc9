# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""A relay between the workers and AWS that breaks a promise on purpose, to show that the checks notice."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from .stage import DEAD_LETTERS, LOST

TARGET = "X-Amz-Target"
HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "host"}


class Request:
    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers = headers
        self.body = body

    @property
    def target(self) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == TARGET.lower()), "")

    @target.setter
    def target(self, value: str) -> None:
        self.headers = {name: old for name, old in self.headers.items() if name.lower() != TARGET.lower()}
        self.headers[TARGET] = value


#: Changes a request, or answers it without asking AWS.
Saboteur = Callable[[Request], "bytes | None"]


def nothing(_: Request) -> bytes | None:
    """Passes everything on: the relay itself does no harm."""
    return None


def early_delete(request: Request) -> bytes | None:
    """A heartbeat deletes the message."""
    if request.target == "AmazonSQS.ChangeMessageVisibilityBatch":
        request.target = "AmazonSQS.DeleteMessageBatch"
    return None


def ignored_leases(request: Request) -> bytes | None:
    """A heartbeat is answered, and extends nothing; so no worker learns that it lost a message."""
    if request.target != "AmazonSQS.ChangeMessageVisibilityBatch":
        return None
    return json.dumps({"Successful": [{"Id": entry["Id"]} for entry in json.loads(request.body)["Entries"]]}).encode()


def lost_letters(request: Request) -> bytes | None:
    """What is put aside never arrives."""
    if request.target == "AmazonSQS.SendMessage":
        request.body = request.body.replace(f"/{DEAD_LETTERS}".encode(), f"/{LOST}".encode())
    return None


def hidden_slots(request: Request) -> bytes | None:
    """Every slot seems to be free, and whoever takes one takes it from somebody else."""
    operation = request.target.removeprefix("DynamoDB_20120810.")
    if operation == "BatchGetItem":
        tables = json.loads(request.body)["RequestItems"]
        return json.dumps({"Responses": {table: [] for table in tables}, "UnprocessedKeys": {}}).encode()
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        document = json.loads(request.body)
        if document.pop("ConditionExpression", None):
            used = document.get("UpdateExpression", "")
            for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
                # DynamoDB refuses names and values that no expression uses.
                kept = {key: value for key, value in document.pop(name, {}).items() if key in used}
                document |= {name: kept} if kept else {}
        request.body = json.dumps(document).encode()
    return None


def kept_slots(request: Request) -> bytes | None:
    """A slot that is given back stays taken."""
    return b"{}" if request.target == "DynamoDB_20120810.DeleteItem" else None


MODES: dict[str, Saboteur] = {
    "nothing": nothing,
    "early-delete": early_delete,
    "ignored-leases": ignored_leases,
    "lost-letters": lost_letters,
    "hidden-slots": hidden_slots,
    "kept-slots": kept_slots,
}


class Meeting:
    """Holds back the first copies to each destination until two have looked at what runs there.

    Whoever looks sees copies in progress, and takes no more slots than they leave; how soon the first copy begins would
    decide whether workers that share no ledger ever get in each other's way.
    """

    PATIENCE = 3.0

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._looks: Counter[tuple[str, str]] = Counter()

    def attend(self, request: Request) -> None:
        """Lets a copy wait for those who have not looked yet; not for ever, since they may have no job there."""
        if (place := self._place(request, "Copy")) is not None:
            with self._condition:
                if not self._condition.wait_for(lambda: self._looks[place] >= 2, self.PATIENCE):
                    self._looks[place] = 2

    def leave(self, request: Request) -> None:
        """Takes note of a look that was answered."""
        place = self._place(request, "Describe")
        if place is not None and b"SnapshotType=manual" in request.body:
            with self._condition:
                self._looks[place] += 1
                self._condition.notify_all()

    @staticmethod
    def _place(request: Request, verb: str) -> tuple[str, str] | None:
        """The Region and the kind of a request of RDS's that begins so."""
        action = re.search(rb"Action=" + verb.encode() + rb"(DB(?:Cluster)?Snapshot)", request.body)
        scope = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/rds/", request.headers.get("Authorization", ""))
        return (scope.group(1), action.group(1).decode()) if action and scope else None


@contextlib.contextmanager
def relay(upstream: str, saboteur: Saboteur, meeting: Meeting | None = None) -> Iterator[str]:
    """Runs a relay in front of `upstream`, and lends its URL."""
    address = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        connection_to_aws: http.client.HTTPConnection | None = None

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(dict(self.headers.items()), body)
            if meeting:
                meeting.attend(request)
            answer = saboteur(request)
            if answer is not None:
                headers = {"Content-Type": "application/x-amz-json-1.0"}
                if request.target.startswith("DynamoDB"):
                    headers["X-Amz-Crc32"] = str(zlib.crc32(answer))
                return self.reply(200, headers, answer)
            if self.connection_to_aws is None:
                self.connection_to_aws = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
            self.connection_to_aws.request(self.command, self.path, request.body, headers)
            response = self.connection_to_aws.getresponse()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in HOP}
            answer = response.read()
            if meeting:
                meeting.leave(request)
            self.reply(response.status, headers, answer)

        def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = handle_any

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            # A worker that hangs up is its own business.
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
