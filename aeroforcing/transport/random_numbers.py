"""Random numbers of the solver: a Sobol net with digital shifts, and a counter-based generator.

Every number is a pure function of (seed, stream, cell, replicate, sample, counter). Results
therefore do not depend on the number of threads, on the order of the cells, or on how they are
cut into blocks.

- The leading dimensions of each sample (hour, g-point, cloud state, first events) come from one
  Sobol net that all columns share. Each replicate of each column gets the net with its own
  digital shift (a bitwise exclusive or): still a net, uniformly distributed, and independent of
  the other replicates, so that the scatter of the replicates measures the error of their mean
  (Owen 1998, doi:10.1145/272991.273010).
- All further numbers are hashes of a key and a counter: the finaliser of SplitMix64 (Steele, Lea
  and Flood 2014, doi:10.1145/2660193.2660195). Two photons that share the key and count their
  events alike use the same numbers, however far apart they are.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from aeroforcing.core.compiled import compiled

# The dimensions of the net, the most influential first: low Sobol dimensions are the most even.
HOUR, G_POINT, STATE, AEROSOL_POSITION, POLAR_ANGLE, CHAIN_CHOICE, TAIL_CHOICE = range(7)
TAIL_ANGLE, AZIMUTH, CHAIN_ANGLE, DAY = range(7, 11)
NET_DIMENSIONS = 11

# The slots of one event of a photon; event n, slot k has the counter SLOTS n + k.
SLOTS = 8
CHOICE, ANGLE, ROULETTE, TURN, POSITION, POLAR, SPIN, PAIR = range(SLOTS)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)


@cache
def sobol_net(log2_samples: int) -> NDArray[np.uint32]:
    """First 2**log2_samples points of the Sobol net, (sample, dimension), as 32-bit fractions."""
    sampler = qmc.Sobol(NET_DIMENSIONS, scramble=False, bits=32)
    points = sampler.random_base2(log2_samples) * 2.0**32
    return points.astype(np.uint32)


@compiled
def mix(x):
    """SplitMix64 finaliser: a bijection of 64-bit integers that scatters every input bit."""
    x = (x ^ (x >> np.uint64(30))) * _MULTIPLIER_1
    x = (x ^ (x >> np.uint64(27))) * _MULTIPLIER_2
    return x ^ (x >> np.uint64(31))


@compiled
def child_key(key, number):
    """Key of the `number`-th child of `key`, apart from the numbers that `uniform` draws of it."""
    return mix(~key + _GOLDEN * (np.uint64(number) + np.uint64(1)))


@compiled
def uniform(key, counter):
    """Uniform number in the open interval (0, 1)."""
    bits = mix(key + _GOLDEN * (np.uint64(counter) + np.uint64(1)))
    return (np.float64(bits >> np.uint64(12)) + 0.5) * 2.0**-52


@compiled
def fill_shifts(key, shifts):
    """One 32-bit digital shift per dimension of the net, from the key of a replicate."""
    for dimension in range(shifts.size):
        shifts[dimension] = np.uint32(child_key(key, dimension) >> np.uint64(32))


@compiled
def shifted(coordinate, shift):
    """Coordinate of a net point after its digital shift, in the open interval (0, 1)."""
    return (np.float64(coordinate ^ shift) + 0.5) * 2.0**-32


class EventNumbers(NamedTuple):
    """The random numbers of the event that ends a leg; more of them come from the key."""

    key: np.uint64
    counter: int  # of the event's first slot
    choice: float  # between collision and reflection, and of the place
    angle: float


class LegNumbers(NamedTuple):
    """The random numbers of one leg of the common chain, and of the aerosol's first event on it."""

    event: EventNumbers  # at its end
    position: float  # of the aerosol's event
    polar: float  # angle of the scattering there
    azimuth: float
    tail: EventNumbers  # of the first event of the tails that start there


@compiled
def event_numbers(key, counter):
    """The numbers of an event that is not the photon's first."""
    return EventNumbers(key, counter, uniform(key, counter + CHOICE), uniform(key, counter + ANGLE))


@compiled
def first_event_numbers(key, net):
    """The numbers of the first event of a photon from the sun, from its net coordinates."""
    return EventNumbers(key, 0, net[TAIL_CHOICE], net[TAIL_ANGLE])


@compiled
def first_leg_numbers(key, net):
    """The numbers of the first leg of a chain, from the photon's net coordinates."""
    return LegNumbers(
        EventNumbers(key, 0, net[CHAIN_CHOICE], net[CHAIN_ANGLE]),
        net[AEROSOL_POSITION],
        net[POLAR_ANGLE],
        net[AZIMUTH],
        first_event_numbers(child_key(key, 0), net),
    )


@compiled
def leg_numbers(key, leg):
    """The numbers of one of the later legs, 1, 2, ... of a chain."""
    own, tail = SLOTS * leg, child_key(key, leg)
    return LegNumbers(
        event_numbers(key, own),
        uniform(key, own + POSITION),
        uniform(tail, POLAR),
        uniform(tail, SPIN),
        event_numbers(tail, 0),
    )
