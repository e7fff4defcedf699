"""The annotations of the package, as a type checker shows them to those who write scripts."""

from __future__ import annotations

import re

import pytest
from mypy import api

SCRIPT = """
import numpy as np

import aeroforcing as af

cloud = af.Cloud(base=1000.0, top=2000.0, optical_depth=10.0, fraction=0.4)
smoke = af.Aerosol(aod=0.2, ssa=np.full(61, 0.9), asymmetry=0.7, angstrom=1.2)
named = af.Column(atmosphere="tropical", aerosol=smoke, surface_albedo=0.1, clouds=cloud)
clean = af.Column(atmosphere=named.atmosphere, aerosol=None, surface_albedo=af.Ocean())
layers = af.CloudLayers(fraction=np.full(61, 0.1), liquid=np.ones(61))
af.Column(
    atmosphere=af.standard_atmosphere("us_standard"),
    aerosol=[smoke, af.SpeciesAerosol(species="sulfate", aod=0.1, relative_humidity=0.8)],
    surface_albedo=[0.1] * 14,
    clouds=layers,
    overlap="random",
)
print(named.atmosphere.altitude_levels[0])
month = af.column_forcing(named, latitude=10.0, months=7, photons=64)
fluxes = af.column_fluxes(clean, cos_zenith=0.6, photons=64, wavelengths=(0.4, 0.7))
print(float(month["forcing_toa"]), float(fluxes["toa_up"]))
for months in (7, [1, 7]):
    af.builtin_inputs("T21", months=months)
    forcing = af.grid_forcing(grid="T21", months=months)
print(af.global_mean(forcing), af.optics.aod_at(0.1, angstrom=1.0, wavelength=500.0))
af.write_netcdf(forcing, "forcing.nc")
af.Column(atmosphere=1.0, aerosol=None, surface_albedo=0.1)  # wrong
af.Column(atmosphere="tropical", aerosol=None, surface_albedo=0.1, clouds=1.0)  # wrong
af.column_forcing(named, latitude=10.0, month=7, photons=64)  # wrong
af.column_forcing(named, latitude=10.0, months="July", photons=64)  # wrong
af.Colum  # wrong
"""


@pytest.mark.slow
def test_a_user_script_passes_strictly_and_what_is_wrong_is_found(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    options = ["--strict", "--cache-dir", str(tmp_path / "cache"), "--config-file="]
    report, complaints, _ = api.run([*options, str(script)])
    wrong = {i for i, line in enumerate(SCRIPT.splitlines(), 1) if line.endswith("# wrong")}
    found = {int(line) for line in re.findall(r"script.py:(\d+): error", report)}
    assert found == wrong, report
    assert not complaints
