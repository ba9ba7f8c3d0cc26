"""The hosts on which a test runs: all whose library is installed, or those that RUSTYDB_TEST_HOSTS names.

@pytest.mark.parametrize("host", HOSTS)          RUSTYDB_TEST_HOSTS=asyncio,trio pytest tests/drivers
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from rustydb_host import launch

INSTALLED = tuple(name for name, library in launch.HOSTS.items() if find_spec(library) is not None)


def _chosen() -> tuple[str, ...]:
    named = os.environ.get("RUSTYDB_TEST_HOSTS")
    if not named:
        return INSTALLED
    names = tuple(named.split(","))
    unknown = [name for name in names if name not in launch.HOSTS]
    assert not unknown, f"RUSTYDB_TEST_HOSTS: {unknown[0]} is none of {', '.join(launch.HOSTS)}"
    return names


HOSTS = _chosen()
