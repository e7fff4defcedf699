"""Stacks of layers drawn at random, with the corners that break solvers among them."""

from __future__ import annotations

import numpy as np


def random_stack(seed):
    """Arguments of `layer_fluxes`: one to six layers with, each now and then, a corner value."""
    rng = np.random.default_rng(seed)

    def pick(n, low, high, corners):
        drawn = rng.uniform(low, high, n)
        return np.where(rng.random(n) < 0.3, rng.choice(corners, n), drawn)

    n = int(rng.integers(1, 7))
    share = rng.dirichlet(np.ones(n))
    return {
        "tau_gas": share * rng.choice([0.0, 0.1, 1.0]) * rng.random(n),
        "tau_rayleigh": rng.dirichlet(np.ones(n)) * rng.choice([0.0, 0.1, 0.5]),
        "tau_aerosol": share * pick(1, 0.0, 3.0, [0.001, 0.01, 5.0]),
        "ssa_aerosol": pick(n, 0.0, 1.0, [0.0, 1.0]),
        "asymmetry_aerosol": pick(n, 0.0, 0.9, [0.0, 0.7, 0.9]),
        "surface_albedo": float(pick(1, 0.0, 0.9, [0.0, 0.9])[0]),
        "cos_zenith": float(pick(1, 0.05, 1.0, [np.cos(np.radians(88.0)), 1.0])[0]),
    }
