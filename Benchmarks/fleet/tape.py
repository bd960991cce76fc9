# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Notes every request that passes by, so that it can be sent again by who does nothing but send."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# What a client of its own says for itself. The old signature stays: nobody checks it, and its key says whose request it is.
DROPPED = (b"host", b"content-length", b"connection", b"accept-encoding")


@dataclass
class Request:
    method: bytes
    path: bytes
    headers: list[bytes]
    body: bytes

    def encoded(self) -> bytes:
        first = b"%s %s %d %d\n" % (self.method, self.path, len(self.headers), len(self.body))
        return first + b"".join(header + b"\n" for header in self.headers) + self.body


class Reader:
    """Cuts a stream of bytes into requests."""

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> list[Request]:
        self.buffer += data
        found = []
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.buffer[:end].split(b"\r\n")
            fields = {line.partition(b":")[0].strip().lower(): line.partition(b":")[2].strip() for line in lines}
            length = int(fields.get(b"content-length", b"0"))
            if len(self.buffer) < end + 4 + length:
                break
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            method, path, _ = first.split(b" ", 2)
            headers = [line for line in lines if line.partition(b":")[0].strip().lower() not in DROPPED]
            found.append(Request(method, path, headers, body))
        return found


class Recorder:
    """Stands before a server, passes everything on, and keeps the requests in the order in which they were whole."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.target = (parts.hostname or "", parts.port or 80)
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def write(self, path: Path) -> None:
        with self.lock, path.open("wb") as file:
            for request in self.requests:
                file.write(request.encoded())

    def _accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(client, server, Reader()), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, None), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, reader: Reader | None) -> None:
        try:
            while data := source.recv(262_144):
                if reader is not None:
                    found = reader.feed(data)
                    with self.lock:
                        self.requests += found
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
