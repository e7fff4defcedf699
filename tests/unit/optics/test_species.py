"""Optics of the species of MERRA-2 by band, size and humidity, and mixtures of them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.aerosol_mixture import aerosol_arrays, component_optics
from aeroforcing.columns.atmosphere import relative_humidity
from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.mixtures import mixture_by_paper as mix_by_the_paper
from aeroforcing.optics.mixtures import mixture_properties, spectral_exponents
from aeroforcing.optics.species import (
    COMPONENTS,
    SPECIES,
    composition,
    mass_extinction,
    mean_wavelength,
    species_at_550,
    species_bands,
)

QUICK = settings(max_examples=40)
NODES = planck_band_nodes(load_gas_table("g112").band_limits_wavenumber)
ATMOSPHERE = af.standard_atmosphere("tropical", levels=[20e3, 5e3, 3e3, 1e3, 0.0])
HYGROSCOPIC = ("sulfate", "sea_salt_fine", "sea_salt_coarse", "organic_carbon", "black_carbon")


@pytest.fixture(scope="module")
def tables():
    with xr.open_dataset(resources.path("aerosol_optics.nc")) as stored:
        return stored.astype(float).load()


def amounts(**species):
    return xr.Dataset({name: ((), species.get(name, 0.0)) for name in SPECIES})


# ---- tables -------------------------------------------------------------------------------------


def test_tables_are_those_of_rrtmgp(shared, tables):
    """Every component at every humidity, unchanged."""
    with xr.open_dataset(shared("builtin/rrtmgp-aerosols-merra-sw.nc")) as source:
        original = {f"dust_{i + 1}": source.aero_dust_tbl[:, i].values[:, None] for i in range(5)}
        original |= {f"sea_salt_{i + 1}": source.aero_salt_tbl[:, i].values for i in range(5)}
        original |= {
            "sulfate": source.aero_sulf_tbl.values,
            "black_carbon": source.aero_bcar_rh_tbl.values,
            "organic_carbon": source.aero_ocar_rh_tbl.values,
            "black_carbon_dry": source.aero_bcar_tbl.values[:, None],
            "organic_carbon_dry": source.aero_ocar_tbl.values[:, None],
        }
        assert tables.relative_humidity.values == pytest.approx(source.aero_rh.values, abs=1e-6)
    for name, values in original.items():
        for i, quantity in enumerate(("extinction", "ssa", "asymmetry")):
            stored = tables[quantity].sel(component=name).values.T
            assert np.array_equal(stored, np.broadcast_to(values[..., i], stored.shape))
    assert tuple(tables.component.values) == COMPONENTS


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("place", [0, 16, 30, 35])
def test_a_component_at_a_humidity_of_the_table_is_its_row(tables, component, place):
    row = tables.sel(component=component).isel(relative_humidity=place)
    humidity = float(row.relative_humidity)
    found = species_bands(component, relative_humidity=humidity)
    assert found.ssa == pytest.approx(row.ssa.values)
    assert found.asymmetry == pytest.approx(row.asymmetry.values)
    at_550 = mass_extinction(component, relative_humidity=humidity)
    assert found.extinction * at_550 == pytest.approx(row.extinction.values)


def test_between_humidities_what_adds_up_is_linear(tables):
    rows = tables.sel(component="sulfate")
    low, high = (rows.sel(relative_humidity=rh) for rh in (0.60, 0.65))
    found = species_bands("sulfate", relative_humidity=0.62)
    extinction, scattering, forward = (
        0.6 * of(low) + 0.4 * of(high)
        for of in (
            lambda row: row.extinction,
            lambda row: row.extinction * row.ssa,
            lambda row: row.extinction * row.ssa * row.asymmetry,
        )
    )
    at_550 = mass_extinction("sulfate", relative_humidity=0.62)
    assert found.extinction * at_550 == pytest.approx(extinction.values)
    assert found.ssa == pytest.approx((scattering / extinction).values)
    assert found.asymmetry == pytest.approx((forward / scattering).values)


def test_beyond_the_table_humidity_counts_as_its_last():
    saturated, last = (species_bands("sulfate", relative_humidity=rh) for rh in (1.0, 0.99))
    for one, other in zip(saturated, last, strict=True):
        assert np.array_equal(one, other)


def test_humidities_of_any_shape():
    humidity = np.array([[0.1, 0.5, 0.9], [0.0, 0.8, 0.99]])
    found = species_bands("sea_salt_fine", relative_humidity=humidity)
    assert found.ssa.shape == (2, 3, 14)
    one = species_bands("sea_salt_fine", relative_humidity=0.9)
    assert found.extinction[0, 2] == pytest.approx(one.extinction)


@pytest.mark.parametrize("species", SPECIES)
def test_extinction_is_one_at_550_nm(species):
    """By interpolation in log-log between the bands around it."""
    found = species_bands(species)
    order = np.argsort(mean_wavelength())
    x = np.log(mean_wavelength()[order])
    assert np.interp(np.log(550.0), x, np.log(found.extinction[order])) == pytest.approx(
        0.0, abs=1e-9
    )
    ssa, asymmetry = species_at_550(species)
    assert np.interp(np.log(550.0), x, found.asymmetry[order]) == pytest.approx(asymmetry)
    assert np.interp(np.log(550.0), x, found.ssa[order]) == pytest.approx(ssa, abs=2e-3)


def test_dust_is_its_sizes_by_volume(tables):
    masses = composition()["dust"]
    rows = tables.sel(component=list(masses)).isel(relative_humidity=0)
    share = xr.DataArray(list(masses.values()), dims="component") * rows.extinction
    expected = (share * rows.ssa).sum("component") / share.sum("component")
    assert species_bands("dust").ssa == pytest.approx(expected.values)


@pytest.mark.parametrize("species", HYGROSCOPIC)
def test_moist_particles_scatter_more_and_further_forward(species):
    dry, moist = (mass_extinction(species, relative_humidity=rh) for rh in (0.3, 0.95))
    assert moist > 1.2 * dry
    (dry_ssa, dry_g), (ssa, g) = (
        species_at_550(species, relative_humidity=rh) for rh in (0.3, 0.95)
    )
    assert ssa >= dry_ssa
    assert g > dry_g


@pytest.mark.parametrize("humidity", [-0.1, 1.01, 80.0])
def test_impossible_humidity(humidity):
    with pytest.raises(InputError, match="not percent"):
        species_bands("dust", relative_humidity=humidity)


def test_unknown_species():
    with pytest.raises(InputError, match=r"'ash' is unknown.*dust_1.*sulfate"):
        species_bands("ash")


# ---- mixtures -----------------------------------------------------------------------------------


def test_default_mixture_is_that_of_the_paper():
    species = amounts(dust=0.1, black_carbon=0.01, organic_carbon=0.05)
    xr.testing.assert_identical(af.mix_species(species), mix_by_the_paper(species))


@pytest.mark.parametrize("name", SPECIES)
@pytest.mark.parametrize("humidity", [0.2, 0.8, 0.97])
def test_one_species_alone_has_its_own_properties(name, humidity):
    mixed = af.mix_species(amounts(**{name: 0.3}), optics="merra2", relative_humidity=humidity)
    ssa, asymmetry = species_at_550(name, relative_humidity=humidity)
    assert float(mixed.aod) == pytest.approx(0.3)
    assert float(mixed.ssa) == pytest.approx(float(ssa))
    assert float(mixed.asymmetry) == pytest.approx(float(asymmetry))


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_mixture_is_external(seed):
    rng = np.random.default_rng(seed)
    species = amounts(**dict(zip(SPECIES, rng.random(6), strict=True)))
    mixed = af.mix_species(species, optics="merra2")
    tau = np.array([float(species[name]) for name in SPECIES])
    ssa, asymmetry = np.transpose([species_at_550(name) for name in SPECIES])
    assert float(mixed.aod) == pytest.approx(tau.sum())
    assert float(mixed.ssa) == pytest.approx((tau * ssa).sum() / tau.sum())
    weight = tau * ssa
    assert float(mixed.asymmetry) == pytest.approx((weight * asymmetry).sum() / weight.sum())


def test_humidity_may_be_a_field():
    humidity = xr.DataArray([0.3, 0.6, 0.9], dims="lat", coords={"lat": [-60.0, 0.0, 60.0]})
    species = amounts(sulfate=0.1).expand_dims(lat=humidity.lat)
    mixed = af.mix_species(species, optics="merra2", relative_humidity=humidity)
    assert mixed.asymmetry.dims == ("lat",)
    expected = [species_at_550("sulfate", relative_humidity=rh)[1] for rh in humidity.values]
    assert mixed.asymmetry.values == pytest.approx(np.array(expected))


@pytest.mark.parametrize(("name", "absorbs"), [("dust", True), ("sulfate", False)])
def test_exponents_of_one_species(name, absorbs):
    exponents = spectral_exponents(amounts(**{name: 0.2}), optics="merra2")
    paper = spectral_exponents(amounts(**{name: 0.2}))
    assert float(exponents.angstrom) == pytest.approx(float(paper.angstrom))
    if not absorbs:
        assert float(exponents.coalbedo_angstrom) == 0.0


def test_all_five_properties():
    found = mixture_properties(amounts(dust=0.1, sulfate=0.1), optics="merra2")
    assert set(found) == {"aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom"}


def test_unknown_optics():
    with pytest.raises(InputError, match="'opac' is unknown; use 'chung2012' or 'merra2'"):
        af.mix_species(amounts(dust=0.1), optics="opac")


# ---- species of a column ------------------------------------------------------------------------


def optics(*aerosols):
    mixed = aerosol_arrays(component_optics([aerosols], [ATMOSPHERE], NODES), shape=(14, 4))
    return mixed._replace(**{name: getattr(mixed, name)[0] for name in mixed._fields})


def test_species_of_a_column_by_optical_depth():
    found = optics(af.SpeciesAerosol(species="sulfate", aod=0.3, profile=[1, 2, 3, 4]))
    bands = species_bands("sulfate")
    for layer in range(4):
        assert found.extinction[:, layer] == pytest.approx(0.03 * (layer + 1) * bands.extinction)
        assert found.ssa[:, layer] == pytest.approx(bands.ssa)
        assert found.asymmetry[:, layer] == pytest.approx(bands.asymmetry)


def test_species_of_a_column_by_mass_and_humidity():
    mass, humidity = np.array([0.0, 1e-6, 2e-6, 5e-6]), np.array([0.1, 0.5, 0.8, 0.95])
    found = optics(af.SpeciesAerosol(species="sea_salt_2", mass=mass, relative_humidity=humidity))
    for layer in range(4):
        rh = float(humidity[layer])
        bands = species_bands("sea_salt_2", relative_humidity=rh)
        depth = mass[layer] * mass_extinction("sea_salt_2", relative_humidity=rh)
        assert found.extinction[:, layer] == pytest.approx(depth * bands.extinction)
        assert found.asymmetry[:, layer] == pytest.approx(bands.asymmetry)


def test_humidity_of_the_air():
    humidity = relative_humidity(ATMOSPHERE)
    assert humidity[3] == pytest.approx(0.75, abs=0.05)  # AFGL tropical, lowest kilometre
    assert ((humidity > 0.0) & (humidity < 1.0)).all()
    by_air = optics(af.SpeciesAerosol(species="sulfate", aod=0.2, relative_humidity="atmosphere"))
    given_it = optics(af.SpeciesAerosol(species="sulfate", aod=0.2, relative_humidity=humidity))
    for one, other in zip(by_air, given_it, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"species": "ash"}, "unknown"),
        ({"aod": None}, "either aod or mass"),
        ({"mass": [1.0] * 4}, "either aod or mass"),
        ({"aod": -1.0}, "aod=-1"),
        ({"aod": None, "mass": [-1.0] * 4}, "at\\s+least 0"),
        ({"aod": None, "mass": [1.0] * 4, "profile": [1] * 4}, "leave profile out"),
        ({"relative_humidity": 1.5}, "not percent"),
        ({"relative_humidity": "moist"}, "'atmosphere'"),
    ],
)
def test_unusable_species(change, message):
    with pytest.raises(InputError, match=message):
        af.SpeciesAerosol(**({"species": "dust", "aod": 0.1} | change))


@pytest.mark.parametrize(
    "change", [{"aod": None, "mass": [1.0, 2.0]}, {"relative_humidity": [0.5, 0.5]}]
)
def test_species_must_fit_the_layers(change):
    with pytest.raises(InputError, match=r"4\s+layers"):
        optics(af.SpeciesAerosol(**({"species": "dust", "aod": 0.1} | change)))
