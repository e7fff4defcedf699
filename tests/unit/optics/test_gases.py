"""Gas optics against a plain numpy version, exact fluxes, and what physics demands."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from aeroforcing.columns.atmosphere import STANDARD_ATMOSPHERES, standard_atmosphere
from aeroforcing.core import resources
from aeroforcing.core.constants import AVOGADRO, GRAVITY, MOLAR_MASS_DRY_AIR, MOLAR_MASS_WATER
from aeroforcing.core.errors import InputError
from aeroforcing.optics.gas_table import GASES, load_gas_table
from aeroforcing.optics.gases import gas_optics, layer_pressure

TSI = 1360.858  # W m-2, of the reference fluxes


def g224() -> Path:
    """The larger table, where the environment variable RRTMGP_SW_G224 says it is."""
    path = Path(os.environ.get("RRTMGP_SW_G224", ""))
    if not path.is_file():
        pytest.skip("RRTMGP_SW_G224 does not name the file rrtmgp-gas-sw-g224.nc")
    return path


def table_path(name: str) -> Path:
    return resources.path("rrtmgp_sw_g112.nc") if name == "g112" else g224()


def optics(table, levels, temperature, fractions, layers=None):
    """Optical depths (absorption, Rayleigh) of one column, (layer, g)."""
    tau = np.full((2, len(temperature), len(table.g_band)), np.nan)
    layers = layer_pressure(levels) if layers is None else layers
    gas_optics(table, levels, layers, temperature, np.ascontiguousarray(fractions), tau[0], tau[1])
    return tau


def atmosphere_optics(table, atmosphere):
    return optics(
        table,
        atmosphere.pressure_levels,
        atmosphere.temperature_layers,
        atmosphere.mole_fraction_array(),
    )


# ---- a plain version, straight from the file and the paper, one layer and band at a time ----


def names(file, variable):
    return [name.decode().strip() for name in file[variable].values.tolist()]


def bilinear(k, t, ft, eta):
    """k (temperature, eta, g) at temperature place t + ft, eta for both temperatures."""
    total = 0.0
    for warm, weight in ((0, 1 - ft), (1, ft)):
        position = eta[warm] * (k.shape[1] - 1)
        j = min(int(position), k.shape[1] - 2)
        f = position - j
        total = total + weight * ((1 - f) * k[t + warm, j] + f * k[t + warm, j + 1])
    return total


def plain_minors(file, region, band, k_eta, amounts, moist, pressure, temperature):
    gases = names(file, f"minor_gases_{region}")
    limits = file[f"minor_limits_gpt_{region}"].values
    first, last = file.bnd_limits_gpt.values[band]
    for i, gas in enumerate(gases):
        gas = gas.removesuffix("_self").removesuffix("_frgn")
        if gas not in amounts or limits[i, 0] != first:
            continue
        amount = amounts[gas]
        if file[f"minor_scales_with_density_{region}"].values[i]:
            amount *= 0.01 * pressure / temperature
        scaling = names(file, f"scaling_gas_{region}")[i]
        if scaling:
            share = amounts[scaling] / moist
            complement = file[f"scale_by_complement_{region}"].values[i]
            amount *= 1 - share if complement else share
        start = file[f"kminor_start_{region}"].values[i] - 1
        yield amount, file[f"kminor_{region}"].values[..., start : start + last - first + 1]


def plain_layer(file, thickness, pressure, temperature, fractions):
    """(absorption, Rayleigh) at all g-points of one layer."""
    x = dict(zip(GASES, fractions, strict=True))
    dry = 1e-4 * thickness * AVOGADRO / GRAVITY
    dry /= MOLAR_MASS_DRY_AIR + MOLAR_MASS_WATER * x["h2o"]
    amounts = {gas: dry * fraction for gas, fraction in x.items()}
    table_gases = names(file, "gas_names")
    of_table = [dry] + [amounts.get(gas, 0.0) for gas in table_gases]
    lower = np.log(pressure) > np.log(float(file.press_ref_trop))
    region, layer = ("lower", 0) if lower else ("upper", 1)
    position = (temperature - file.temp_ref.values[0]) / 15.0
    t = int(position)
    ft = position - t
    log_p = np.log(file.press_ref.values)
    position = (log_p[0] - np.log(pressure)) / (log_p[0] - log_p[1])
    p = int(position)
    fp = position - p
    p += layer
    absorption, rayleigh = [], []
    for band, (first, last) in enumerate(file.bnd_limits_gpt.values):
        pair = file.key_species.values[band, layer]
        pair = [2, 2] if not pair.any() else pair
        eta, combined = [], []
        for warm in (0, 1):
            reference = file.vmr_ref.values[t + warm, :, layer]
            second = reference[pair[0]] / reference[pair[1]] * of_table[pair[1]]
            combined.append(of_table[pair[0]] + second)
            eta.append(of_table[pair[0]] / combined[-1] if combined[-1] > 0 else 0.5)
        here = slice(first - 1, last)
        k = file.kmajor.values[..., here]
        k = np.stack([(1 - fp) * k[t + w, p] + fp * k[t + w, p + 1] for w in (0, 1)])
        k *= np.array(combined)[:, None, None]
        tau = bilinear(k, 0, ft, eta)
        moist = dry + amounts["h2o"]
        for amount, minor in plain_minors(
            file, region, band, eta, amounts, moist, pressure, temperature
        ):
            tau = tau + amount * bilinear(minor, t, ft, eta)
        absorption.append(np.maximum(tau, 0.0))
        rayleigh.append(moist * bilinear(file[f"rayl_{region}"].values[..., here], t, ft, eta))
    return np.concatenate(absorption), np.concatenate(rayleigh)


def plain_optics(path, levels, layers, temperature, fractions):
    with xr.open_dataset(path) as opened:
        file = opened.load()
    file = file.map(lambda v: v.astype(float) if v.dtype == "float32" else v)
    columns = zip(np.diff(levels), layers, temperature, fractions.T, strict=True)
    return np.stack([plain_layer(file, *layer) for layer in columns], axis=1)


@cache
def reference_column(path: Path, i: int):
    with xr.open_dataset(path) as columns:
        column = columns.isel(col=i).load()
    fractions = np.stack([column[gas].values for gas in GASES])
    return column.p_lev.values, column.p_lay.values, column.t_lay.values, fractions


@pytest.mark.parametrize("table", ["g112", "g224"])
@pytest.mark.parametrize("name", STANDARD_ATMOSPHERES)
def test_equal_to_a_plain_version(name, table):
    path = table_path(table)
    column = standard_atmosphere(name, levels=np.arange(80e3, -1, -4e3))
    fractions = column.mole_fraction_array()
    layers = layer_pressure(column.pressure_levels)
    args = column.pressure_levels, column.temperature_layers, fractions
    expected = plain_optics(path, args[0], layers, *args[1:])
    found = optics(load_gas_table(path), *args)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("i", range(6))
def test_equal_to_a_plain_version_on_the_reference_columns(shared, i):
    levels, layers, temperature, fractions = reference_column(
        shared("reference/afgl6_columns.nc"), i
    )
    expected = plain_optics(table_path("g112"), levels, layers, temperature, fractions)
    found = optics(load_gas_table(), levels, temperature, fractions, layers)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def test_layer_pressure_is_that_of_the_reference_columns(shared):
    levels, layers, _, _ = reference_column(shared("reference/afgl6_columns.nc"), 0)
    np.testing.assert_allclose(layer_pressure(levels), layers, rtol=1e-12)


@pytest.mark.parametrize(("table", "tolerance"), [("g112", 8e-3), ("g224", 1e-6)])
def test_direct_beam_at_the_surface(shared, table, tolerance):
    path = shared("reference/broadband_fluxes.csv")
    columns = shared("reference/afgl6_columns.nc")
    with xr.open_dataset(columns) as file:
        order = file.atmosphere.values.tolist()
    gas_table = load_gas_table(table_path(table))
    lines = [line.split(",") for line in path.read_text().splitlines() if line[0] != "#"]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    rows = [r for r in rows if r["case"] == "none" and r["solver"] == "nanodisort-32str"]
    assert len(rows) == 6
    for row in rows:
        levels, layers, temperature, fractions = reference_column(
            columns, order.index(row["atmosphere"])
        )
        mu = np.cos(np.radians(float(row["sza_deg"])))
        tau = optics(gas_table, levels, temperature, fractions, layers).sum(axis=(0, 1))
        direct = TSI * mu * (gas_table.solar_fraction * np.exp(-tau / mu)).sum()
        assert direct == pytest.approx(float(row["sfc_down_dir"]), rel=tolerance)


def test_direct_transmission_of_the_tropical_atmosphere():
    """Overhead sun; 0.72449 with 224 g-points, equal to the reference fluxes to 1e-7."""
    table = load_gas_table()
    tau = atmosphere_optics(table, standard_atmosphere("tropical")).sum(axis=(0, 1))
    transmission = (table.solar_fraction * np.exp(-tau)).sum()
    assert transmission == pytest.approx(0.72421, abs=2e-5)


def test_rayleigh_optical_depth_of_the_standard_atmosphere():
    """0.0973 at 550 nm (Bodhaine et al. 1999, doi:10.1175/1520-0426(1999)016<1854:ORODC>2.0.CO;2).

    The band of 441-625 nm, weighted by the sun, has the mean of wavelength^-4: 1.21 times it.
    """
    table = load_gas_table()
    rayleigh = atmosphere_optics(table, standard_atmosphere("us_standard"))[1].sum(axis=0)
    band = np.flatnonzero((table.band_limits_wavenumber == [16000.0, 22650.0]).all(axis=1))[0]
    weight = table.solar_fraction * (table.g_band == band)
    nodes = np.linspace(16000.0, 22650.0, 200)
    planck = nodes**3 / (np.exp(1.438777 * nodes / 5772.0) - 1.0)
    ratio = (planck * (nodes * 550e-7) ** 4.08).sum() / planck.sum()
    mean = (weight * rayleigh).sum() / weight.sum()
    assert mean == pytest.approx(0.0973 * ratio, rel=0.03)


def test_solar_fractions_and_bands_partition_the_spectrum():
    table = load_gas_table()
    assert table.solar_fraction.sum() == pytest.approx(1.0, abs=1e-12)
    assert (table.solar_fraction > 0).all()
    assert (np.diff(table.band_limits_g.ravel())[1::2] == 0).all()
    assert table.band_limits_g[0, 0] == 0 and table.band_limits_g[-1, 1] == len(table.g_band)
    for band, (first, last) in enumerate(table.band_limits_g):
        assert (table.g_band[first:last] == band).all()
    wavelength = 1e4 / table.band_limits_wavenumber  # um
    visible = ((wavelength > 0.38) & (wavelength < 0.79)).all(axis=1)
    share = sum(table.solar_fraction[table.g_band == b].sum() for b in np.flatnonzero(visible))
    assert 0.35 < share < 0.50  # of the sun's power


@pytest.fixture(scope="module")
def summer():
    column = standard_atmosphere("midlatitude_summer", levels=[60e3, 30e3, 12e3, 5e3, 2e3, 0.0])
    return column.pressure_levels, column.temperature_layers, column.mole_fraction_array()


def test_two_halves_of_a_layer_make_the_whole(summer):
    table = load_gas_table()
    levels, temperature, fractions = summer
    whole = optics(table, levels, temperature, fractions)
    halves = np.sort(np.concatenate([levels, 0.5 * (levels[1:] + levels[:-1])]))
    layers = np.repeat(layer_pressure(levels), 2)
    parts = optics(table, halves, np.repeat(temperature, 2), np.repeat(fractions, 2, 1), layers)
    np.testing.assert_allclose(parts[:, ::2] + parts[:, 1::2], whole, rtol=1e-12)


def test_more_carbon_dioxide_absorbs_more_and_scatters_the_same(summer):
    table = load_gas_table()
    levels, temperature, fractions = summer
    changed = fractions.copy()
    changed[GASES.index("co2")] *= 2.0
    before, after = (
        optics(table, levels, temperature, x).sum(axis=1) for x in (fractions, changed)
    )
    through = [(table.solar_fraction * np.exp(-tau[0])).sum() for tau in (before, after)]
    scattering = [(table.solar_fraction * tau[1]).sum() for tau in (before, after)]
    assert 1e-4 < through[0] - through[1] < 5e-3
    assert scattering[1] == pytest.approx(scattering[0], rel=1e-4)


def test_carbon_monoxide_has_no_shortwave_lines_in_the_tables(summer):
    table = load_gas_table()
    levels, temperature, fractions = summer
    without = fractions.copy()
    without[GASES.index("co")] = 0.0
    np.testing.assert_array_equal(
        optics(table, levels, temperature, without), optics(table, levels, temperature, fractions)
    )


@settings(max_examples=40, deadline=None)
@given(
    log_pressure=st.floats(np.log(1.006), np.log(109000.0)),
    temperature=st.floats(160.0, 355.0),
    h2o=st.floats(0.0, 0.06),
    o3=st.floats(0.0, 2e-5),
    others=st.floats(0.0, 1e-3),
)
def test_optical_depths_are_finite_and_not_negative(log_pressure, temperature, h2o, o3, others):
    pressure = np.exp(log_pressure)
    fractions = np.full((len(GASES), 1), others)
    fractions[[0, 2], 0] = h2o, o3
    levels = pressure * np.array([0.95, 1.05])
    layers = np.array([pressure])
    absorption, rayleigh = optics(
        load_gas_table(), levels, np.array([temperature]), fractions, layers
    )
    assert np.isfinite(absorption).all() and (absorption >= 0).all()
    assert np.isfinite(rayleigh).all() and (rayleigh > 0).all()


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.0, 1.0), place=st.integers(0, 12))
def test_continuous_where_the_grid_of_temperature_has_its_nodes(share, place):
    """Either side of a node gives the same, for any water vapour."""
    table = load_gas_table()
    node = table.temperature_ref[place]
    fractions = np.full((len(GASES), 1), 1e-4)
    fractions[0] = 0.03 * share
    levels = np.array([7e4, 7.2e4])
    below, above = (
        optics(table, levels, np.array([node + d]), fractions)[0] for d in (-1e-10, 1e-10)
    )
    np.testing.assert_allclose(below, above, rtol=1e-6, atol=1e-12)


def test_g112_is_read_once():
    assert load_gas_table() is load_gas_table("g112")


def test_an_original_file_is_read_like_the_one_that_ships(tmp_path):
    """In float64 and with other variables beside those that are used, as in rrtmgp-data."""
    with xr.open_dataset(resources.path("rrtmgp_sw_g112.nc")) as file:
        original = file.load().assign(tsi_default=1360.8, gas_minor=file.gas_names)
    original["kmajor"] = original.kmajor.astype("float64")
    path = tmp_path / "original.nc"
    original.drop_encoding().to_netcdf(path)
    for ours, theirs in zip(load_gas_table(), load_gas_table(str(path)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_missing_table_is_an_error_that_names_it():
    with pytest.raises(InputError, match=r"g113.*neither 'g112' nor an existing file"):
        load_gas_table("g113")


def test_a_file_that_is_not_netcdf(tmp_path):
    path = tmp_path / "table.nc"
    path.write_text("not netCDF")
    with pytest.raises(InputError, match=r"table.nc: not a netCDF file"):
        load_gas_table(path)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_table_is_refused(tmp_path, seed):
    """Zeros where the library finds them out, by an error of its own kind."""
    content = bytearray(resources.path("rrtmgp_sw_g112.nc").read_bytes())
    place = np.random.default_rng(seed).integers(30_000, len(content) - 20_000)
    content[place : place + 20_000] = bytes(20_000)
    path = tmp_path / "table.nc"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"table\.nc.*(damaged|is not)"):
        load_gas_table(path)


def test_a_table_whose_parts_do_not_fit_is_refused(tmp_path):
    path = tmp_path / "table.nc"
    with xr.open_dataset(resources.path("rrtmgp_sw_g112.nc")) as file:
        table = file.load().drop_encoding()
    table.isel({table.key_species.dims[-1]: [0]}).to_netcdf(path)
    with pytest.raises(InputError, match="do not fit together"):
        load_gas_table(path)


def test_a_file_that_is_another_table(tmp_path):
    path = tmp_path / "longwave.nc"
    with xr.open_dataset(resources.path("rrtmgp_sw_g112.nc")) as file:
        file.load().drop_vars(["solar_source_quiet", "rayl_lower"]).drop_encoding().to_netcdf(path)
    with pytest.raises(InputError, match=r"lacks rayl_lower, solar_source_quiet"):
        load_gas_table(path)
