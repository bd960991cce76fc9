# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Pages in headless Chromium. Where that can't be had, every test here is skipped, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import ROOT, clean_environment, eventually, free_port, running
from webdriver import Browser, chromedriver, chromium

# Kept by CI, for people to look at.
SCREENSHOTS = ROOT / "artifacts" / "browser"


@pytest.fixture(scope="session")
def driver_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running chromedriver."""
    if not chromium() or not chromedriver():
        pytest.skip("no headless Chromium here: apt-get install chromium chromium-driver")
    port = free_port()
    logs = tmp_path_factory.mktemp("chromedriver") / "driver"
    with running([chromedriver(), f"--port={port}"], clean_environment(), logs) as child:
        eventually(lambda: "started successfully" in child.stdout, within=30, what=lambda: child.tail())
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def browser(driver_url: str) -> Iterator[Browser]:
    """A new window with nothing remembered; the page must not have logged an error by the end of the test."""
    window = Browser(driver_url)
    window.start()
    try:
        yield window
        window.collect()
        assert window.errors == []
    finally:
        window.quit()


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where screenshots go: `shots / "name.png"`."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS
