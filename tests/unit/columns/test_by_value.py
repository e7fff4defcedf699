"""Descriptions of columns are values: equal, hashed, copied and pickled by what they hold."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import aeroforcing as af
from aeroforcing.columns.by_value import _text

AIR = {
    "pressure_levels": [1e2, 5e4, 1e5],
    "temperature_layers": [220.0, 280.0],
    "mole_fractions": {"h2o": 1e-3, "o3": 1e-6},
    "altitude_levels": [4e4, 5e3, 0.0],
}
MADE = {
    "atmosphere": lambda x=0.0: af.Atmosphere(**(AIR | {"temperature_layers": [220.0, 280.0 + x]})),
    "aerosol": lambda x=0.0: af.Aerosol(aod=[0.1, 0.2 + x], ssa=0.9, asymmetry=0.7, angstrom=1.0),
    "profile": lambda x=0.0: af.Aerosol(
        aod=0.2, ssa=0.9, asymmetry=0.7, angstrom=1.0, profile=[1.0, 2.0 + x]
    ),
    "spectrum": lambda x=0.0: af.SpectralAerosol(
        wavelength=[440.0, 870.0], aod=[0.3 + x, 0.1], ssa=0.9, asymmetry=0.7
    ),
    "species": lambda x=0.0: af.SpeciesAerosol(species="dust", aod=0.2 + x),
    "cloud": lambda x=0.0: af.Cloud(base=0.0, top=1000.0, optical_depth=1.0 + x),
    "layers": lambda x=0.0: af.CloudLayers(fraction=[0.0, 0.5], liquid=[0.0, 3.0 + x]),
    "surface": lambda x=0.0: af.SurfaceAlbedo(direct=0.1, diffuse=0.2 + x),
}
MADE["column"] = lambda x=0.0: af.Column(
    atmosphere=MADE["atmosphere"](),
    aerosol=(MADE["aerosol"](x), MADE["species"]()),
    surface_albedo=np.full(14, 0.3),
    clouds=MADE["layers"](),
    overlap="random",
)


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_equality_and_hash_are_by_value(make):
    one, same, other = make(), make(), make(1e-6)
    assert one == same
    assert one != other
    assert one != "something else"
    assert len({one, same, other}) == 2


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_copies_are_equal(make, copied):
    assert copied(make()) == make()


def test_repr_says_in_a_few_lines_what_it_is():
    text = repr(MADE["column"]())
    for words in ("Atmosphere of 2 layers", "1 to 1000 hPa", "aod: 0.3, by layer", "clouds by"):
        assert words in text
    assert len(text.splitlines()) < 25
    assert MADE["cloud"]()._repr_html_() == f"<pre>{MADE['cloud']()!r}</pre>"
    assert (
        repr(MADE["cloud"]())
        == "Cloud with asymmetry 0.86, optical depth 1\n  0-1000 m, fraction 1"
    )


def test_a_top_at_0_pascal_is_cut_and_told(caplog):
    made = af.Atmosphere(**(AIR | {"pressure_levels": [0.0, 2.0, 1e5]}))
    assert made.pressure_levels.tolist() == [1.02, 2.0, 1e5]
    assert "the air above 1.02 Pa is left out" in caplog.text
    with pytest.raises(af.InputError, match="must be above 0"):
        af.Atmosphere(**(AIR | {"pressure_levels": [0.0, 0.5, 1e5]}))


def test_what_was_added_later_counts_where_it_is_not_the_default():
    plain = af.Cloud(base=1e3, top=2e3, optical_depth=3.0)
    varied = [af.Cloud(base=1e3, top=2e3, optical_depth=3.0, inhomogeneity=v) for v in (0.0, 0.5)]
    assert "inhomogeneity" not in _text(plain, 7)
    assert plain == varied[0]
    assert plain != varied[1]
    layers = [af.CloudLayers(fraction=[0.5], liquid=[1.0], fractional_std=v) for v in (0.0, [0.5])]
    assert layers[0] == af.CloudLayers(fraction=[0.5], liquid=[1.0])
    assert layers[0] != layers[1]
