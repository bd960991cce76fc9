# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The page that workers and `snapferry dashboard` serve, as its readers see it."""

from __future__ import annotations

import contextlib
import http.server as http_server
import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from processes import BINARY, Child, clean_environment, eventually, free_port, running
from simulation import ACCOUNT, Simulator, simulate
from webdriver import ENTER, TAB, Browser

SOURCE, DESTINATION = "us-east-1", "eu-west-1"
DATABASES = ["orders", "billing", "crm"]
POISON = "<img src=x onerror=alert(1)><script>alert(2)</script>"
SLOTS = {"instance": 8, "cluster": 3}


def seed() -> dict[str, Any]:
    return {
        "queues": [
            {"account": ACCOUNT, "region": SOURCE, "name": "jobs-dead"},
            {"account": ACCOUNT, "region": SOURCE, "name": "jobs", "deadLetterQueue": "jobs-dead", "maxReceiveCount": 5},
        ],
        "instances": [{"account": ACCOUNT, "region": SOURCE, "id": name, "gib": 400} for name in DATABASES],
        "snapshots": [
            {
                "account": ACCOUNT, "region": SOURCE, "kind": "instance", "database": name, "id": f"{name}-1",
                "type": "manual",
            }  # fmt: skip
            for name in DATABASES
        ],
    }


@dataclass
class Fleet:
    """An AWS in a known state, and what looks at it."""

    simulator: Simulator
    environment: dict[str, str]

    @property
    def queue(self) -> str:
        return self.environment["SNAPFERRY_QUEUE_URL"]

    def send(self, name: str, body: str, **attributes: str) -> None:
        url = self.queue if name == "jobs" else self.queue + "-dead"
        values = {key.replace("_", "."): {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
        self.simulator.cloud.client("sqs", SOURCE).send_message(QueueUrl=url, MessageBody=body, MessageAttributes=values)

    def copy(self, name: str, *, ours: bool) -> None:
        source = f"arn:aws:rds:{SOURCE}:{ACCOUNT}:snapshot:{name}-1"
        tags = [{"Key": "snapferry:source", "Value": source}, {"Key": "snapferry:route", "Value": "all"}] if ours else []
        self.simulator.cloud.client("rds", DESTINATION).copy_db_snapshot(
            SourceDBSnapshotIdentifier=source,
            TargetDBSnapshotIdentifier=f"{name}-1-{SOURCE}" if ours else f"somebody-elses-{name}",
            SourceRegion=SOURCE,
            Tags=tags,
        )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two copies of ours in progress and one of somebody else's, two messages, three dead letters."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "seed.json").write_text(json.dumps(seed()))
    route = {
        "name": "all", "source": {"regions": [SOURCE]}, "rpo": "26h",
        "destinations": [{"region": DESTINATION, "slots": SLOTS}],
    }  # fmt: skip
    (folder / "policy.json").write_text(json.dumps({"routes": [route]}))
    with simulate(folder / "simulate", "--seed-data", str(folder / "seed.json")) as simulator:
        environment = clean_environment(
            AWS_ENDPOINT_URL=simulator.url,
            AWS_REGION=SOURCE,
            SNAPFERRY_QUEUE_URL=f"{simulator.url}/{ACCOUNT}/jobs",
            SNAPFERRY_POLICY=str(folder / "policy.json"),
            **simulator.cloud.keys.environment(),
        )
        fleet = Fleet(simulator, environment)
        fleet.copy("orders", ours=True)
        fleet.copy("billing", ours=True)
        fleet.copy("crm", ours=False)
        for number in range(2):
            fleet.send("jobs", f"waiting {number}")
        place = {"snapferry_destination": f"{ACCOUNT}/{DESTINATION}"}
        for _ in range(2):
            fleet.send("jobs-dead", "{}", snapferry_reason="kms-key", **place)
        fleet.send("jobs-dead", POISON)
        yield fleet


@contextlib.contextmanager
def dashboard(fleet: Fleet, logs: Path, *arguments: str, **environment: str) -> Iterator[tuple[str, Child]]:
    """Runs `snapferry dashboard`, and says where it is."""
    port = free_port()
    command = [BINARY, "dashboard", "--listen", f"127.0.0.1:{port}", *arguments]
    with running(command, fleet.environment | environment, logs) as child:
    
        def is_ready() -> bool:
            assert child.process.poll() is None, child.tail()
            return "Look at " in child.stdout

        eventually(is_ready, within=60, what=child.tail)
        yield f"http://127.0.0.1:{port}/", child
        assert child.terminate() == 0, child.tail()


@pytest.fixture(scope="module")
def url(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dashboard(fleet, tmp_path_factory.mktemp("dashboard") / "logs") as (url, _):
        yield url


def settle(browser: Browser, url: str) -> None:
    """Opens the page and waits until it shows something."""
    browser.open(url)
    eventually(lambda: len(browser.find(".pool")) > 0, within=60, what=lambda: str(browser.texts("#said")))


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Browser]:
    settle(browser, url)
    yield browser
    browser.collect()
    asked = {address for address in browser.requested if not address.startswith("data:")}
    assert asked <= {url, f"{url}api/fleet.json"}


def tiles(page: Browser) -> dict[str, str]:
    pairs = page.run("return [...document.querySelectorAll('.tile')].map((t) => [t.children[1], t.children[0]].map((e) => e.textContent))")
    return dict(pairs)


def test_a_glance_tells_how_the_fleet_stands(page: Browser, shots: Path) -> None:
    assert page.text("#queue") == "jobs"
    assert tiles(page) == {
        "waiting on the queue": "2", "with workers": "0", "copies in progress": "3", "slots taken": "3 / 11",
        "dead letters": "3", "beyond their RPO": "0",
    }  # fmt: skip
    assert not page.run("return document.querySelector('#worker').checkVisibility()")
    assert not page.run("return document.querySelector('#problems').checkVisibility()")
    page.screenshot(shots / "page.png")


def test_slots_are_cells_that_fill_up(page: Browser) -> None:
    titles = page.texts(".pool h3")
    assert titles == ["eu-west-1 · cluster 0 of 3 slots", "eu-west-1 · instance 3 of 8 slots"]
    kinds = page.run(
        "return [...document.querySelectorAll('.pool')].map((p) => [...p.querySelectorAll('.cell')].map((c) => c.className))"
    )
    assert [len(cells) for cells in kinds] == [3, 8]
    assert sorted(name.split()[-1] for name in kinds[1]) == ["cell"] * 5 + ["others", "ours", "ours"]
    labels = page.run("return [...document.querySelectorAll('.cells')].map((c) => c.getAttribute('aria-label'))")
    assert labels[1] == "3 of 8 slots, 1 of them somebody else's"


def test_copies_have_progress(page: Browser) -> None:
    names = page.texts(".copy .name")
    assert sorted(names) == sorted(DATABASES)
    values = page.run("return [...document.querySelectorAll('.copy [role=progressbar]')].map((b) => b.ariaValueNow)")
    assert all(0 <= int(value) <= 100 for value in values)
    assert any("400 GiB" in text for text in page.texts(".copy .tale"))
    assert sum("somebody else's" in text for text in page.texts(".copy .tale")) == 1


def test_dead_letters_are_counted_by_reason(page: Browser) -> None:
    rows = page.texts("#letters li")
    assert rows[0] == "kms-key 2"
    assert len(rows) == 2
    assert "refused lately: kms-key, 2 dead letters" in page.text(".pool.blocked .why")


@contextlib.contextmanager
def hostile(url: str) -> Iterator[str]:
    """The page, with an AWS behind it in which everything has the nastiest name."""
    http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: poisoned(item) for key, item in value.items()}
        if isinstance(value, list):
            return [poisoned(item) for item in value]
        return POISON if isinstance(value, str) else value

    class Handler(http_server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with http.open(url.rstrip("/") + self.path, timeout=30) as answer:
                body, headers = answer.read(), answer.headers
            if self.path != "/":
                body = json.dumps(poisoned(json.loads(body)) | {"problems": [POISON]}).encode()
            self.send_response(200)
            for name in ("Content-Type", "Content-Security-Policy"):
                self.send_header(name, headers[name])
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http_server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_names_are_text_and_never_markup(browser: Browser, url: str) -> None:
    with hostile(url) as poisonous:
        settle(browser, poisonous)
        assert browser.find("img") == []
        assert browser.run("return document.querySelectorAll('script').length") == 1
        assert browser.texts("#problems li") == [POISON]
        assert browser.texts("#letters .name") == [POISON]
        assert POISON in browser.text("#points li")
        browser.open("about:blank")


def test_the_page_changes_by_itself_and_keeps_its_nodes(page: Browser, fleet: Fleet) -> None:
    page.run("window.kept = document.querySelector('.pool'); window.tile = document.querySelector('.tile')")
    before = int(tiles(page)["waiting on the queue"])
    fleet.send("jobs", "one more")
    eventually(lambda: int(tiles(page)["waiting on the queue"]) == before + 1, within=60)
    assert page.run("return window.kept.isConnected && window.tile.isConnected")


def test_a_pause_is_a_pause(page: Browser) -> None:
    page.click("#pause")
    assert page.text("#pause") == "Resume"
    assert page.text("#said").startswith("Paused, as of ")
    page.click("#pause")
    assert page.text("#pause") == "Pause"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(page: Browser, shots: Path, scheme: str) -> None:
    page.prefer(scheme)
    paper, ink = (page.brightness("body", name) for name in ("background-color", "color"))
    assert (paper > ink + 150) if scheme == "light" else (ink > paper + 150)
    page.screenshot(shots / f"page-{scheme}.png")


def test_a_narrow_window_scrolls_down_only(page: Browser, shots: Path) -> None:
    page.cdp("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=True)
    assert page.run("return document.documentElement.scrollWidth <= 360")
    page.screenshot(shots / "page-narrow.png")


def test_everything_is_in_reach_of_the_keyboard(page: Browser) -> None:
    page.press(TAB)
    assert page.text(":focus") == "Skip to destinations"
    page.press(TAB)
    assert page.run("return document.activeElement.id") == "pause"
    page.press(TAB)
    assert page.run("return document.activeElement.tagName") == "SUMMARY"
    assert page.style("summary:focus-visible", "outline-style") == "solid"
    was = page.run("return document.activeElement.parentElement.open")
    page.press(ENTER)
    assert page.run("return document.activeElement.parentElement.open") != was


def test_a_page_in_a_browser_can_do_nothing_else(page: Browser, url: str) -> None:
    policy = page.run("return fetch('/').then((answer) => answer.headers.get('content-security-policy'))")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_somebody_who_has_gone_is_said_to_have_gone(
    driver_url: str, fleet: Fleet, tmp_path: Path, shots: Path
) -> None:
    # The console rightly tells of requests that find nobody, so this window is not held to silence.
    window = Browser(driver_url)
    window.start()
    try:
        with dashboard(fleet, tmp_path / "logs") as (url, _):
            settle(window, url)
        eventually(lambda: window.text("#said").startswith("No answer for"), within=60)
        assert window.find("body.lost")
        # What was known is still there.
        assert tiles(window)["copies in progress"] == "3"
        window.screenshot(shots / "page-lost.png")
    finally:
        window.quit()


def test_a_worker_shows_the_same_page_and_itself(browser: Browser, fleet: Fleet, tmp_path: Path, shots: Path) -> None:
    port = free_port()
    # A queue of its own: the fleet's messages are for looking at.
    sqs = fleet.simulator.cloud.client("sqs", SOURCE)
    dead = f"arn:aws:sqs:{SOURCE}:{ACCOUNT}:jobs-dead"
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})
    queue = sqs.create_queue(QueueName="others", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    environment = fleet.environment | {"SNAPFERRY_QUEUE_URL": queue, "SNAPFERRY_LISTEN": f"127.0.0.1:{port}"}
    with running([BINARY, "work"], environment, tmp_path / "worker") as child:
        eventually(lambda: '"Working"' in child.stdout, within=60, what=child.tail)
        settle(browser, f"http://127.0.0.1:{port}/")
        assert " · 0 jobs waiting here · 0 copying" in browser.text("#worker")
        assert tiles(browser)["copies in progress"] == "3"
        browser.screenshot(shots / "page-worker.png")
        browser.open("about:blank")
        assert child.terminate(within=20) == 0, child.tail()
