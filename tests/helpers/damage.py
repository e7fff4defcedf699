"""What happens to files on full disks, bad lines and in careless hands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Damage = Callable[[bytes, np.random.Generator], bytes]


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(1, len(content))]


def other_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for place in rng.integers(0, len(changed), rng.integers(1, 30)):
        changed[place] = rng.integers(256)
    return bytes(changed)


def other_byte_at_the_start(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    changed[rng.integers(min(2000, len(changed)))] = rng.integers(256)
    return bytes(changed)


def nul_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    start, length = rng.integers(len(content)), rng.integers(1, 500)
    return content[:start] + bytes(length) + content[start + length :]


def lost_piece(content: bytes, rng: np.random.Generator) -> bytes:
    start = rng.integers(len(content))
    return content[:start] + content[start + rng.integers(1, 2000) :]


def repeated_piece(content: bytes, rng: np.random.Generator) -> bytes:
    start = rng.integers(len(content))
    return content[: start + rng.integers(1, 2000)] + content[start:]


def rubbish(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(40)] + rng.bytes(int(rng.integers(1, 5000)))


ANY_FILE = (
    cut,
    other_bytes,
    other_byte_at_the_start,
    nul_bytes,
    lost_piece,
    repeated_piece,
    rubbish,
)
