"""The integral of a column: its states and g-points, and its independence of the division."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.montecarlo_checks import assert_unbiased, t_values
from hypothesis import given, settings
from hypothesis import strategies as st

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.optics.gas_table import load_gas_table
from aeroforcing.optics.sun import insolation, sun_over_months
from aeroforcing.transport.column_optics import draw, fill_optics, fill_states, make_optics
from aeroforcing.transport.estimates import change_and_clean
from aeroforcing.transport.events import SCORES, SURFACE_DOWN, TOA_UP
from aeroforcing.transport.integrals import (
    CHANGE_CLEAR,
    CHANGE_CLOUDY,
    CLEAN_CLEAR,
    CLEAN_CLOUDY,
    INTEGRALS,
    Effort,
    solve,
)
from aeroforcing.transport.random_numbers import sobol_net

QUICK = settings(deadline=None, max_examples=40)
TABLE = load_gas_table("g112")
LOW = {"base": 1000.0, "top": 2000.0, "optical_depth": 10.0}
HIGH = {"base": 9000.0, "top": 11000.0, "optical_depth": 1.0, "asymmetry": 0.8}


def column(*, aod=0.2, albedo=0.1, clouds=()):
    return af.Column(
        atmosphere=af.standard_atmosphere("midlatitude_summer"),
        aerosol=af.Aerosol(aod=aod, ssa=0.9, asymmetry=0.7, angstrom=1.2),
        surface_albedo=albedo,
        clouds=clouds,
    )


COLUMNS = [
    column(),
    column(aod=0.0, albedo=0.5),
    column(aod=1.0, clouds=[af.Cloud(**LOW, fraction=0.4)]),
    column(clouds=[af.Cloud(**LOW, fraction=0.3), af.Cloud(**HIGH, fraction=0.5)]),
    column(aod=0.05, clouds=[af.Cloud(**HIGH)]),
]
LATITUDES = [10.0, 85.0, -40.0, 50.0, -85.0]
MONTHS = [1, 1, 7, 4, 7]  # the second and the last lie in polar night


def run(chosen, *, ranges=None, samples=8, replicates=8, seed=3, **effort):
    """Estimates of the chosen columns, (column, integral, replicate, score)."""
    columns = column_arrays([COLUMNS[i] for i in chosen], table=TABLE, cell_id=chosen)
    sun = sun_over_months(
        latitude=[LATITUDES[i] for i in chosen],
        month=[MONTHS[i] for i in chosen],
        solar_constant=1361.0,
    )
    full = np.full(len(chosen), samples)
    settings_ = {
        "net": sobol_net(int(samples).bit_length() - 1),
        "replicates": replicates,
        "cloudy": True,
        "seed": np.uint64(seed),
    }
    samples_of = {name: full for name in Effort._fields if name.endswith("_samples")}
    effort = Effort(**(settings_ | samples_of | effort))
    estimates = np.zeros((len(chosen), INTEGRALS, replicates, SCORES))
    for first, last in ranges or [(0, len(chosen))]:
        solve(TABLE, columns, sun, effort, first, last, None, estimates)
    return estimates


@pytest.fixture(scope="module")
def together():
    return run(range(5))


# ---- the same bits however the work is divided --------------------------------------------------


def test_a_second_run_gives_the_same_bits(together):
    assert np.array_equal(run(range(5)), together)


@pytest.mark.parametrize("ranges", [[(i, i + 1) for i in range(5)], [(2, 5), (0, 2)]])
def test_any_division_into_ranges_gives_the_same_bits(together, ranges):
    assert np.array_equal(run(range(5), ranges=ranges), together)


def test_any_order_of_the_cells_gives_the_same_bits(together):
    order = [3, 0, 4, 2, 1]
    assert np.array_equal(run(order), together[order])


def test_other_cells_do_not_matter(together):
    assert np.array_equal(run([2]), together[[2]])


def test_other_seeds_give_other_numbers(together):
    other = run(range(5), seed=4)
    assert not np.array_equal(other[0, CHANGE_CLEAR], together[0, CHANGE_CLEAR])


# ---- which integrals are made -------------------------------------------------------------------


def test_polar_night_is_zero(together):
    assert not together[1].any()
    assert not together[4].any()


def test_without_cloud_only_the_clear_integrals_are_made(together):
    assert together[0, CHANGE_CLEAR].any()
    assert together[0, CLEAN_CLEAR].any()
    assert not together[0, CHANGE_CLOUDY].any()
    assert not together[0, CLEAN_CLOUDY].any()


def test_what_gets_no_samples_is_left_out(together):
    without = run(range(5), clean_samples=np.zeros(5, dtype=int))
    assert not without[:, [CLEAN_CLEAR, CLEAN_CLOUDY]].any()
    assert np.array_equal(
        without[:, [CHANGE_CLEAR, CHANGE_CLOUDY]], together[:, [CHANGE_CLEAR, CHANGE_CLOUDY]]
    )
    clear = run(range(5), cloudy=False)
    assert not clear[:, [CHANGE_CLOUDY, CLEAN_CLOUDY]].any()
    assert np.array_equal(clear[:, CHANGE_CLEAR], together[:, CHANGE_CLEAR])


def test_without_aerosol_nothing_changes():
    dark = run([1])  # polar night
    assert not dark.any()
    sun = sun_over_months(latitude=[20.0], month=[1], solar_constant=1361.0)
    columns = column_arrays([column(aod=0.0)], table=TABLE, cell_id=[0])
    estimates = np.zeros((1, INTEGRALS, 8, SCORES))
    effort = Effort(
        net=sobol_net(3),
        replicates=8,
        cloudy=True,
        seed=np.uint64(1),
        **{name: np.array([8]) for name in Effort._fields if name.endswith("_samples")},
    )
    solve(TABLE, columns, sun, effort, 0, 1, None, estimates)
    assert not estimates[0, CHANGE_CLEAR].any()
    assert estimates[0, CLEAN_CLEAR, :, TOA_UP].min() > 0.0
    assert estimates[0, CLEAN_CLEAR, :, SURFACE_DOWN].max() < 1.5 * insolation(sun)[0]


def test_states_add_up():
    """Two clouds that share the sky with a clear part: the mean of the three overcast columns."""
    parts = {
        0.2: column(),
        0.3: column(clouds=[af.Cloud(**LOW)]),
        0.5: column(clouds=[af.Cloud(**HIGH)]),
    }
    shared = column(clouds=[af.Cloud(**LOW, fraction=0.3), af.Cloud(**HIGH, fraction=0.5)])
    found = af.column_fluxes(shared, cos_zenith=0.6, photons=2**14, seed=1)
    seeds = range(2, 5)
    single = [
        af.column_fluxes(c, cos_zenith=0.6, photons=2**14, seed=seed)
        for seed, c in zip(seeds, parts.values(), strict=True)
    ]
    t = []
    for name in ("forcing_toa", "forcing_surface", "toa_up_clean", "surface_down_clean"):
        mean = sum(w * float(r[name]) for w, r in zip(parts, single, strict=True))
        errors = [float(r[f"{name}_stderr"]) for r in single]
        variance = sum((w * e) ** 2 for w, e in zip(parts, errors, strict=True))
        stderr = np.hypot(float(found[f"{name}_stderr"]), np.sqrt(variance))
        t.append(t_values(float(found[name]), stderr, mean))
    assert_unbiased(t)
    assert float(found["forcing_toa_cs"]) != float(found["forcing_toa"])


def test_all_sky_of_a_division_is_that_of_the_whole(together):
    """Means over the states are linear: the replicates close exactly."""
    cover = np.array([sum(c.fraction for c in COLUMNS[i].clouds) for i in range(5)])
    change, _ = change_and_clean(together, cover)[""]
    expected = (1.0 - cover)[:, None, None] * together[:, CHANGE_CLEAR] + together[:, CHANGE_CLOUDY]
    assert np.array_equal(change, expected)


# ---- draws --------------------------------------------------------------------------------------


@QUICK
@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=12).filter(lambda w: sum(w) > 1e-3),
       st.floats(1e-9, 1.0 - 1e-9))  # fmt: skip
def test_draws_are_those_of_the_cumulative_sum(weights, u):
    weights = np.array(weights)
    index, probability = draw(np.cumsum(weights), u)
    shares = weights / weights.sum()
    below = shares[:index].sum()
    assert below - 1e-12 <= u <= below + shares[index] + 1e-12
    assert probability == pytest.approx(shares[index], abs=1e-12)
    assert probability > 0.0


def optics_of(number):
    columns = column_arrays([COLUMNS[number]], table=TABLE, cell_id=[0])
    optics = make_optics(61, TABLE.g_band.size, columns.cloud_fraction.shape[1], 14)
    share = fill_optics(TABLE, columns, 0, 0.6, optics)
    return columns, optics, share


def test_every_g_point_keeps_a_part_of_its_own_power():
    """Else a g-point without aerosol overhead would never be drawn, or at enormous weight."""
    _, optics, share = optics_of(0)
    change, clean = (np.diff(c, prepend=0.0) for c in (optics.cumulative_change,
                                                       optics.cumulative_clean))  # fmt: skip
    assert clean == pytest.approx(TABLE.solar_fraction)
    assert optics.cumulative_change[-1] == pytest.approx(1.0)
    assert (change >= 0.0799 * TABLE.solar_fraction).all()
    assert 0.0 < share < 0.4


def test_intercepted_share_of_a_thin_aerosol_is_in_proportion():
    shares = []
    for aod in (1e-3, 2e-3):
        columns = column_arrays([column(aod=aod)], table=TABLE, cell_id=[0])
        shares.append(fill_optics(TABLE, columns, 0, 0.6, make_optics(61, 112, 0, 14)))
    assert shares[1] == pytest.approx(2.0 * shares[0], rel=0.01)


def test_thin_cloud_is_drawn_more_often_than_its_share():
    columns, optics, _ = optics_of(3)
    cover = fill_states(columns, 0, 0.0, optics)
    assert cover == pytest.approx(0.8)
    lengthening = 1.0 + np.array([10.0, 1.0]) / 6.0
    wanted = np.array([0.3, 0.5]) / lengthening
    assert optics.cumulative_state == pytest.approx(np.cumsum(wanted) / wanted.sum())
    assert optics.state_factor == pytest.approx(np.sqrt(lengthening))
