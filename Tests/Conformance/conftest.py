# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
from __future__ import annotations

import os

import pytest

from processes import clean_environment


@pytest.fixture(scope="session", autouse=True)
def isolated_environment() -> None:
    """boto3 in this process reads no profile, no role and no proxy of whoever runs the tests."""
    environment = clean_environment()
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
