"""`aeroforcing assimilate`: a field adjusted to stations, with scores before and after."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import (
    add_positional,
    add_run_arguments,
    effective_options,
    history_of,
    input_file,
    print_options,
    target_of,
    write_documented,
)
from aeroforcing.cli.options import POSITIVE, SHARE, TEXT, Kind, Option, one_of
from aeroforcing.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "Adjust a field to AERONET stations, and score it at stations that were left out."

EXAMPLES = """\
Stations may be AERONET files, a table (CSV) or netCDF. Those far above the terrain of their cell
are left out. What it prints tells whether the stations improve the field where there are none. The
files of the examples are made by `aeroforcing inputs -o inputs.nc` and, from stations that come
with the package, by `aeroforcing prepare aeronet aeronet_monthly_sample.csv -o sites.nc`.

examples:
  aeroforcing assimilate inputs.nc sites.nc --quantity angstrom -o adjusted.nc
  aeroforcing assimilate inputs.nc sites.nc --quantity angstrom --scheme optimal -o optimal.nc
"""

UNLIMITED = "unlimited"
LENGTH = Kind(
    f"a positive number of metres or {UNLIMITED}",
    lambda text: text if text == UNLIMITED else float(text),
    lambda value: value == UNLIMITED or POSITIVE.allows(value),
)
_QUANTITIES = ("aod", "ssa", "asymmetry", "angstrom", "coalbedo_angstrom")
FIELD = Option("field", TEXT, None, "netCDF file of the field", "FIELD.nc")
STATIONS = Option("stations", TEXT, None, "file of the stations", "STATIONS")
SETTINGS = (
    Option("quantity", one_of(*_QUANTITIES), "aod", f"{', '.join(_QUANTITIES)} (aod)", "NAME"),
    Option(
        "scheme",
        one_of("distance", "optimal"),
        "distance",
        "distance: inverse distance, optimal: optimal interpolation (distance)",
        "S",
    ),
    Option("radius", LENGTH, 2.0e6, "search radius of distance [m], or unlimited (2e6)", "R"),
    Option("taper", SHARE, 0.5, "outer share of the radius where influence fades (0.5)", "T"),
    Option("power", POSITIVE, 4.0, "power of the distance (4)", "P"),
    Option("correlation-length", POSITIVE, 1.0e6, "of the errors, for optimal [m] (1e6)", "L"),
    Option("background-error", POSITIVE, None, "standard error of the field, for optimal", "E"),
    Option("observation-error", POSITIVE, None, "standard error of a station, for optimal", "E"),
    Option(
        "max-elevation",
        LENGTH,
        1.5e3,
        "leave out stations higher than this above the terrain [m], or unlimited (1500)",
        "H",
    ),
)
OPTIONS = (FIELD, STATIONS, *SETTINGS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_positional(parser, FIELD, nargs="?")
    add_positional(parser, STATIONS, nargs="?")
    add_run_arguments(parser, SETTINGS)
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask for; returns the exit code."""
    options = effective_options(args, OPTIONS)
    if args.dump_config:
        return print_options(options)
    if options["field"] is None or options["stations"] is None:
        raise InputError("give the file of a field and a file of stations.")
    target = target_of(args)
    analysis, scores = _analysis_and_scores(options)
    write_documented(
        analysis, target, options=options, args=args, title="Field adjusted to stations"
    )
    _print_scores(scores, as_json=args.json)
    if not args.json:
        print(_change(analysis))
    return 0


def _analysis_and_scores(options: dict[str, Any]) -> tuple[xr.Dataset, xr.Dataset]:
    from aeroforcing.grids.grid import grid_of
    from aeroforcing.inputs.builtin.surface import builtin_surface
    from aeroforcing.inputs.user import read_field
    from aeroforcing.observations.cross_validation import evaluate
    from aeroforcing.observations.station_files import read_stations

    path, quantity = input_file(options["field"]), options["quantity"]
    stations_path = input_file(options["stations"])
    field = read_field(path, quantity=quantity)
    stations = read_stations(stations_path)
    grid = grid_of(field)
    terrain: dict[str, Any] = {
        "surface_altitude": builtin_surface(grid=grid, months=[1])["surface_altitude"],
        "max_elevation_difference": _limit(options["max-elevation"]),
    }
    analysis = _analysis(field, stations, options, terrain)
    distance, optimal = _settings(options)
    scores = evaluate(field, stations, **terrain, **distance, **optimal)
    used = analysis.attrs["stations_used"]
    origin = f"{field.attrs['origin']}; adjusted to {used} stations of {stations_path.name}"
    analysis[quantity].attrs["origin"] = origin
    bounds = {name: grid[name] for name in ("lat_bnds", "lon_bnds")}
    return analysis.assign_coords(bounds).assign_attrs(history=history_of(path)), scores


def _settings(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of the scheme by distance, and of optimal interpolation."""
    distance = {"radius": _limit(options["radius"])}
    distance |= {name: options[name] for name in ("taper", "power")}
    names = ("correlation-length", "background-error", "observation-error")
    return distance, {name.replace("-", "_"): options[name] for name in names}


def _limit(length: float | str) -> float | None:
    """A length [m]; None for no end."""
    return None if isinstance(length, str) else length


def _analysis(
    field: xr.DataArray, stations: xr.Dataset, options: dict[str, Any], terrain: dict[str, Any]
) -> xr.Dataset:
    from aeroforcing.observations.assimilation import assimilate
    from aeroforcing.observations.statistical_interpolation import optimal_interpolation

    quantity = options["quantity"]
    distance, optimal = _settings(options)
    if options["scheme"] == "optimal":
        return optimal_interpolation(field, stations, quantity=quantity, **terrain, **optimal)
    return assimilate(field, stations, quantity=quantity, **terrain, **distance)


def _change(analysis: xr.Dataset) -> str:
    """How far the analysis goes from the field."""
    low, high = (analysis.attrs.get(f"{end}_factor") for end in ("smallest", "largest"))
    if high is not None:
        return f"the analysis is {low:.2f} to {high:.2f} times the field"
    low, high = float(analysis["increment"].min()), float(analysis["increment"].max())
    return f"the analysis is {low:+.3f} to {high:+.3f} from the field"


def _print_scores(scores: xr.Dataset, *, as_json: bool) -> None:
    from aeroforcing.observations.cross_validation import summary

    if not as_json:
        print(summary(scores))
        return
    estimates = {
        str(name): {
            str(score): float(array.sel(estimate=name))
            for score, array in scores.data_vars.items()
            if "estimate" in array.dims
        }
        for name in scores["estimate"].values
    }
    about = {"quantity": scores.attrs["quantity"], "n_samples": int(scores["n_samples"])}
    print(json.dumps(about | {"estimates": estimates}, indent=2))
