"""The surface of a column: grey, by band, direct and diffuse, open water, snow and ice."""

from __future__ import annotations

import numpy as np
import pytest

import aeroforcing as af
from aeroforcing.albedo import surface_bands, visible_share
from aeroforcing.column import column_arrays
from aeroforcing.errors import InputError
from aeroforcing.gases import load_gas_table
from aeroforcing.properties import planck_band_nodes
from aeroforcing.surface import OCEAN_LAWS

TABLE = load_gas_table("g112")
LIMITS = 1e7 / TABLE.band_limits_wavenumber  # nm
BANDS = np.linspace(0.05, 0.6, 14)


def arrays(surface):
    column = af.Column(
        atmosphere=af.standard_atmosphere("tropical", levels=[20e3, 2e3, 0.0]),
        aerosol=af.Aerosol(aod=0.1, ssa=0.9, asymmetry=0.7, angstrom=1.4),
        surface_albedo=surface,
    )
    return column_arrays([column], table=TABLE, cell_id=[0])


def test_a_number_is_the_albedo_of_all_bands():
    found = arrays(0.3)
    assert (found.albedo_direct == 0.3).all()
    assert (found.albedo_diffuse == 0.3).all()
    assert found.open_water == [0.0]


def test_one_albedo_for_each_band():
    found = arrays(BANDS)
    assert np.array_equal(found.albedo_direct[0], BANDS)
    assert np.array_equal(found.albedo_diffuse[0], BANDS)


def test_direct_and_diffuse():
    found = arrays(af.SurfaceAlbedo(direct=BANDS, diffuse=0.2))
    assert np.array_equal(found.albedo_direct[0], BANDS)
    assert (found.albedo_diffuse == 0.2).all()


def test_open_water_beside_ice():
    found = arrays(af.Ocean(fraction=0.7, rest=af.SurfaceAlbedo(direct=0.6, diffuse=0.5)))
    assert found.open_water == [0.7]
    assert (found.albedo_direct == 0.6).all()
    assert (found.albedo_diffuse == 0.5).all()


@pytest.mark.parametrize("law", OCEAN_LAWS)
def test_laws_of_open_water_are_known_by_their_places(law):
    wind = 5.0 if law == "jin2011" else None
    found = surface_bands(af.Ocean(law=law, wind_speed=wind), n_bands=14)
    assert OCEAN_LAWS[found.law] == law
    assert found.wind_speed == (wind or 0.0)


@pytest.mark.parametrize(
    ("surface", "message"),
    [
        (lambda: np.full(13, 0.1), "13 values, but there are 14"),
        (lambda: np.full((2, 14), 0.1), "shape"),
        (lambda: [0.1, 1.2, *[0.1] * 12], r"1 of 14.*1\.2 in band 1"),
        (lambda: ["white"] * 14, "numbers"),
        (lambda: af.SurfaceAlbedo(direct=np.nan, diffuse=0.1), "direct has 1"),
        (lambda: af.SurfaceAlbedo(direct=0.1, diffuse=-0.1), "diffuse has 1"),
        (lambda: af.Ocean(law="cox"), "unknown"),
        (lambda: af.Ocean(law="jin2011"), "needs wind_speed"),
        (lambda: af.Ocean(wind_speed=5.0), "have none"),
        (lambda: af.Ocean(law="jin2011", wind_speed=80.0), "0 to 50"),
        (lambda: af.Ocean(fraction=1.1), "open_water_fraction"),
        (lambda: af.Ocean(rest=1.1), "rest has 1"),
    ],
)
def test_unusable_surfaces(surface, message):
    with pytest.raises(InputError, match=message):
        arrays(surface())


def test_two_bands_meet_at_700_nm():
    albedo = af.two_band_albedo(0.1, near_infrared=0.5)
    assert albedo[LIMITS.max(axis=1) < 700.0] == pytest.approx(np.full(4, 0.1))
    assert albedo[LIMITS.min(axis=1) > 700.0] == pytest.approx(np.full(9, 0.5))
    between = (LIMITS.min(axis=1) < 700.0) & (LIMITS.max(axis=1) > 700.0)
    assert between.sum() == 1
    assert 0.1 < albedo[between][0] < 0.5


def test_visible_share_by_brute_force():
    nodes = planck_band_nodes(TABLE.band_limits_wavenumber, per_band=3000)
    counted = (nodes.weight * (nodes.wavelength < 700.0)).sum(axis=1)
    assert visible_share() == pytest.approx(counted, abs=1e-3)


@pytest.mark.parametrize("change", [{"visible": 1.1}, {"near_infrared": -0.1}, {"visible": [0.1]}])
def test_two_band_albedo_out_of_range(change):
    given = {"visible": 0.1, "near_infrared": 0.3} | change
    with pytest.raises(InputError, match="two_band_albedo"):
        af.two_band_albedo(given["visible"], near_infrared=given["near_infrared"])


def test_snow_and_ice_by_band():
    assert af.snow_albedo(255.0) == pytest.approx(af.two_band_albedo(0.98, near_infrared=0.70))
    ice = af.ice_albedo(255.0, thickness=1.0, snow=0.5)
    assert ice == pytest.approx(af.two_band_albedo(0.88, near_infrared=0.53))


@pytest.mark.parametrize("change", [{"thickness": -1.0}, {"snow": 1.5}, {"snow": np.nan}])
def test_impossible_ice(change):
    with pytest.raises(InputError, match="ice_albedo"):
        af.ice_albedo(**change)


def test_a_law_that_the_solver_lacks_is_refused():
    with pytest.raises(InputError, match="'taylor1996' alone"):
        arrays(af.Ocean(law="briegleb1986"))
