"""The options that choose the inputs of a run, of `grid` and `inputs` alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aeroforcing.cli.common import input_file
from aeroforcing.cli.options import FLAG, MONTHS, TEXT, Option, one_of

if TYPE_CHECKING:
    import xarray as xr

INPUT = Option(
    "input", TEXT, None, "netCDF file with inputs that replace built-in ones", "INPUT.nc"
)
AERONET = "aeronet"
_REPLACEABLE = {
    "aod": "AOD",
    "ssa": "single scattering albedo",
    "asymmetry": "asymmetry parameter",
    "angstrom": "Angstrom exponent",
    "coalbedo-angstrom": "co-albedo Angstrom exponent",
    "surface-albedo": "surface albedo",
    "cloud-fraction": "cloud amount",
}
REPLACEMENTS = tuple(
    Option(name, TEXT, None, f"netCDF file with the {what}, in place of any other", "F.nc")
    for name, what in _REPLACEABLE.items()
)
STATIONS = Option(
    AERONET,
    TEXT,
    None,
    "stations (AERONET file, CSV or netCDF) that AOD, and what else they measure, is adjusted to",
    "SITES",
)
INPUT_OPTIONS = (
    Option("months", MONTHS, list(range(1, 13)), "calendar months, such as 1,7 (all)", "M,M,..."),
    Option("grid", TEXT, "T42", "a Gaussian grid, or native: that of the AOD (T42)", "G"),
    *REPLACEMENTS,
    STATIONS,
    Option(
        "optics",
        one_of("chung2012", "merra2"),
        "chung2012",
        "SSA and asymmetry parameter of aerosol species: chung2012, the constants of the paper, or "
        "merra2 (chung2012)",
        "O",
    ),
    Option(
        "aerosol",
        one_of("observed", "chung2012"),
        "observed",
        "the built-in aerosol: observed, with dust, absorption and SSA by observation, or "
        "chung2012, with the constants of the paper (observed)",
        "A",
    ),
    Option("fill-missing", FLAG, False, "fill missing input cells from the built-in inputs"),
)


def grid_of_run(options: dict[str, Any]) -> str | None:
    """The name of the grid; None for that of the inputs."""
    return None if options["grid"] == "native" else options["grid"]


def replacements(options: dict[str, Any]) -> dict[str, Path]:
    """Canonical name -> file of the variables that are given one by one."""
    given = {option.name: options[option.name] for option in REPLACEMENTS}
    return {
        name.replace("-", "_"): input_file(text) for name, text in given.items() if text is not None
    }


def resolved(options: dict[str, Any]) -> xr.Dataset:
    """All inputs of the run, as the options choose them."""
    from aeroforcing.inputs.resolve import resolve_inputs
    from aeroforcing.inputs.stations import with_stations
    from aeroforcing.observations.station_files import read_stations
    from aeroforcing.optics.surface_albedo import DEFAULT_OCEAN

    inputs = resolve_inputs(
        None if options["input"] is None else input_file(options["input"]),
        grid=grid_of_run(options),
        months=options["months"],
        fill_missing=options["fill-missing"],
        optics=options["optics"],
        ocean=options.get("ocean", DEFAULT_OCEAN),
        aerosol=options["aerosol"],
        replacements=replacements(options),
    )
    if options[AERONET] is None:
        return inputs
    path = input_file(options[AERONET])
    return with_stations(inputs, read_stations(path), source=path.name)


def are_combined(options: dict[str, Any]) -> bool:
    """Whether the inputs are more than one file or the built-in ones."""
    return any(options[option.name] is not None for option in (*REPLACEMENTS, STATIONS))


def inputs_text(provenance: str) -> str:
    """Where the inputs come from, for people."""
    return "inputs:\n" + "\n".join(f"  {line}" for line in provenance.splitlines())
