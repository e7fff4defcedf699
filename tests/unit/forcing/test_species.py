"""The effect of one aerosol over another: columns with a background, species of a column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values

import aeroforcing as af
from aeroforcing.columns.aerosol_mixture import aerosol_arrays, component_optics, mix_layers
from aeroforcing.columns.aerosols import LayerOptics
from aeroforcing.columns.column import column_arrays
from aeroforcing.core.errors import InputError
from aeroforcing.forcing.over_background import change_over_background, with_background
from aeroforcing.forcing.species import ADD_ONE_IN, LEAVE_ONE_OUT
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.sun import sun_over_months
from aeroforcing.transport.estimates import forcing_replicates, means_and_errors

TABLE = load_gas_table("g112")
NODES = planck_band_nodes(TABLE.band_limits_wavenumber)
AIR = af.standard_atmosphere("tropical", levels=[60e3, 20e3, 10e3, 5e3, 3e3, 2e3, 1e3, 500.0, 0.0])
SMOKE = af.Aerosol(aod=0.3, ssa=0.85, asymmetry=0.6, angstrom=1.8)
DUST = af.Aerosol(
    aod=0.2, ssa=0.94, asymmetry=0.72, angstrom=0.2, profile=af.ElevatedLayer(base=2e3, top=4e3)
)
CLOUDS = (
    af.Cloud(base=500.0, top=2000.0, optical_depth=8.0, fraction=0.4),
    af.Cloud(base=5000.0, top=10000.0, optical_depth=2.0, fraction=0.3),
)
FORCINGS = ("forcing_toa", "forcing_atmosphere", "forcing_surface")


def column(*aerosols, clouds=CLOUDS):
    return af.Column(atmosphere=AIR, aerosol=aerosols, surface_albedo=0.12, clouds=clouds)


def arrays(*aerosols, clouds=CLOUDS):
    return column_arrays([column(*aerosols, clouds=clouds)], table=TABLE, cell_id=[1])


def optics(*aerosols):
    return aerosol_arrays(component_optics([aerosols], [AIR], NODES), shape=(14, 8))


NOTHING = mix_layers([], shape=optics(DUST).extinction.shape)


# ---- the background -----------------------------------------------------------------------------


@pytest.mark.parametrize(("cloudy", "states"), [(True, 3), (False, 1)])
def test_the_states_share_out_the_sky(cloudy, states):
    over = with_background(arrays(SMOKE), optics(DUST), cloudy=cloudy)
    assert over.cloud_fraction.shape == (1, states)
    assert over.cloud_fraction.sum() == pytest.approx(1.0, rel=1e-12)
    assert over.cloud_fraction[0, 0] == pytest.approx(0.3 if cloudy else 1.0)


def test_what_is_in_a_state_adds_up():
    own, dust = arrays(SMOKE), optics(DUST)
    over = with_background(own, dust, cloudy=True)
    depth = over.cloud_depth[:, :, None] * over.cloud_extinction
    scattering = depth * over.cloud_ssa
    forward = scattering * over.cloud_asymmetry
    assert depth[:, 0] == pytest.approx(dust.extinction, rel=1e-12)
    assert scattering[:, 0] == pytest.approx(dust.extinction * dust.ssa, rel=1e-12)
    for state in (0, 1):
        cloud = own.cloud_depth[:, state, None] * own.cloud_extinction[:, state]
        scattered = cloud * own.cloud_ssa[:, state] + dust.extinction * dust.ssa
        expected = cloud * own.cloud_ssa[:, state] * own.cloud_asymmetry[:, state]
        expected = expected + dust.extinction * dust.ssa * dust.asymmetry
        assert depth[:, state + 1] == pytest.approx(cloud + dust.extinction, rel=1e-12)
        assert scattering[:, state + 1] == pytest.approx(scattered, rel=1e-12)
        assert forward[:, state + 1] == pytest.approx(expected, rel=1e-12)


def over_background(aerosol, background, *, cloudy, seed=1):
    sun = sun_over_months(latitude=[20.0], month=[7], solar_constant=1361.0)
    change = change_over_background(
        TABLE, arrays(aerosol), sun, background=background, cloudy=cloudy,
        samples=np.array([128]), replicates=64, seed=seed,
    )  # fmt: skip
    return means_and_errors(forcing_replicates(change, ""))


@pytest.mark.parametrize(("cloudy", "sky"), [(True, ""), (False, "_cs")])
def test_the_change_is_the_difference_of_two_forcings(cloudy, sky):
    both, dust = (
        af.column_forcing(column(*members), latitude=20.0, months=[7], photons=2**15, seed=seed)
        for seed, members in ((2, (SMOKE, DUST)), (3, (DUST,)))
    )
    found = over_background(SMOKE, optics(DUST), cloudy=cloudy)
    t = []
    for name in FORCINGS:
        difference = both[f"{name}{sky}"] - dust[f"{name}{sky}"]
        errors = [x[f"{name}{sky}_stderr"] for x in (both, dust)] + [found[f"{name}_stderr"]]
        stderr = np.sqrt(sum(np.asarray(e) ** 2 for e in errors))
        t += [*t_values(found[name], stderr, difference)]
        assert found[f"{name}_stderr"][0] < 0.2
    assert_unbiased(t, names=FORCINGS)


def test_over_nothing_it_is_the_forcing():
    alone = af.column_forcing(column(SMOKE), latitude=20.0, months=[7], photons=2**14, seed=5)
    for cloudy, sky in ((True, ""), (False, "_cs")):
        found = over_background(SMOKE, NOTHING, cloudy=cloudy)
        for name in FORCINGS:
            stderr = np.hypot(found[f"{name}_stderr"], alone[f"{name}{sky}_stderr"])
            assert_unbiased(t_values(found[name], stderr, alone[f"{name}{sky}"]))


def test_no_aerosol_changes_nothing():
    none = replace(SMOKE, aod=0.0)
    found = over_background(none, optics(DUST), cloudy=True)
    assert all(found[name] == 0.0 for name in FORCINGS)


# ---- species of a column ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attributed():
    return af.species_forcing(
        column(SMOKE, DUST), names=["smoke", "dust"], latitude=20.0, months=[1, 7], photons=2**13
    )


def test_names_dimensions_and_words(attributed):
    assert attributed["species"].values.tolist() == ["smoke", "dust"]
    assert attributed["attribution"].values.tolist() == [LEAVE_ONE_OUT, ADD_ONE_IN]
    for name in FORCINGS:
        for sky in ("", "_cs"):
            species = attributed[f"species_{name}{sky}"]
            assert species.dims == ("attribution", "species", "month")
            assert species.attrs["long_name"].startswith("direct radiative effect of one aerosol")
            total = attributed[f"{name}{sky}"].attrs["long_name"]
            assert total.startswith("total aerosol direct radiative effect")
            gap = name.replace("forcing", "closure_gap")
            assert attributed[f"{gap}{sky}"].dims == ("attribution", "month")
            assert f"{gap}{sky}_stderr" in attributed


def test_the_gap_is_what_the_species_leave(attributed):
    for sky in ("", "_cs"):
        for name in FORCINGS:
            gap = attributed[name.replace("forcing", "closure_gap") + sky]
            rest = attributed[name + sky] - attributed[f"species_{name}{sky}"].sum("species")
            assert gap.values == pytest.approx(rest.transpose(*gap.dims).values, abs=1e-9)


def test_aerosols_shade_each_other(attributed):
    """Each dims the surface more alone than among the others: gaps of opposite sign."""
    gap, error = attributed["closure_gap_surface_cs"], attributed["closure_gap_surface_cs_stderr"]
    assert (gap.sel(attribution=ADD_ONE_IN) > 4 * error.sel(attribution=ADD_ONE_IN)).all()
    assert (gap.sel(attribution=LEAVE_ONE_OUT) < -4 * error.sel(attribution=LEAVE_ONE_OUT)).all()


def test_the_first_added_is_the_aerosol_alone(attributed):
    for i, member in enumerate((SMOKE, DUST)):
        alone = af.column_forcing(column(member), latitude=20.0, months=[1, 7], photons=2**13)
        for sky in ("", "_cs"):
            name = f"forcing_toa{sky}"
            own = attributed.isel(species=i).sel(attribution=ADD_ONE_IN)
            stderr = np.hypot(own[f"species_{name}_stderr"], alone[f"{name}_stderr"])
            assert_unbiased(t_values(own[f"species_{name}"], stderr, alone[name]))


def test_one_species_is_all_by_either_method():
    found = af.species_forcing(column(DUST), latitude=0.0, months=[4], photons=64)
    assert found["species"].values.tolist() == ["aerosol 1"]
    for name in FORCINGS:
        for method in (LEAVE_ONE_OUT, ADD_ONE_IN):
            own = found[f"species_{name}"].sel(attribution=method, species="aerosol 1")
            assert own.values == pytest.approx(found[name].values, rel=1e-12)
        gap = found[name.replace("forcing", "closure_gap")].values
        assert gap == pytest.approx(np.zeros_like(gap), abs=1e-9)


def test_the_order_of_the_species_does_not_matter():
    def found(*members):
        names = ["smoke" if m is SMOKE else "dust" for m in members]
        return af.species_forcing(
            column(*members), names=names, latitude=0.0, months=[4], photons=64
        )

    one, other = found(SMOKE, DUST), found(DUST, SMOKE)
    same = other.sel(species=one["species"].values)
    for name in FORCINGS:
        assert same[f"species_{name}"].values == pytest.approx(one[f"species_{name}"].values)


def test_species_carry_their_names():
    merra = [af.SpeciesAerosol(species=name, aod=0.1) for name in ("sulfate", "dust")]
    found = af.species_forcing(column(*merra, clouds=()), latitude=0.0, months=[4], photons=64)
    assert found["species"].values.tolist() == ["sulfate", "dust"]
    assert np.array_equal(found["forcing_toa"], found["forcing_toa_cs"])


def test_a_part_of_the_spectrum_is_a_part_of_the_effect():
    def found(**settings):
        return af.species_forcing(
            column(SMOKE, clouds=()), latitude=0.0, months=[4], photons=2**12, **settings
        )

    share = found(wavelengths=(0.2, 0.7))["forcing_surface"] / found()["forcing_surface"]
    assert 0.5 < float(share[0]) < 0.95


@pytest.mark.parametrize(
    ("members", "names", "message"),
    [
        ((), None, "no aerosol"),
        ((SMOKE, DUST), ["smoke"], "do not fit the 2 aerosols"),
        ((SMOKE, DUST), ["smoke", "smoke"], "each its own name"),
    ],
)
def test_columns_and_names_that_do_not_fit_are_refused(members, names, message):
    with pytest.raises(InputError, match=message):
        af.species_forcing(column(*members), names=names, latitude=0.0, photons=64)


def test_wrong_settings_are_refused():
    for change, message in (({"latitude": 91.0}, "latitude"), ({"photons": 0}, "photons=0")):
        with pytest.raises(InputError, match=message):
            af.species_forcing(column(DUST), **({"latitude": 0.0, "photons": 64} | change))


def test_layer_optics_are_kept():
    """A background that is written into the states leaves the given arrays alone."""
    dust = optics(DUST)
    before = LayerOptics(*(values.copy() for values in dust))
    with_background(arrays(SMOKE), dust, cloudy=True)
    for old, new in zip(before, dust, strict=True):
        assert np.array_equal(old, new)
