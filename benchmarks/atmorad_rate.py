"""How fast atmorad, an analog Monte Carlo in numpy, follows the photons of a column.

It knows one wavelength and one sun at a time and no spectrum, so that it cannot make a forcing by
itself. Its photons are as many as those of `benchmarks.analog` for the same error; their cost is
measured at the g-point that halves the sun's energy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aeroforcing.transport.column_optics import media_by_level
from benchmarks.cases import Case, column_optics, cpu_seconds
from benchmarks.deterministic import layer_optics

_COS_ZENITH = 0.5


def microseconds_per_photon(case: Case, *, photons: int) -> float:
    """Processor time of one photon in the first column, with its aerosol [us]."""
    from atmorad.config.schemas import SimConfig
    from atmorad.environment import Scene
    from atmorad.runner import execute_simulation

    config = SimConfig(**_settings(case, photons))
    scene = Scene.from_config(config)
    duration, _ = cpu_seconds(lambda: execute_simulation(config, scene, quiet=True))
    return 1e6 * duration / photons


def _settings(case: Case, photons: int) -> dict[str, Any]:
    """The first column at one g-point: layers of 1 km, from the ground up."""
    optics = column_optics(case, 0)
    half = int(np.searchsorted(np.cumsum(case.table.solar_fraction), 0.5))
    layers = layer_optics(media_by_level(optics)[half : half + 1], with_aerosol=True)
    materials: dict[str, Any] = {}
    stack = []
    for i in range(layers.absorption.shape[1] - 1, -1, -1):
        air, haze = layers.rayleigh[0, i], layers.aerosol[0, i]
        extinction = float(air + layers.absorption[0, i])
        materials[f"air_{i}"] = _material(extinction, float(air) / extinction, {"type": "rayleigh"})
        parts = {f"air_{i}": 1.0}
        if haze > 0.0:
            phase = {"type": "hg", "g": float(layers.g_aerosol[0, i])}
            materials[f"haze_{i}"] = _material(float(haze), 1.0, phase)
            parts[f"haze_{i}"] = 1.0
        stack.append({"thickness_km": 1.0, "components": parts})
    albedo = float(optics.albedo_diffuse[case.table.g_band[half]])
    return {
        "engine": {"random_seed": 1, "num_photons": photons, "num_threads": 1},
        "source": {"zenith_angle_deg": float(np.degrees(np.arccos(_COS_ZENITH)))},
        "detectors": {"energy_budget": {}},
        "atmosphere_materials": materials,
        "surface_materials": {"ground": {"albedo": albedo, "brdf": {"type": "lambertian"}}},
        "layers": stack,
        "surface": {"type": "uniform", "material": "ground"},
    }


def _material(extinction: float, ssa: float, phase: dict[str, Any]) -> dict[str, Any]:
    return {"extinction_coeff_per_km": extinction, "ssa": ssa, "phase_function": phase}
