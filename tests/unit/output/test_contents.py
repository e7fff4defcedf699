"""What a dataset holds, in numbers and in words."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from helpers.forcing_samples import sample_forcing

from aeroforcing.output.contents import as_text, contents

FORCING = sample_forcing().assign_attrs(
    history="2026-01-01T00:00:00Z: a step\n2025-01-01T00:00:00Z: an older step",
    aeroforcing_config='seed = 0\ngrid = "T21"\n',
    photons=np.float64(12.5),
)


def test_variables_are_listed_without_bounds_and_errors():
    found = contents(FORCING)
    assert "forcing_toa" in found["variables"]
    assert not [n for n in found["variables"] if n.endswith(("_stderr", "_bnds"))]
    about = found["variables"]["aod"]
    assert about["dimensions"] == ["time", "lat", "lon"]
    assert about["min"] == float(FORCING["aod"].min())
    assert about["missing"] == 0
    assert found["dimensions"]["lat"] == 32


def test_means_settings_and_provenance_are_told():
    found = contents(FORCING)
    assert found["means"]["land"]["forcing_toa"].keys() == {"mean", "stderr"}
    assert found["settings"]["photons"] == 12.5
    assert found["provenance"]["history"].endswith("an older step")
    text = as_text(found)
    assert "forcing_surface_cs" in text
    assert "    2025-01-01T00:00:00Z: an older step" in text
    assert "+- 0.00" in text
    assert "photons: 12.5" in text


def test_everything_can_be_written_as_json():
    gap = FORCING.assign(ssa=FORCING["ssa"] * np.nan)
    found = json.loads(json.dumps(contents(gap), allow_nan=False))
    assert "ssa" not in found["means"]["global"]
    assert found["variables"]["ssa"]["missing"] == FORCING["ssa"].size
    assert "min" not in found["variables"]["ssa"]


def test_without_maps_or_months_the_reason_is_told():
    sweep = xr.Dataset({"forcing_toa": ("ssa", [1.0])}, {"ssa": [0.9]}, {"base": "AOD 0.1"})
    assert "no means: there are no maps" in as_text(contents(sweep))
    nameless = FORCING[["aod"]].drop_vars(["month", "time"])
    assert "needs a coordinate month" in as_text(contents(nameless))


def test_unknown_variables_keep_their_own_words():
    odd = xr.Dataset({"odd": ("x", [1, 2], {"long_name": "an odd thing", "units": "K"})})
    assert "odd  an odd thing [K], 1 to 2" in as_text(contents(odd))


def test_texts_of_files_do_not_command_the_terminal():
    evil = "\x1b]0;title\x07\x1b[2J\u202e\nforged: line"
    odd = FORCING["aod"].rename("odd\x1b").assign_attrs(long_name=evil, units=evil)
    text = as_text(contents(FORCING.assign({"odd\x1b": odd})))
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "\nforged" not in text


def test_attributes_of_several_numbers_are_told():
    found = contents(FORCING.assign_attrs(photons=np.array([1.0, 2.0]), title=np.array([1, 2])))
    assert json.loads(json.dumps(found))["settings"]["photons"] == [1.0, 2.0]
    assert "title: [1, 2]" in as_text(found)
