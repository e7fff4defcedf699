"""The experiment that the solver is measured by; the system tests compare its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from aeroforcing.analysis.validation.aerocom import MODELS, aerocom_experiment
from aeroforcing.core.errors import InputError

EXPERIMENT = aerocom_experiment(photons=2**12, seed=1)


def test_there_are_eight_cases_beside_their_benchmarks():
    assert EXPERIMENT["model"].values.tolist() == list(MODELS)
    cases = [EXPERIMENT[name].values.tolist() for name in ("case", "atmosphere")]
    assert len(set(zip(*cases, EXPERIMENT["solar_zenith_angle"].values, strict=True))) == 8
    exact = EXPERIMENT.sel(model="line-by-line").isel(case=6)
    assert (float(exact["ssa"]), str(exact["atmosphere"].item())) == (0.8, "tropical")
    assert float(exact["forcing_toa"]) == 10.3
    assert float(exact["forcing_surface"]) == -40.6


def test_both_models_close():
    total = EXPERIMENT["forcing_atmosphere"] + EXPERIMENT["forcing_surface"]
    np.testing.assert_allclose(EXPERIMENT["forcing_toa"], total, atol=1e-9)


def test_the_solver_is_near_and_its_errors_are_told():
    own, exact = (EXPERIMENT.sel(model=model) for model in MODELS)
    for level in ("toa", "surface"):
        error = own[f"forcing_{level}_stderr"]
        assert (error > 0.0).all()
        assert (exact[f"forcing_{level}_stderr"] == 0.0).all()
        distance = abs(own[f"forcing_{level}"] - exact[f"forcing_{level}"])
        limit = np.maximum(0.6, 0.035 * abs(exact[f"forcing_{level}"])) + 4.0 * error
        assert (distance < limit).all()


def test_a_wrong_setting_is_refused():
    with pytest.raises(InputError, match="photons"):
        aerocom_experiment(photons=0)
