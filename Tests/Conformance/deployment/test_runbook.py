# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The runbook against what it speaks of: alarms, parameters, outputs, commands and sums."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys

import pytest

from parameter_sets import CASES, SETS
from processes import ROOT
from templates import FOLDER, NAMES, Stack, template

RUNBOOK = (FOLDER / "runbook.md").read_text()


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


ANCHORS = {anchor(line.lstrip("# ")) for line in RUNBOOK.splitlines() if line.startswith("#")}


def test_every_alarm_names_its_section_of_the_runbook() -> None:
    alarms = [each for each in template("snapferry")["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    named = set()
    for alarm in alarms:
        [section] = re.findall(r"cloudformation/runbook\.md#([\w-]+)", alarm["Properties"]["AlarmDescription"])
        named.add(section)
    assert named <= ANCHORS
    # Every section about an alarm has one, too.
    chapter = RUNBOOK.split("\n## Alarms\n")[1].split("\n## ")[0]
    assert {anchor(heading) for heading in re.findall(r"^### (.+)$", chapter, re.M)} == named


def test_links_within_the_runbook_lead_somewhere() -> None:
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= ANCHORS


def test_parameters_and_outputs_that_the_runbook_names_are_there() -> None:
    names = {name for each in NAMES for section in ("Parameters", "Outputs") for name in template(each)[section]}
    said = set(re.findall(r"\b([A-Z][A-Za-z]+)=", RUNBOOK))
    assert said and said <= names, said - names
    for word in re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)(?:=[^`]*)?`", RUNBOOK):
        assert word in names or word.startswith("Approximate"), word


def test_every_parameter_has_a_group_and_a_label() -> None:
    for name in NAMES:
        interface = template(name)["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [each for group in interface["ParameterGroups"] for each in group["Parameters"]]
        assert sorted(grouped) == sorted(template(name)["Parameters"]) == sorted(interface["ParameterLabels"])


@pytest.mark.parametrize(("name", "parameters"), [case for case in CASES if case[0] == "snapferry"])
def test_the_dashboard_is_json_and_shows_what_there_is(name: str, parameters: str) -> None:
    stack = Stack(name, SETS[name][parameters])
    [dashboard] = stack.of_type("AWS::CloudWatch::Dashboard").values()
    body = json.loads(dashboard["Properties"]["DashboardBody"])
    assert len(body["widgets"]) >= 7
    for widget in body["widgets"]:
        assert widget["x"] + widget["width"] <= 24


def test_metrics_that_alarms_watch_are_ones_that_workers_publish() -> None:
    published = (ROOT / "Sources/SnapshotFleet/Worker/FleetMetric.swift").read_text()
    text = (FOLDER / "snapferry.yaml").read_text()
    watched = set(re.findall(r"MetricName: (snapferry\.[\w.]+)", text)) | set(re.findall(r'"snapferry", "(snapferry\.[\w.]+)"', text))
    missing = {name for name in watched if f'"{name}"' not in published}
    assert watched and not missing


def test_variables_that_workers_are_given_are_ones_that_they_know() -> None:
    known = (ROOT / "Sources/snapferry/Configuration/KnownVariables.swift").read_text()
    given = set(re.findall(r"Name: (SNAPFERRY_\w+)", (FOLDER / "snapferry.yaml").read_text()))
    assert given and not {name for name in given if f'"{name}"' not in known}


def cost(*arguments: str) -> str:
    done = subprocess.run([sys.executable, str(ROOT / "scripts/cost"), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_sums_of_the_runbook_are_what_the_script_says() -> None:
    block = RUNBOOK.split("    $ scripts/cost\n")[1].split("\n\n")[0]
    assert [line[4:] for line in block.splitlines()] == cost().splitlines()


def test_the_cost_follows_from_the_prices() -> None:
    module = runpy.run_path(str(ROOT / "scripts/cost"))
    options = module["parser"]().parse_args([])
    free = dict.fromkeys(module["PRICES"], 0.0)
    assert set(module["bill"](100, options, free).values()) == {0.0}
    # Two workers of a quarter of a processor for 730 hours.
    bill = module["bill"](100, options, free | {"fargate_vcpu_hour": 1.0})
    assert bill["workers"] == bill["the fleet"] == 2 * 730 * 0.25
    # A hundred databases of 200 GiB: one whole, and thirteen times three hundredths.
    bill = module["bill"](100, options, free | {"storage_gib_month": 1.0})
    assert bill["copies kept"] == pytest.approx(100 * 200 * (1 + 13 * 0.03)) and bill["the fleet"] == 0
    # Copies of a day: three hundredths of 200 GiB each.
    bill = module["bill"](100, options, free | {"transfer_gib": 1.0})
    assert bill["data between Regions"] == pytest.approx(100 * 30.4 * 6)
    for name in module["PRICES"]:
        assert sum(module["bill"](100, options, free | {name: 1.0}).values()) > 0, f"{name} counts nowhere"


@pytest.mark.parametrize("wrong", ["nothing=1", "nat_hour=x", "nat_hour=-1", "nat_hour=nan"])
def test_a_price_that_is_none_is_said(wrong: str) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts/cost"), "--price", wrong], capture_output=True, text=True)
    assert done.returncode == 2 and wrong.split("=")[0] in done.stderr
