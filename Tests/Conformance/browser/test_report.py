# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`snapferry report --html` as its readers see it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from processes import BINARY, clean_environment
from simulation import ACCOUNT, simulate
from webdriver import ENTER, ESCAPE, Browser

SOURCE, DESTINATION = "us-east-1", "eu-west-1"
PLACE = f"{ACCOUNT}/{DESTINATION}"

# Hours since the data of each copy was taken, the newest first.
COPIES = {
    "orders": [40.1, 64, 88],
    "billing": [25, 49],
    "crm": [3, 27, 51, 75],
    "users": [1],
    "archive": [700],
}
# At the source and never copied; the policy does not want the last one.
BARE = ["ledger", "events", "dev-scratch"]
# Neither RDS nor a policy takes such a name; the page must not depend on that.
EVIL = "<img src=x onerror=alert(1)></td></script><script>alert(2)</script> & co"


def seed() -> dict:
    """Clusters at both ends, since RDS keeps their age in our tag alone, and copies as the fleet would have made them."""
    now = datetime.now(timezone.utc)
    copies = []
    for name, ages in COPIES.items():
        for number, hours in enumerate(ages):
            source = f"arn:aws:rds:{SOURCE}:{ACCOUNT}:cluster-snapshot:{name}-{number}"
            taken = (now - timedelta(hours=hours, seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
            tags = {"snapferry:source": source, "snapferry:source-created": taken, "snapferry:route": "all"}
            copies.append(
                {
                    "account": ACCOUNT, "region": DESTINATION, "kind": "cluster", "database": name, "type": "manual",
                    "id": f"{name}-{number}-{SOURCE}", "tags": tags,
                }  # fmt: skip
            )
    alive = [name for name in COPIES if name != "archive"] + BARE
    clusters = [
        {"account": ACCOUNT, "region": region, "id": name, "engine": "aurora-postgresql"}
        for region, names in ((SOURCE, alive), (DESTINATION, list(COPIES)))
        for name in names
    ]
    return {"clusters": clusters, "snapshots": copies}


def policy() -> dict:
    route = {
        "name": "all",
        "source": {"regions": [SOURCE]},
        "match": {"exclude": ["*-scratch"]},
        "destinations": [{"region": DESTINATION}],
        # The seed's databases are two hours old.
        "rpo": "90m",
    }
    slow = route | {"name": "slow", "priority": 1, "rpo": "26h", "match": {"databases": ["billing", "crm", "orders", "users"]}}
    return {"routes": [slow, route]}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on a world that is known."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "seed.json").write_text(json.dumps(seed()))
    (folder / "policy.json").write_text(json.dumps(policy()))
    page = folder / "report.html"
    with simulate(folder / "simulate", "--seed-data", str(folder / "seed.json")) as simulator:
        environment = clean_environment(
            AWS_ENDPOINT_URL=simulator.url, AWS_REGION=SOURCE, **simulator.cloud.keys.environment()
        )
        command = [BINARY, "report", "--policy", folder / "policy.json", "--html", page]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 1, ended.stdout + ended.stderr
    return page


@pytest.fixture
def page(browser: Browser, report: Path) -> Browser:
    browser.open(report.as_uri())
    yield browser
    browser.collect()
    # The page itself, and nothing else.
    assert {url for url in browser.requested if not url.startswith("data:")} == {report.as_uri()}


def databases(page: Browser) -> list[str]:
    return page.texts("#rows td.name button")


ALL = ["events", "ledger", "orders", "billing", "crm", "users", "archive"]


def test_the_verdict_is_what_one_reads_first(page: Browser, shots: Path) -> None:
    assert page.text("#verdict") == "3 of 6 recovery points break their RPO"
    assert float(page.style("#verdict strong", "font-size").removesuffix("px")) >= 100
    assert page.run("return document.querySelector('#verdict').getBoundingClientRect().top < 200")
    page.screenshot(shots / "report-light.png")


def test_the_worst_database_comes_first(page: Browser) -> None:
    assert databases(page) == ALL
    assert page.texts("#rows .mark") == [
        "never copied", "never copied", "too old", "in time", "in time", "in time", "source gone",
    ]  # fmt: skip
    rows = page.texts("#rows tr")
    assert "> 2h 00m 1h 30m" in rows[0]
    assert "40h 06m 26h 00m 154% 3" in rows[2]
    assert page.texts("#uncovered tr")[0].startswith("dev-scratch cluster 111111111111/us-east-1 aurora-postgresql")
    assert page.text("#count") == "7 of 7"
    routes = page.texts("#routes li")
    assert routes[0].startswith(f"slow → {PLACE} 40h 06m of 26h 00m · orders · 1 beyond")


def test_names_are_text_and_never_markup(browser: Browser, report: Path) -> None:
    """The same page, with every name in its data as nasty as can be, escaped as the program escapes."""
    before, data, after = re.split(r'(?<=type="application/json">)(.*?)(?=</script>)', report.read_text(), maxsplit=1)
    document = json.loads(data)
    for row in document["rows"]:
        row |= {name: EVIL for name in ("database", "engine", "to", "route", "account", "region", "kind")}
        for copy in row["copies"]:
            copy["id"] = EVIL
    document["keys"] = [EVIL]
    document["problems"] = [EVIL]
    for item in document["routes"] + document["uncovered"]:
        item |= {name: EVIL for name, value in item.items() if isinstance(value, str)}
    page = report.with_name("evil.html")
    page.write_text(before + json.dumps(document).replace("<", "\\u003c") + after)
    browser.open(page.as_uri())
    browser.run("document.querySelectorAll('#rows td.name button').forEach((button) => button.click())")
    assert browser.find("img") == []
    assert len(browser.find("script")) == 2
    assert browser.texts("#rows td.name button") == [EVIL] * len(ALL)
    assert browser.texts("#problems li") == [EVIL]
    assert set(browser.texts("#rows tr.more td.id")) >= {EVIL}


def test_columns_sort_both_ways(page: Browser) -> None:
    page.click("th[data-key=database] button")
    assert databases(page) == sorted(ALL)
    assert page.run("return document.querySelector('th[data-key=database]').ariaSort") == "ascending"
    page.click("th[data-key=database] button")
    assert databases(page) == sorted(ALL, reverse=True)
    page.click("th[data-key=count] button")
    assert databases(page)[:2] == ["crm", "orders"]
    assert page.run("return document.querySelectorAll('th[aria-sort=none]').length") > 5
    page.click("th[data-key=rank] button")
    assert databases(page) == ALL


def test_text_standing_and_destination_filter(page: Browser) -> None:
    page.press("/")
    page.press("crm")
    assert databases(page) == ["crm"]
    assert page.text("#count") == "1 of 7"
    page.press(ESCAPE)
    assert databases(page) == ALL
    page.click(".tiles button[data-standing=breach]")
    assert databases(page) == ["events", "ledger", "orders"]
    assert page.run("return document.querySelector('#standing').value") == "breach"
    page.click(".tiles button[data-standing=breach]")
    page.run("const s = document.querySelector('#standing'); s.value = 'in-time'; s.dispatchEvent(new Event('change'))")
    assert databases(page) == ["billing", "crm", "users"]


def test_everything_is_in_reach_of_the_keyboard(page: Browser) -> None:
    page.run("document.querySelectorAll('#rows td.name button')[4].focus()")
    page.press(ENTER)
    assert page.texts("#rows tr.more tbody td.id")[0] == "crm-0-us-east-1"
    assert len(page.find("#rows tr.more tbody tr")) == 4
    assert page.run("return document.activeElement.getAttribute('aria-expanded')") == "true"
    assert page.style("#rows td.name button:focus-visible", "outline-style") == "solid"
    page.press(ENTER)
    assert page.find("#rows tr.more") == []
    # In the order of the page: each control can be reached, and none twice.
    reachable = page.run("return document.querySelectorAll('a, button, input, select').length")
    assert page.run("return document.querySelectorAll('[tabindex]').length") == 0
    assert reachable > 20


def test_timelines_show_each_copy(page: Browser) -> None:
    paths = page.run("return [...document.querySelectorAll('#rows path.done')].map((path) => path.getAttribute('d'))")
    assert [path.count("M") for path in paths] == [0, 0, 3, 2, 4, 1, 0]
    # What is gone from its source does not stretch the others; its copy is off the left edge.
    labels = page.run("return [...document.querySelectorAll('#rows svg')].map((svg) => svg.getAttribute('aria-label'))")
    assert labels[2] == "3 confirmed copies, newest data 40h 06m old"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(page: Browser, shots: Path, scheme: str) -> None:
    page.prefer(scheme)
    paper, ink = (page.brightness("body", name) for name in ("background-color", "color"))
    assert (paper > ink + 150) if scheme == "light" else (ink > paper + 150)
    page.screenshot(shots / f"report-{scheme}.png")
    # The reader's choice on the page goes before the system's.
    page.click("#theme")
    page.click("#theme")
    assert page.text("#theme") == "Colours: dark"
    assert page.brightness("body", "background-color") < 80


def test_paper_has_the_data_and_no_controls(page: Browser, shots: Path) -> None:
    page.prefer("dark", media="print")
    assert page.style(".controls", "display") == "none"
    assert page.brightness("body", "background-color") > 250
    assert page.style("thead", "display") == "table-header-group"
    paper = page.cdp("Page.printToPDF", landscape=True, printBackground=True, preferCSSPageSize=True)
    document = base64.b64decode(paper["data"])
    assert document.startswith(b"%PDF")
    (shots / "report.pdf").write_bytes(document)


def test_a_narrow_window_scrolls_the_table_and_not_the_page(page: Browser, shots: Path) -> None:
    page.cdp("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    assert page.run("return document.documentElement.scrollWidth <= 400")
    page.screenshot(shots / "report-narrow.png")
