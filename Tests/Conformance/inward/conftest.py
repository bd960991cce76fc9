# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud import Cloud
from emulation import Fleet, moto


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """moto, which verifies signatures."""
    with moto(tmp_path_factory.mktemp("moto")) as cloud:
        yield cloud


@pytest.fixture
def fleet(aws: Cloud) -> Fleet:
    return Fleet(aws)
