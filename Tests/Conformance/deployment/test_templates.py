# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The templates under the linters of others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from parameter_sets import SETS
from processes import ROOT, clean_environment
from templates import FOLDER, NAMES, path, template

# checkov pins a boto3 of its own, so that it lives apart; scripts/test makes it.
CHECKOV = ROOT / ".venv-checkov" / "bin" / "python"


def parameter_file(name: str, values: dict[str, str]) -> list[dict[str, Any]]:
    """As cfn-lint reads it: unlike CloudFormation, it wants lists as lists."""
    kinds = {parameter: each["Type"] for parameter, each in template(name)["Parameters"].items()}
    return [
        {"ParameterKey": key, "ParameterValue": value.split(",") if kinds[key] == "CommaDelimitedList" else value}
        for key, value in values.items()
    ]


@pytest.mark.parametrize("name", NAMES)
def test_cfn_lint_has_nothing_to_say_with_any_set_of_parameters(name: str, tmp_path: Path) -> None:
    files = []
    for index, values in enumerate(SETS[name].values()):
        files.append(tmp_path / f"{index}.json")
        files[-1].write_text(json.dumps(parameter_file(name, values)))
    assert len(files) >= 3
    lint = "import sys; from cfnlint.runner import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--include-checks", "I", "--parameter-files", *map(str, files), "--", path(name)],
        capture_output=True, text=True, timeout=100,
    )
    assert done.returncode == 0 and not done.stdout.strip(), done.stdout + done.stderr


def skipped() -> dict[tuple[str, str], str]:
    """What the templates ask checkov to let pass, with why."""
    found = {}
    for name in NAMES:
        for logical, resource in template(name)["Resources"].items():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                found[skip["id"], f"{resource['Type']}.{logical}"] = skip["comment"]
    return found


def test_checkov_finds_nothing_that_is_not_argued() -> None:
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed: scripts/test does that")
    environment = clean_environment(LOG_LEVEL="ERROR")
    done = subprocess.run(
        [CHECKOV, "-m", "checkov.main", "--directory", str(FOLDER), "--framework", "cloudformation", "--output", "json",
         "--skip-download", "--quiet"],
        capture_output=True, text=True, timeout=100, cwd=FOLDER, env=environment,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    failed = [(each["check_id"], each["resource"], each["check_name"]) for each in report["results"]["failed_checks"]]
    assert not failed
    assert report["summary"]["passed"] > 40 and not report["summary"]["parsing_errors"]
    # An argument that nothing asks for any more goes.
    argued = skipped()
    assert report["summary"]["skipped"] == len(argued)
    assert all(len(why) > 40 for why in argued.values())
