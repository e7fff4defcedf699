"""The options by which `column` and `sweep` describe a column, and the column that they make."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import effective_options
from aeroforcing.cli.options import POSITIVE, TEXT, Kind, Option, integer_from, is_number, one_of
from aeroforcing.core.errors import InputError

if TYPE_CHECKING:
    from aeroforcing.columns.column import Column

NUMBER = Kind("a number", float, is_number)
_ATMOSPHERES = (
    "tropical", "midlatitude_summer", "midlatitude_winter", "subarctic_summer",
    "subarctic_winter", "us_standard",
)  # fmt: skip

AEROSOL_OPTIONS = (
    Option("aod", NUMBER, 0.1, "aerosol optical depth at 550 nm (0.1)", "X"),
    Option("ssa", NUMBER, 0.9, "single scattering albedo at 550 nm (0.9)", "X"),
    Option("asymmetry", NUMBER, 0.7, "asymmetry parameter (0.7)", "X"),
    Option("angstrom", NUMBER, 1.4, "Angstrom exponent of the extinction (1.4)", "X"),
    Option("coalbedo-angstrom", NUMBER, 0.0, "Angstrom exponent of 1 - SSA (0)", "X"),
    Option("scale-height", NUMBER, 2000.0, "scale height of the aerosol [m] (2000)", "M"),
    Option("surface-albedo", NUMBER, 0.15, "albedo of the surface (0.15)", "X"),
    Option("atmosphere", one_of(*_ATMOSPHERES), "tropical", "AFGL atmosphere (tropical)", "NAME"),
    Option("latitude", NUMBER, 21.0, "latitude [degrees north] (21)", "DEG"),
)
CLOUD_OPTIONS = (
    Option("cloud-fraction", NUMBER, None, "share of the sky under a cloud (0; 1 if the cloud "
           "is described or swept)", "X"),
    Option("cloud-optical-depth", NUMBER, None, "optical depth of the cloud (10)", "X"),
    Option("cloud-base", NUMBER, None, "altitude of the cloud's base [m] (1000)", "M"),
    Option("cloud-top", NUMBER, None, "altitude of the cloud's top [m] (2000)", "M"),
)  # fmt: skip
RUN_OPTIONS = (
    Option("stderr-target", POSITIVE, None, "largest standard error to reach [W m-2] (0.05)", "W"),
    Option("photons", integer_from(1), None, "samples for each month, instead", "N"),
    Option("seed", integer_from(0), 0, "seed of the random numbers (0)", "S"),
    Option("gas-table", TEXT, "g112", "g112, or the file of another RRTMGP table (g112)", "F"),
)
COLUMN_OPTIONS = (*AEROSOL_OPTIONS, *CLOUD_OPTIONS, *RUN_OPTIONS)
_EFFORT = ("photons", "stderr-target")


def chosen_options(args: argparse.Namespace, options: Sequence[Option]) -> dict[str, Any]:
    """The options of a run; describing a cloud without its share of the sky makes it overcast."""
    chosen = effective_options(args, options, exclusive=_EFFORT)
    if None not in (chosen["photons"], chosen["stderr-target"]):
        raise InputError("photons and stderr-target both set the precision. Give one of them.")
    described = any(chosen[option.name] is not None for option in CLOUD_OPTIONS)
    if described and chosen["cloud-fraction"] is None:
        chosen["cloud-fraction"] = 1.0
    return chosen


def column_of(options: Mapping[str, Any], *, cloudy: bool = False) -> Column:
    """The column that the options describe; `cloudy` puts a cloud into a clear sky."""
    from aeroforcing.analysis.sweep_columns import base_column, water_cloud

    described = _given(AEROSOL_OPTIONS, options)
    described.pop("latitude")
    cloud = _given(CLOUD_OPTIONS, options)
    clear = cloud.get("cloud_fraction", float(cloudy)) == 0.0
    return base_column(**described, clouds=[] if clear else [water_cloud(**cloud)])


def run_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of precision and method as arguments of `sweep`."""
    return _given(RUN_OPTIONS, options)


def _given(options: Sequence[Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for a function from those options that have a value."""
    known = {option.name.replace("-", "_"): values[option.name] for option in options}
    return {name: value for name, value in known.items() if value is not None}
