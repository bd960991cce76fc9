# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Whole fleets measured side by side, over an embedded AWS of their own for each run."""
