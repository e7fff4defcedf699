"""The surface of a column: grey, by band, direct and diffuse, open water, snow and ice."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values
from scipy.interpolate import CubicSpline

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.columns.surface import surface_bands, visible_share
from aeroforcing.core.constants import LONGEST_PERIOD
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.sun import draw_sun, fill_days, sun_over_months
from aeroforcing.optics.surface_albedo import OCEAN_LAWS, ocean_albedo_diffuse, ocean_albedo_direct

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
    albedo = af.columns.two_band_albedo(0.1, near_infrared=0.5)
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
        af.columns.two_band_albedo(given["visible"], near_infrared=given["near_infrared"])


def test_snow_and_ice_by_band():
    assert af.columns.snow_albedo(255.0) == pytest.approx(
        af.columns.two_band_albedo(0.98, near_infrared=0.70)
    )
    ice = af.columns.ice_albedo(255.0, thickness=1.0, snow=0.5)
    assert ice == pytest.approx(af.columns.two_band_albedo(0.88, near_infrared=0.53))


@pytest.mark.parametrize("change", [{"thickness": -1.0}, {"snow": 1.5}, {"snow": np.nan}])
def test_impossible_ice(change):
    with pytest.raises(InputError, match="ice_albedo"):
        af.columns.ice_albedo(**change)


# ---- laws of the ocean --------------------------------------------------------------------------


def column_over(surface):
    smoke = af.Aerosol(aod=0.3, ssa=0.9, asymmetry=0.7, angstrom=1.4)
    air = af.standard_atmosphere("tropical")
    return af.Column(atmosphere=air, aerosol=smoke, surface_albedo=surface)


CALLS = {
    "column_fluxes": (af.column_fluxes, "surface_up_clean_cs"),
    "column_profiles": (af.column_profiles, "flux_up_clean_cs"),
    "column_band_fluxes": (af.forcing.column_band_fluxes, "surface_up_clean_cs"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_rough_sea_reflects_less_of_a_low_sun(call):
    """As the direct albedo of Jin et al. (2011) does."""
    function, name = CALLS[call]
    seas = [af.Ocean(law="jin2011", wind_speed=wind) for wind in (2.0, 15.0)]
    settings = {"cos_zenith": 0.25, "photons": 2**12}
    calm, rough = (function(column_over(sea), **settings)[name] for sea in seas)
    if call == "column_profiles":
        calm, rough = calm.isel(level=-1), rough.isel(level=-1)
    assert calm.sum() > 1.15 * rough.sum()


@pytest.mark.parametrize(
    "ocean",
    [
        af.Ocean(),
        af.Ocean(law="briegleb1986"),
        af.Ocean(law="jin2011", wind_speed=12.0),
        af.Ocean(law="jin2011", wind_speed=2.0, fraction=0.6, rest=0.5),
    ],
)
def test_under_one_sun_a_law_is_a_pair_of_albedos(ocean):
    mu, law, wind = 0.4, OCEAN_LAWS.index(ocean.law), ocean.wind_speed or 0.0
    land = (1.0 - ocean.fraction) * ocean.rest
    pair = af.SurfaceAlbedo(
        direct=land + ocean.fraction * ocean_albedo_direct(law, wind, mu),
        diffuse=land + ocean.fraction * ocean_albedo_diffuse(law, wind),
    )
    ocean, given = (
        af.column_fluxes(column_over(surface), cos_zenith=mu, photons=2**10, key=1)
        for surface in (ocean, pair)
    )
    for name in ("surface_up", "toa_up", "forcing_toa"):
        assert ocean[name].item() == pytest.approx(given[name].item(), rel=1e-9)


def mean_over_month(by_cosine, *, latitude, month):
    """Mean over the days and hours of a month of what is known for suns of 1 W m-2."""
    sun = sun_over_months(latitude=latitude, month=[month], solar_constant=1361.0)
    days = np.zeros((LONGEST_PERIOD, 4))
    n_days = fill_days(sun, 0, days)
    midpoints = (np.arange(48) + 0.5) / 48
    suns = np.array(
        [draw_sun(days, n_days, (d + 0.5) / n_days, h) for d in range(n_days) for h in midpoints]
    )
    cosine, flux = suns[suns[:, 1] > 0.0].T
    return float((by_cosine(cosine) * flux / cosine).sum() / len(suns))


@pytest.mark.parametrize(
    "ocean", [af.Ocean(law="briegleb1986"), af.Ocean(law="jin2011", wind_speed=3.0)]
)
def test_a_month_over_the_ocean_is_the_mean_of_its_suns(ocean):
    """An albedo of a mean sun would be wrong by far: the laws are steep."""
    column, cosines = column_over(ocean), np.geomspace(0.02, 0.75, 16)
    found = af.column_forcing(column, latitude=45.0, months=[3], photons=2**15, seed=3)
    names = ("forcing_toa", "forcing_surface")
    t = []
    instants = [
        af.column_fluxes(column, cos_zenith=mu, photons=2**14, solar_constant=1.0, seed=i)
        for i, mu in enumerate(cosines)
    ]
    for name in names:
        values = [float(instant[name]) for instant in instants]
        spline = CubicSpline(cosines, values)
        expected = mean_over_month(spline, latitude=45.0, month=3)
        error = 0.003 * abs(expected)  # of the spline through values with errors
        stderr = float(found[f"{name}_stderr"][0])
        assert stderr < 0.01 * abs(expected)
        t.append(t_values(float(found[name][0]), stderr, expected, truth_error=error)[0])
    assert_unbiased(t, names=names)
