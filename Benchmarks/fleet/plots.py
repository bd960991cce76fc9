# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Draws what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plot  # noqa: E402

# Readable on a light and on a dark page alike.
COLOURS = ["#2f7ed8", "#d9822b", "#3c9d5b", "#b0517e"]
plot.rcParams |= {
    "svg.hashsalt": "snapferry",
    # Letters as letters, which the reader's browser draws.
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}


def lines(
    path: Path, title: str, x_label: str, y_label: str, series: Sequence[tuple[str, Sequence[float], Sequence[float]]]
) -> None:
    """A curve for each series, sizes on a logarithmic scale."""
    figure, axes = plot.subplots(figsize=(6.4, 3.4))
    for (name, xs, ys), colour in zip(series, COLOURS, strict=False):
        axes.plot(xs, ys, marker="o", color=colour, label=name)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(axis="y", alpha=0.3)
    if len(series) > 1:
        axes.legend(frameon=False)
    save(figure, path)


def bars(path: Path, title: str, x_label: str, values: Sequence[tuple[str, float]]) -> None:
    """A bar for each name, the first on top."""
    figure, axes = plot.subplots(figsize=(6.4, 0.5 + 0.45 * len(values)))
    names = [name for name, _ in values][::-1]
    widths = [value for _, value in values][::-1]
    colours = [COLOURS[1] if name == "snapferry" else COLOURS[0] for name in names]
    drawn = axes.barh(names, widths, color=colours)
    axes.bar_label(drawn, fmt="%.2f", padding=3)
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel(x_label)
    save(figure, path)


def save(figure: plot.Figure, path: Path) -> None:
    figure.tight_layout()
    # Without a date, so that the same figures give the same file.
    figure.savefig(path, format="svg", metadata={"Date": None})
    plot.close(figure)
