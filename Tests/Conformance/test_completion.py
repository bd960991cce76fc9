# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The shells' own word on the completion scripts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from processes import BINARY, clean_environment


def script(shell: str) -> str:
    command = [BINARY, "--generate-completion-script", shell]
    ended = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30, check=True)
    return ended.stdout


@pytest.mark.parametrize(("shell", "flag"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_shells_can_read_their_scripts(shell: str, flag: str, tmp_path: Path) -> None:
    text = script(shell)
    assert "replay" in text
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    path = tmp_path / f"snapferry.{shell}"
    path.write_text(text)
    subprocess.run([shell, flag, path], capture_output=True, text=True, timeout=30, check=True)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("snapferry dl", {"dlq"}), ("snapferry dlq re", {"replay"}), ("snapferry dlq replay --rea", {"--reason"})],
)
def test_bash_completes_commands_and_flags(typed: str, expected: set[str], tmp_path: Path) -> None:
    path = tmp_path / "snapferry.bash"
    path.write_text(script("bash"))
    words = typed.split(" ")
    array = " ".join(f"'{word}'" for word in words)
    program = f"""
        source {path}
        COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; COMP_LINE='{typed}'; COMP_POINT={len(typed)}
        _snapferry snapferry '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = clean_environment()
    environment["PATH"] = f"{Path(BINARY).parent}:{environment['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert {word.strip() for word in ended.stdout.splitlines()} == expected
