# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Workers as real processes, killed at random over an embedded AWS at its worst, and what must hold all the same."""
