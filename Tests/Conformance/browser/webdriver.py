# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Headless Chromium by the W3C WebDriver protocol: as much of it as tests of pages need."""

from __future__ import annotations

import base64
import json
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# What WebDriver calls keys that are no characters.
ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def chromedriver() -> str | None:
    return shutil.which("chromedriver")


class DriverError(Exception):
    pass


@dataclass
class Browser:
    """One window. `url` is chromedriver's; what the page logs and asks for is kept."""

    url: str
    session: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def start(self, width: int = 1400, height: int = 1000) -> None:
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--window-size={width},{height}",
        ]  # fmt: skip
        options = {"args": arguments, "binary": chromium(), "perfLoggingPrefs": {"enableNetwork": True}}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"

    def quit(self) -> None:
        if self.session:
            self._call("DELETE", self.session)
            self.session = ""

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise DriverError(f"{value['error']}: {value['message']}") from None

    def open(self, url: str) -> None:
        self._call("POST", f"{self.session}/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs a function body in the page and returns what it returns."""
        return self._call("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def cdp(self, command: str, **parameters: Any) -> Any:
        """A command of Chromium's own protocol."""
        return self._call("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def find(self, selector: str) -> list[dict[str, str]]:
        return self._call("POST", f"{self.session}/elements", {"using": "css selector", "value": selector})

    def click(self, selector: str) -> None:
        """Clicks the first element as a mouse would: what covers it makes it fail."""
        found = self.find(selector)
        if not found:
            raise DriverError(f"there is no {selector}")
        self._call("POST", f"{self.session}/element/{found[0][ELEMENT]}/click", {})

    def press(self, keys: str) -> None:
        """Presses keys one after the other, wherever the focus is."""
        actions = [step for key in keys for step in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        body = {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}
        self._call("POST", f"{self.session}/actions", body)

    def texts(self, selector: str) -> list[str]:
        """What a reader sees of the elements, each on one line; hidden ones are empty."""
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText.replace(/\\s+/g, ' ').trim())"
        return self.run(script, selector)

    def text(self, selector: str) -> str:
        found = self.texts(selector)
        assert found, f"there is no {selector}"
        return found[0]

    def style(self, selector: str, name: str) -> str:
        script = "return getComputedStyle(document.querySelector(arguments[0])).getPropertyValue(arguments[1])"
        return self.run(script, selector, name)

    def brightness(self, selector: str, name: str) -> float:
        """How bright a colour is, 0 to 255."""
        colour = self.style(selector, name)
        numbers = [float(number) for number in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        return sum(numbers) / 3

    def prefer(self, scheme: str, media: str = "") -> None:
        """Makes the reader one who prefers `light` or `dark`, and looks at a `screen` or at paper (`print`)."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._call("GET", f"{self.session}/screenshot")))

    def collect(self) -> None:
        """Takes in what the page has logged and asked for since the last time."""
        for kind in ("browser", "performance"):
            for entry in self._call("POST", f"{self.session}/se/log", {"type": kind}):
                if kind == "browser":
                    self.messages.append(entry)
                    continue
                message = json.loads(entry["message"])["message"]
                if message["method"] == "Network.requestWillBeSent":
                    self.requested.append(message["params"]["request"]["url"])

    @property
    def errors(self) -> list[str]:
        """What the console calls an error, a refusal of the content security policy among them."""
        return [entry["message"] for entry in self.messages if entry["level"] == "SEVERE"]
