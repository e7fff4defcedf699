"""The command that makes maps, as a process that signals and permissions reach."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys


def grid_command(*arguments: str, **settings) -> subprocess.Popen:
    """`aeroforcing grid` as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-B", "-m", "aeroforcing", "grid", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, **settings,
    )  # fmt: skip


_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h


def obey_permissions() -> None:
    """Let file permissions bind the next program also where it runs as root."""
    if os.geteuid() == 0:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
