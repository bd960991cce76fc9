# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The policy's JSON Schema, as somebody else's validator understands it."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from processes import BINARY, ROOT, clean_environment


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    said = subprocess.run(
        [BINARY, "policy", "schema"], env=clean_environment(), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(said.stdout)


def relaxed(text: str) -> Any:
    """Reads JSON with comments and trailing commas; none of the examples has // inside a string."""
    return json.loads(re.sub(r",(\s*[\]}])", r"\1", re.sub(r"//[^\n]*", "", text)))


def examples() -> list[str]:
    """Every indented block of the README that is a policy."""
    blocks = re.findall(r"(?:^    .*\n)+", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [block for block in blocks if '"routes"' in block]


def test_it_is_a_schema_of_its_draft(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_there_are_examples() -> None:
    assert len(examples()) >= 2


@pytest.mark.parametrize("text", examples())
def test_it_takes_every_example_of_the_readme(schema: dict[str, Any], text: str) -> None:
    Draft202012Validator(schema).validate(relaxed(text))


@pytest.mark.parametrize("text", examples())
def test_lint_takes_every_example_of_the_readme(text: str) -> None:
    said = subprocess.run(
        [BINARY, "policy", "lint", "-"],
        input=text, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60,
    )
    assert said.returncode == 0, said.stdout
    assert "standard input: nothing is wrong" in said.stdout


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"newstOnly": True}, ["routes", 0]),
        ({"priority": "high"}, ["routes", 0, "priority"]),
        ({"source": {"regions": []}}, ["routes", 0, "source", "regions"]),
        ({"match": {"kinds": ["clusters"]}}, ["routes", 0, "match", "kinds", 0]),
        ({"retention": {"minimum": 0}}, ["routes", 0, "retention", "minimum"]),
        ({"rpo": "26 hours"}, ["routes", 0, "rpo"]),
        ({"destinations": [{"region": "eu-west-1", "account": "4444"}]}, ["routes", 0, "destinations", 0, "account"]),
    ],
)
def test_it_says_where_a_mistake_is(schema: dict[str, Any], change: dict[str, Any], path: list[str | int]) -> None:
    route = {"name": "a", "source": {"regions": ["us-east-1"]}, "destinations": [{"region": "eu-west-1"}]}
    [error] = Draft202012Validator(schema).iter_errors({"routes": [route | change]})
    assert list(error.absolute_path) == path
