# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The committed signature vectors are what botocore computes, and agree with the signatures that AWS has published."""

from __future__ import annotations

import json

import pytest

from generate_sigv4_vectors import VECTORS, generate, vector

# The token of the public test suite.
SUITE_TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"


def test_the_committed_file_is_what_botocore_computes() -> None:
    assert VECTORS.read_text(encoding="utf-8") == generate(), "run Tests/Conformance/generate_sigv4_vectors.py"


@pytest.mark.parametrize(
    ("name", "mode", "signature"),
    [
        ("get vanilla", "header", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("presign vanilla", "query", "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"),
    ],
)
def test_the_vanilla_vectors_carry_the_published_signatures(name: str, mode: str, signature: str) -> None:
    [entry] = [entry for entry in json.loads(VECTORS.read_text(encoding="utf-8")) if entry["name"] == name]
    assert (entry["mode"], entry["expected"]["signature"]) == (mode, signature)


def test_the_published_signature_with_a_session_token() -> None:
    entry = vector("published", token=SUITE_TOKEN)
    assert entry["expected"]["signature"] == "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
