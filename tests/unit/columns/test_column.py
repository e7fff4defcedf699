"""One column: its parts, what they refuse, and their layers' optical properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.columns.vertical_profiles import layer_shares
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import band_means, planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table

QUICK = settings(deadline=None, max_examples=40)
LEVELS = np.array([20e3, 10e3, 5e3, 3e3, 2e3, 1e3, 500.0])  # the ground is at 500 m
GOOD = {"aod": 0.2, "ssa": 0.9, "asymmetry": 0.7, "angstrom": 1.2}


def atmosphere(levels=LEVELS, temperature=250.0):
    n = len(levels) - 1
    return af.Atmosphere(
        pressure_levels=101325.0 * np.exp(-levels / 8000.0),
        temperature_layers=np.full(n, temperature),
        mole_fractions={"h2o": 1e-3, "o3": 1e-6},
        altitude_levels=levels,
    )


def column(*, clouds=(), albedo=0.1, **aerosol):
    return af.Column(
        atmosphere=atmosphere(),
        aerosol=af.Aerosol(**(GOOD | aerosol)),
        surface_albedo=albedo,
        clouds=clouds,
    )


def shares_of(profile):
    return layer_shares(profile, atmosphere=atmosphere())


def arrays(*columns):
    return column_arrays(columns, table=load_gas_table("g112"), cell_id=range(len(columns)))


# ---- profiles -----------------------------------------------------------------------------------


def test_uniform_profile_fills_the_layers_below_its_top():
    shares = shares_of(af.UniformProfile(top=2000.0))
    assert shares == pytest.approx([0.0, 0.0, 0.0, 0.25, 0.5, 0.25])


def test_exponential_profile_is_its_integral_over_the_layers():
    shares = shares_of(af.ExponentialProfile(scale_height=1500.0))
    height = LEVELS - LEVELS[-1]
    fine = np.linspace(0.0, height[0], 2000001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    mass, _ = np.histogram(middle, bins=height[::-1], weights=np.exp(-middle / 1500.0))
    assert shares == pytest.approx(mass[::-1] / mass.sum(), abs=1e-5)


@QUICK
@given(st.floats(50.0, 5e4), st.booleans())
def test_profiles_are_normalised(size, uniform):
    profile = af.UniformProfile(top=size) if uniform else af.ExponentialProfile(scale_height=size)
    shares = shares_of(profile)
    assert (shares >= 0.0).all()
    assert shares.sum() == pytest.approx(1.0)


def test_given_shares_are_normalised():
    shares = shares_of([0, 0, 0, 1, 2, 1])
    assert shares == pytest.approx([0, 0, 0, 0.25, 0.5, 0.25])


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ([1.0, 1.0], r"shape \(2,\).*6 layers.*top first"),
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        ([0.0] * 6, "not\\s+all zero"),
        ([1.0, -1.0, 0.0, 0.0, 0.0, 0.0], "not negative"),
        ([1.0, np.nan, 0.0, 0.0, 0.0, 0.0], "finite"),
    ],
)
def test_unusable_shares_are_errors(profile, message):
    with pytest.raises(InputError, match=message):
        shares_of(profile)


# ---- what the parts refuse ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bad", "allowed"),
    [
        ("aod", -0.1, "0 to 10"),
        ("aod", 10.1, "0 to 10"),
        ("ssa", 1.01, "0 to 1"),
        ("ssa", np.nan, "0 to 1"),
        ("asymmetry", 1.0, "between -1 and 1"),
        ("asymmetry", -1.0, "between -1 and 1"),
        ("angstrom", 4.5, "-1 to 4"),
        ("coalbedo_angstrom", -4.5, "-4 to 6"),
        ("coalbedo_angstrom", 6.5, "-4 to 6"),
        ("aod", "much", "0 to 10"),
        ("angstrom", None, "-1 to 4"),
        ("aod", np.inf, "0 to 10"),
    ],
)
def test_aerosol_out_of_range(name, bad, allowed):
    with pytest.raises(InputError, match=f"Aerosol: {name}=.*{allowed}"):
        af.Aerosol(**(GOOD | {name: bad}))


@pytest.mark.parametrize("edge", [{"aod": 0.0}, {"aod": 10.0}, {"ssa": 0.0}, {"ssa": 1.0},
                                  {"angstrom": -1.0}, {"coalbedo_angstrom": 6.0}])  # fmt: skip
def test_aerosol_at_the_ends_of_the_ranges(edge):
    af.Aerosol(**(GOOD | edge))


CLOUD = {"base": 1000.0, "top": 2000.0, "optical_depth": 5.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top": 1000.0}, "not above base"),
        ({"top": 900.0}, "not above base"),
        ({"base": np.nan}, "not above base"),
        ({"optical_depth": -1.0}, "cloud_optical_depth=-1"),
        ({"fraction": 1.1}, "cloud_fraction=1.1"),
        ({"asymmetry": 1.0}, "asymmetry=1.0"),
        ({"ssa": 1.2}, "ssa=1.2"),
    ],
)
def test_cloud_out_of_range(change, message):
    with pytest.raises(InputError, match=message):
        af.Cloud(**(CLOUD | change))


def test_single_scattering_albedo_of_a_cloud_is_checked_at_all_wavelengths():
    cloud = af.Cloud(**CLOUD, ssa=lambda wavelength: 1.0 + (wavelength > 3.0))
    with pytest.raises(InputError, match="Cloud: ssa="):
        arrays(column(clouds=[cloud]))


def test_clouds_that_cover_more_than_the_sky_are_an_error():
    with pytest.raises(InputError, match=r"fractions of the 2 clouds sum to 1\.2"):
        column(clouds=[af.Cloud(**CLOUD, fraction=0.6)] * 2)


@pytest.mark.parametrize("albedo", [-0.1, 1.1, np.nan])
def test_surface_albedo_out_of_range(albedo):
    with pytest.raises(InputError, match="Column: surface_albedo"):
        column(albedo=albedo)


@pytest.mark.parametrize("profile", [af.UniformProfile, af.ExponentialProfile])
@pytest.mark.parametrize("height", [0.0, -1.0, np.inf, np.nan])
def test_profile_heights_must_be_positive(profile, height):
    with pytest.raises(InputError, match=profile.__name__):
        profile(height)


def test_cloud_outside_of_the_atmosphere_is_an_error():
    cloud = af.Cloud(base=30e3, top=31e3, optical_depth=1.0)
    with pytest.raises(InputError, match="outside of the atmosphere"):
        arrays(column(clouds=[cloud]))


# ---- arrays for the solver ----------------------------------------------------------------------


def test_aerosol_is_that_of_the_bands_spread_over_the_layers():
    found = arrays(column(coalbedo_angstrom=0.5), column(aod=0.5, ssa=0.8))
    nodes = planck_band_nodes(load_gas_table("g112").band_limits_wavenumber)
    given = {"aod": [0.2, 0.5], "ssa": [0.9, 0.8], "asymmetry": [0.7, 0.7],
             "angstrom": [1.2, 1.2], "coalbedo_angstrom": [0.5, 0.0]}  # fmt: skip
    optics = band_means(**{n: np.array(v) for n, v in given.items()}, nodes=nodes)
    assert found.aerosol_extinction.shape == (2, 14, 6)
    assert found.aerosol_extinction.sum(axis=2) == pytest.approx(optics[0])
    shares = shares_of(af.ExponentialProfile())
    assert found.aerosol_extinction[0, 3] == pytest.approx(optics[0][0, 3] * shares)
    for values, expected in zip((found.aerosol_ssa, found.aerosol_asymmetry), optics[1:],
                                strict=True):  # fmt: skip
        assert values == pytest.approx(np.repeat(expected[:, :, None], 6, axis=2))


def test_cloud_is_spread_over_the_layers_that_it_touches():
    cloud = af.Cloud(base=1500.0, top=3000.0, optical_depth=6.0, fraction=0.4, asymmetry=0.8)
    found = arrays(column(clouds=[cloud]))
    assert found.cloud_fraction == pytest.approx(np.array([[0.4]]))
    assert found.cloud_depth[0, 0] == pytest.approx([0.0, 0.0, 0.0, 4.0, 2.0, 0.0])
    assert (found.cloud_extinction == 1.0).all()
    assert found.cloud_asymmetry[0, 0, :, 3:5] == pytest.approx(np.full((14, 2), 0.8))
    assert (found.cloud_ssa == 1.0).all()


def test_single_scattering_albedo_of_a_cloud_by_wavelength():
    """0.99 beyond 1 um, conservative below: each band has the mean with the sun's weight."""
    cloud = af.Cloud(**CLOUD, ssa=lambda wavelength: 0.99 if wavelength > 1.0 else 1.0)
    ssa = arrays(column(clouds=[cloud])).cloud_ssa[0, 0, :, 4]  # of the layer that it fills
    limits = 1e4 / load_gas_table("g112").band_limits_wavenumber  # um
    beyond, below = limits.min(axis=1) >= 1.0, limits.max(axis=1) <= 1.0
    assert beyond.sum() >= 5
    assert ssa[beyond] == pytest.approx(np.full(beyond.sum(), 0.99))
    assert ssa[below] == pytest.approx(np.ones(below.sum()))
    between = ~beyond & ~below
    assert ((ssa[between] > 0.99) & (ssa[between] < 1.0)).all()


def test_columns_with_different_numbers_of_clouds():
    found = arrays(column(), column(clouds=[af.Cloud(**CLOUD, fraction=0.3)] * 2))
    assert found.cloud_fraction == pytest.approx(np.array([[0.0, 0.0], [0.3, 0.3]]))
    assert not found.cloud_depth[0].any()


def test_surface_and_air_of_the_column():
    found = arrays(column(albedo=0.25))
    assert (found.albedo_direct == 0.25).all()
    assert (found.albedo_diffuse == 0.25).all()
    assert not found.open_water.any()
    assert found.pressure_levels[0] == pytest.approx(atmosphere().pressure_levels)
    assert found.mole_fractions.shape == (1, 8, 6)


# ---- what users write ---------------------------------------------------------------------------


def test_short_forms_are_what_they_stand_for():
    air = af.standard_atmosphere("tropical")
    cloud = af.Cloud(**CLOUD)
    given = {"surface_albedo": 0.1}
    short = af.Column(atmosphere="tropical", aerosol=None, clouds=cloud, **given)
    assert short == af.Column(atmosphere=air, aerosol=None, clouds=[cloud], **given)
    assert short.aerosols == ()
    one, other = (
        af.column_forcing(column(), latitude=0.0, months=months, photons=64) for months in (7, [7])
    )
    assert one.identical(other.isel(month=0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"atmosphere": "tropcal"}, "did you mean 'tropical'"),
        ({"atmosphere": 3}, "atmosphere=3 is a int; give an Atmosphere"),
        ({"aerosol": 0.3}, "aerosol holds a float"),
        ({"aerosol": ["dust"]}, "aerosol holds a str"),
        ({"clouds": 0.5}, "give a Cloud or a CloudLayers"),
        ({"clouds": [None]}, "clouds=None is a NoneType"),
        ({"clouds": [af.CloudLayers(fraction=[0.1], ice=[1.0])]}, "give them alone"),
    ],
)
def test_wrong_types_are_told(change, message):
    good = {"atmosphere": atmosphere(), "aerosol": af.Aerosol(**GOOD), "surface_albedo": 0.1}
    with pytest.raises(InputError, match=message):
        af.Column(**(good | change))


@pytest.mark.parametrize("photons", ["100", b"1", None, [64], np.array([64])])
def test_photons_that_are_no_number(photons):
    with pytest.raises(InputError, match=r"photons=.*whole number"):
        af.column_fluxes(column(), cos_zenith=0.5, photons=photons)


@pytest.mark.parametrize("months", [7.5, None, "jan", [0], True])
def test_months_that_are_none(months):
    with pytest.raises(InputError, match=r"months="):
        af.column_forcing(column(), latitude=0.0, months=months, photons=64)


@pytest.mark.parametrize("given", ["tropical", af.Aerosol(**GOOD), None])
def test_a_call_without_a_column(given):
    with pytest.raises(InputError, match="give a Column"):
        af.column_fluxes(given, cos_zenith=0.5, photons=64)
