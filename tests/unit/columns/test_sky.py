"""Clouds of a column and the exclusive states that they make."""

from __future__ import annotations

import numpy as np
import pytest

import aeroforcing as af
from aeroforcing.columns.column import column_arrays
from aeroforcing.columns.sky import MOST_STATES, cloud_states
from aeroforcing.core.errors import InputError
from aeroforcing.optics.band_means import planck_band_nodes
from aeroforcing.optics.clouds import cloud_band_optics, delta_scaled, reference_band
from aeroforcing.optics.gas_table import load_gas_table

NODES = planck_band_nodes(load_gas_table("g112").band_limits_wavenumber)
LEVELS = np.array([20e3, 10e3, 6e3, 4e3, 2e3, 1e3, 0.0])
LOW = {"base": 1000.0, "top": 2000.0, "optical_depth": 10.0, "fraction": 0.4}
MIDDLE = {"base": 4000.0, "top": 6000.0, "optical_depth": 4.0, "fraction": 0.3}
HIGH = {"base": 6000.0, "top": 10000.0, "optical_depth": 1.0, "fraction": 0.5}


def states(clouds, **options):
    return cloud_states(clouds, altitude_levels=LEVELS, nodes=NODES, **options)


def column(clouds, **options):
    return af.Column(
        atmosphere=af.standard_atmosphere("tropical", levels=LEVELS),
        aerosol=af.Aerosol(aod=0.1, ssa=0.9, asymmetry=0.7, angstrom=1.4),
        surface_albedo=0.1,
        clouds=clouds,
        **options,
    )


@pytest.mark.parametrize(("phase", "radius"), [("liquid", 8.0), ("ice", 40.0)])
def test_optics_of_a_phase_are_those_of_its_particles(phase, radius):
    found = states([af.Cloud(**LOW, phase=phase, effective_radius=radius)])
    expected = cloud_band_optics(phase, effective_radius=radius)
    for values, wanted in zip(found[2:5], expected, strict=True):
        assert values[0, :, 4] == pytest.approx(wanted)
    assert found.extinction[0, reference_band(), 4] == 1.0
    assert found.depth[0] == pytest.approx([0, 0, 0, 0, 10.0, 0])


def test_larger_droplets_absorb_more_in_the_near_infrared():
    small, large = (
        states([af.Cloud(**LOW, phase="liquid", effective_radius=r)]).ssa[0, 4:8, 4]
        for r in (5.0, 20.0)
    )
    assert (large < small).all()


def test_default_radius_is_that_of_the_cloud_types():
    named = states([af.Cloud(**HIGH, phase="ice", effective_radius=30.0)])
    for found, expected in zip(states([af.Cloud(**HIGH, phase="ice")]), named, strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phase": "water"}, "'water' is unknown"),
        ({"phase": "ice", "effective_radius": 200.0}, "out of range"),
        ({"phase": "liquid", "ssa": 0.99}, "leave them out"),
        ({"phase": "liquid", "asymmetry": 0.8}, "leave them out"),
        ({"effective_radius": 10.0}, "needs a phase"),
    ],
)
def test_unusable_phases(change, message):
    with pytest.raises(InputError, match=message):
        af.Cloud(**(LOW | change))


def test_overlapping_slabs_make_every_combination():
    found = states([af.Cloud(**LOW), af.Cloud(**HIGH)], overlap="random")
    by_depth = {round(d.sum(), 6): f for d, f in zip(found.depth, found.fraction, strict=True)}
    assert by_depth == pytest.approx({1.0: 0.5 * 0.6, 10.0: 0.4 * 0.5, 11.0: 0.2})


def test_touching_slabs_overlap_by_the_maximum():
    found = states([af.Cloud(**MIDDLE), af.Cloud(**HIGH)], overlap="maximum_random")
    by_depth = {round(d.sum(), 6): f for d, f in zip(found.depth, found.fraction, strict=True)}
    assert by_depth == pytest.approx({1.0: 0.2, 5.0: 0.3})


@pytest.mark.parametrize("overlap", ["random", "maximum_random", "exponential"])
def test_the_order_in_which_clouds_are_given_does_not_matter(overlap):
    clouds = [af.Cloud(**LOW), af.Cloud(**MIDDLE, phase="liquid"), af.Cloud(**HIGH, phase="ice")]
    one, other = states(clouds, overlap=overlap), states(clouds[::-1], overlap=overlap)
    for found, expected in zip(one, other, strict=True):
        assert np.array_equal(found, expected)


def test_slabs_in_one_layer_of_the_atmosphere_are_mixed():
    lower = af.Cloud(base=6000.0, top=8000.0, optical_depth=2.0, ssa=0.9, asymmetry=0.8)
    upper = af.Cloud(base=8000.0, top=9000.0, optical_depth=1.0, ssa=0.6, asymmetry=0.5)
    found = states([lower, upper], overlap="maximum_random")
    assert found.fraction == pytest.approx([1.0])
    assert found.depth[0] == pytest.approx([0, 3.0, 0, 0, 0, 0])
    assert found.ssa[0, :, 1] == pytest.approx(np.full(14, (1.8 + 0.6) / 3.0))
    assert found.asymmetry[0, :, 1] == pytest.approx(np.full(14, (1.44 + 0.3) / 2.4))


# ---- layers -------------------------------------------------------------------------------------

LAYERS = {"fraction": [0, 0.5, 0.3, 0, 0.4, 0], "liquid": [0, 0, 2.0, 0, 10.0, 0],
          "ice": [0, 1.0, 2.0, 0, 0, 0]}  # fmt: skip


def test_cloud_layers_are_slabs_that_fill_them():
    layered = states(af.CloudLayers(**LAYERS), overlap="maximum_random")
    slabs = states(
        [
            af.Cloud(**LOW, phase="liquid"),
            af.Cloud(**(MIDDLE | {"optical_depth": 0.0})),
            af.Cloud(**HIGH, phase="ice"),
        ],
        overlap="maximum_random",
    )
    assert layered.fraction == pytest.approx(slabs.fraction)
    outside = [0, 1, 3, 4, 5]
    assert layered.depth[:, outside] == pytest.approx(slabs.depth[:, outside])


def test_liquid_and_ice_in_one_layer_are_mixed():
    found = states(af.CloudLayers(**LAYERS), overlap="random")
    overcast = np.flatnonzero(found.depth[:, 2])[0]
    parts = [cloud_band_optics("liquid", effective_radius=10.5),
             cloud_band_optics("ice", effective_radius=30.0)]  # fmt: skip
    extinction = sum(2.0 * p.extinction for p in parts)
    scattering = sum(2.0 * p.extinction * p.ssa for p in parts)
    forward = sum(2.0 * p.extinction * p.ssa * p.asymmetry for p in parts)
    assert found.depth[overcast, 2] == pytest.approx(4.0)
    assert found.extinction[overcast, :, 2] == pytest.approx(extinction / 4.0)
    assert found.ssa[overcast, :, 2] == pytest.approx(scattering / extinction)
    assert found.asymmetry[overcast, :, 2] == pytest.approx(forward / scattering)


def test_radii_by_layer_are_those_of_each_layer():
    """Each layer as it is in a column where all have its radius."""
    layers = {"fraction": [0, 1, 1, 0, 0, 0], "liquid": [0, 2.0, 3.0, 0, 0, 0]}
    found = states(
        af.CloudLayers(**layers, liquid_radius=[np.nan, 5, 20, 0, 0, 0]), overlap="random"
    )
    for layer, radius in ((1, 5.0), (2, 20.0)):
        alone = states(af.CloudLayers(**layers, liquid_radius=radius), overlap="random")
        for values, expected in zip(found[2:5], alone[2:5], strict=True):
            assert np.array_equal(values[..., layer], expected[..., layer])


def test_overlap_parameters_are_multiplied_across_layers_without_cloud():
    layers = {"fraction": [0.4, 0, 0.3, 0.2, 0, 0], "liquid": [1.0] * 6}
    alpha = np.array([0.8, 0.5, 0.3, 0.0, 1.0])
    found = states(af.CloudLayers(**layers, overlap_parameter=alpha), overlap="exponential")
    cloudy = found.depth > 0.0
    for pair, expected in (((0, 2), 0.4), ((2, 3), 0.3)):
        upper, lower = (layers["fraction"][i] for i in pair)
        both = found.fraction[cloudy[:, pair[0]] & cloudy[:, pair[1]]].sum()
        assert both == pytest.approx(expected * lower + (1.0 - expected) * upper * lower)
    with pytest.raises(InputError, match="'exponential'"):
        column(af.CloudLayers(**layers, overlap_parameter=alpha), overlap="random")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"liquid": None, "ice": None}, "liquid, of ice, or of both"),
        ({"fraction": [0, 1.5, 0, 0, 0, 0]}, r"fraction has 1 of 6 layers.*1\.5.*0 to 1"),
        ({"ice": [0, 1.0]}, "shape"),
        ({"liquid": [0, np.nan, 0, 0, 0, 0]}, "liquid has 1"),
        ({"liquid_radius": 100.0}, "out of range"),
        ({"liquid_radius": [10.0] * 5}, "liquid_radius has the shape"),
        ({"ice_radius": [30.0] * 2 + [1.0] * 4}, "ice_radius, layer 2.*out of range"),
        ({"overlap_parameter": [0.5] * 6}, "5 values from 0 to 1"),
    ],
)
def test_unusable_cloud_layers(change, message):
    with pytest.raises(InputError, match=message):
        af.CloudLayers(**(LAYERS | change))


def test_cloud_layers_need_a_rule():
    with pytest.raises(InputError, match="need a rule of overlap"):
        column(af.CloudLayers(**LAYERS))


def test_cloud_layers_must_fit_the_atmosphere():
    with pytest.raises(InputError, match="fraction has 3 values"):
        column(af.CloudLayers(fraction=[0.1] * 3, liquid=[1.0] * 3), overlap="random")


def test_overlap_lets_fractions_sum_to_more_than_one():
    clouds = [af.Cloud(**(LOW | {"fraction": 0.8})), af.Cloud(**(HIGH | {"fraction": 0.7}))]
    with pytest.raises(InputError, match="or a rule of overlap"):
        column(clouds)
    found = column_arrays(
        [column(clouds, overlap="random")], table=load_gas_table("g112"), cell_id=[0]
    )
    assert found.cloud_fraction.sum() == pytest.approx(1.0 - 0.2 * 0.3)


@pytest.mark.parametrize("overlap", ["maximum", None])
def test_unknown_overlap(overlap):
    with pytest.raises(InputError, match="unknown"):
        column([af.Cloud(**LOW)], overlap=overlap)


def test_delta_scaling_cuts_off_the_forward_peak():
    optics = delta_scaled(cloud_band_optics("liquid", effective_radius=10.5))
    found = states([af.Cloud(**LOW, phase="liquid")], delta_scale=True)
    for values, expected in zip(found[2:5], optics, strict=True):
        assert values[0, :, 4] == pytest.approx(expected)
    arrays = column_arrays(
        [column([af.Cloud(**LOW, phase="liquid")], delta_scale_clouds=True)],
        table=load_gas_table("g112"),
        cell_id=[0],
    )
    assert arrays.cloud_ssa[0, 0, :, 4] == pytest.approx(optics.ssa)
    whole = cloud_band_optics("liquid", effective_radius=10.5).extinction
    assert arrays.cloud_peak[0, 0, :, 4] + arrays.cloud_extinction[0, 0, :, 4] == pytest.approx(
        whole
    )


@pytest.mark.parametrize(("n", "listed"), [(6, 63), (7, 1)])
def test_of_many_skies_one_is_drawn(n, listed):
    levels = np.arange(20.0, -1.0, -1.0) * 250.0
    clouds = [
        af.Cloud(base=500.0 * i, top=500.0 * i + 250.0, optical_depth=1.0, fraction=0.5)
        for i in range(n)
    ]
    found = cloud_states(clouds, altitude_levels=levels, nodes=NODES, overlap="random")
    assert len(found.fraction) == listed <= MOST_STATES
    assert (found.drawing is None) == (listed > 1)
    assert found.fraction.sum() == pytest.approx(1.0 - 0.5**n)
    mean_depth = (found.fraction @ found.depth).sum()
    assert mean_depth == pytest.approx(0.5 * n)


# ---- clouds that are hardly there ---------------------------------------------------------------

NOTHING = {
    "no cover": af.CloudLayers(fraction=np.zeros(6), liquid=np.full(6, 3.0)),
    "no water": af.CloudLayers(fraction=np.full(6, 0.3), ice=np.zeros(6)),
    "neither": af.CloudLayers(fraction=np.zeros(6), liquid=np.zeros(6)),
    "slab without cover": [af.Cloud(**(LOW | {"fraction": 0.0}))],
    "slab without water": [af.Cloud(**(LOW | {"optical_depth": 0.0}))],
}


@pytest.mark.parametrize("overlap", ["random", "maximum_random", "exponential"])
@pytest.mark.parametrize("clouds", NOTHING.values(), ids=NOTHING)
def test_clouds_without_cover_or_water_are_the_clear_sky(clouds, overlap):
    found = column_arrays(
        [column(clouds, overlap=overlap)], table=load_gas_table("g112"), cell_id=[0]
    )
    assert found.cloud_fraction.shape == (1, 0)
    assert found.drawn_skies is None


def test_water_in_next_to_no_cover_is_limited_and_told(caplog):
    found = af.CloudLayers(fraction=[0, 1.5e-5, 0.2], liquid=[0, 522.0, 8.0], ice=[0, 900.0, 1.0])
    assert found.liquid.tolist() == [0.0, 500.0, 8.0]
    assert found.ice.tolist() == [0.0, 500.0, 1.0]
    assert "no flux by more than 1.5e-05" in caplog.text
    with pytest.raises(InputError, match="liquid has 1 of 2 layers"):
        af.CloudLayers(fraction=[0.01, 0.0], liquid=[501.0, 0.0])


@pytest.mark.parametrize("overlap", ["exclusive", "random"])
def test_what_is_left_of_a_cloud_above_the_ground(overlap, caplog):
    cloud = af.Cloud(base=-1000.0, top=3000.0, optical_depth=8.0)
    arrays = column_arrays(
        [column([cloud], overlap=overlap)], table=load_gas_table("g112"), cell_id=[0]
    )
    assert arrays.cloud_depth[0, 0] == pytest.approx([0, 0, 0, 2.0, 2.0, 2.0])
    assert "-1000-3000 m reaches below the ground at 0 m" in caplog.text
    with pytest.raises(InputError, match="-500--100 m lies below the ground at 0 m"):
        column([af.Cloud(base=-500.0, top=-100.0, optical_depth=1.0)], overlap=overlap)
