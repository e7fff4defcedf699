"""A report on a forcing map: one HTML page that holds everything, for screens, phones and paper."""

from __future__ import annotations

import base64
import csv
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import cartopy.crs as ccrs
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from aeroforcing.analysis.error_budget import budget, known_budget
from aeroforcing.analysis.validation.exact_solutions import Comparison, run_benchmarks
from aeroforcing.core import resources
from aeroforcing.core.errors import InputError
from aeroforcing.core.kernel_names import SKIES
from aeroforcing.core.variables import STDERR_SUFFIX, lookup
from aeroforcing.core.version import __version__
from aeroforcing.grids.means import weights_of
from aeroforcing.grids.regions import REGIONS
from aeroforcing.output.contents import contents
from aeroforcing.output.figure_files import figure_bytes
from aeroforcing.output.labels import MINUS, estimate, number
from aeroforcing.output.maps import plot_map
from aeroforcing.output.zonal_means import plot_zonal_means

_DPI = 130
_BENCHMARK_PHOTONS = 2**14
_MAP_SIZE = (5.4, 3.7)  # inches; small, so that the letters are large on a phone
_UNIT = "W m<sup>-2</sup>"
_LEVELS = {"toa": "TOA", "atmosphere": "atmosphere", "surface": "surface"}
_FORCINGS = [f"forcing_{level}{suffix}" for level in _LEVELS for suffix in SKIES.values()]
_OPTICS = {"aod": "AOD", "ssa": "SSA", "asymmetry": "asymmetry parameter"}
_NOTES = {
    "inputs": "Inputs",
    "history": "How the file was made",
    "aeroforcing_config": "Options of the run (TOML)",
}


def report(forcing: xr.Dataset) -> str:
    """The report on a forcing map as an HTML page.

    Parameters
    ----------
    forcing
        From `grid_forcing`, with its provenance if it was read from a file.

    Returns
    -------
    str
        One page that needs nothing beside it: pictures are inside, scripts there are none.

    Raises
    ------
    InputError
        The dataset holds no forcing at the top of the atmosphere over lat and lon.
    """
    if not {"forcing_toa", "forcing_toa_cs"} & set(forcing.data_vars):
        raise InputError("The file holds no forcing_toa; make it with aeroforcing grid.")
    found = contents(forcing)
    if "no_means" in found:
        raise InputError(f"No report can be made: {found['no_means']}")
    errors = known_budget(forcing)
    sections = [
        _section("Global mean", _table_2(found)),
        _section("By region", _region_table(found)),
        _section("Error budget", "" if errors is None else _budget_table(errors)),
        _section("Published estimates", _published_table()),
        _section("Forcing", _maps(forcing, _FORCINGS)),
        _section("Errors by the inputs", "" if errors is None else _error_maps(errors)),
        _section("Zonal means", _zonal_means(forcing)),
        _section("Aerosol", _maps(forcing, _OPTICS)),
        _section("Settings", _settings(found)),
        *_provenance(found),
        _section("Benchmarks of the solver", _benchmark_table()),
    ]
    return _page(_title(forcing), "".join(sections))


def _title(forcing: xr.Dataset) -> str:
    return str(forcing.attrs.get("title", "Direct aerosol shortwave radiative forcing"))


def _page(title: str, body: str) -> str:
    style = files("aeroforcing.output").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{body}"
        f'<p class="note">Made by aeroforcing {__version__}. Effect of all aerosol, solar '
        "radiation only; positive is a gain of energy.</p>\n</body>\n</html>\n"
    )


def _section(heading: str, body: str) -> str:
    return f"<section>\n<h2>{escape(heading)}</h2>\n{body}</section>\n" if body else ""


# ---- tables -------------------------------------------------------------------------------------


def _table_2(found: dict[str, Any]) -> str:
    """Table 2 of Chung (2012) with this run beside it."""
    means = found["means"]["global"]
    published = {row["sky"]: row for row in _published() if row["study"] == "Chung (2012)"}
    rows = [
        [
            f"{_LEVELS[level]}, {sky}",
            _estimate(means[name]),
            _published_value(published[sky], level),
        ]
        for name, level, sky in _forcing_names(means)
    ]
    table = _table([_UNIT, "this run", "Chung (2012)"], rows)
    inputs = any("input_error" in estimate for estimate in means.values())
    last = (
        "; then that by errors of the inputs." if inputs else "; that of the inputs is not in it."
    )
    return table + _note(
        "TOA: top of the atmosphere. Mean ± standard error of the sampling by photons" + last
    )


def _forcing_names(means: Container[str]) -> list[tuple[str, str, str]]:
    """Name, level and sky of the forcings that there are."""
    names = [
        (f"forcing_{level}{suffix}", level, sky)
        for sky, suffix in SKIES.items()
        for level in _LEVELS
    ]
    return [entry for entry in names if entry[0] in means]


def _region_table(found: dict[str, Any]) -> str:
    means = found["means"]
    labels = {
        name: f"{_LEVELS[level]}, {sky}" for name, level, sky in _forcing_names(means["global"])
    }
    labels |= {name: text for name, text in _OPTICS.items() if name in means["global"]}
    rows = [
        [text, *(_estimate(means[region].get(name)) for region in REGIONS)]
        for name, text in labels.items()
    ]
    header = [_UNIT, *(region.replace("ern hemisphere", "") for region in REGIONS)]
    return _table(header, rows) + _note("AOD, SSA and asymmetry parameter at 550 nm, without unit.")


def _budget_table(errors: xr.Dataset) -> str:
    """What makes the errors of the global means."""
    names = _forcing_names(set(map(str, errors.data_vars)))
    forcings = budget(errors)["global"]
    columns = [forcings[name] for name, *_ in names]
    parts = [column["input_error_parts"] for column in columns]
    rows = [("sampling", [column["sampling_error"] for column in columns])]
    rows += [(source, [part[source] for part in parts]) for source in parts[0]]
    rows += [("inputs together", [column["input_error"] for column in columns])]
    rows += [("all together", [column["total_error"] for column in columns])]
    header = [_UNIT, *(f"{_LEVELS[level]}, {sky}" for _, level, sky in names)]
    cells = [[label, *(number(v, decimals=3) for v in values)] for label, values in rows]
    told = f"{errors.attrs['input_errors']}\n{errors.attrs['error_correlations']}"
    return (
        _table(header, cells)
        + _note(
            "Standard errors of the global means. Assumed of the inputs' errors and their "
            "correlation between cells:"
        )
        + f"<pre>{escape(told)}</pre>\n"
    )


def _error_maps(errors: xr.Dataset) -> str:
    names = [f"annual_{name}_input_error" for name in _FORCINGS]
    return _maps(errors, [name for name in names if name.startswith("annual_forcing_toa")])


def _published_table() -> str:
    rows = [
        [
            _study(row),
            row["sky"].removesuffix("-sky"),
            *(_published_value(row, level) for level in _LEVELS),
        ]
        for row in _published()
    ]
    return _table([_UNIT, "sky", *_LEVELS.values()], rows) + _note(
        "Global means of all aerosol, with the uncertainty that the authors state."
    )


def _study(row: Mapping[str, str]) -> str:
    """The name of a study, with a link where its address is known."""
    name = escape(row["study"])
    return f'<a href="https://doi.org/{row["doi"]}">{name}</a>' if row["doi"] else name


def _published_value(row: Mapping[str, str], level: str) -> str:
    """A figure as it was published; not all studies have all levels."""
    value, error = row[level].replace("-", MINUS), row.get(f"{level}_error")
    return f"{value} ±\N{NO-BREAK SPACE}{error}" if error else value or "-"


def _benchmark_table() -> str:
    """Exact solutions and line-by-line models, beside what makes the page."""
    comparisons = run_benchmarks(photons=_BENCHMARK_PHOTONS)
    differing = sum(not c.agrees for c in comparisons)
    forcings = [c for c in comparisons if c.units != "1"]
    verdict = f"{differing} differ" if differing else "all agree"
    header = [_UNIT, "aeroforcing", "reference", "two-stream"]
    return _table(header, [_benchmark_row(c) for c in forcings]) + _note(
        f"Solved when this page was made, with {len(comparisons) - len(forcings)} fluxes of single "
        f"layers besides: {verdict}, by the tolerance of the reference and four standard errors. "
        "References: discrete ordinates with 32 streams, and the line-by-line models of the "
        "AeroCom radiative transfer experiment, "
        '<a href="https://doi.org/10.5194/acp-13-2347-2013">Randles et al. (2013)</a>. Beside them '
        "what a two-stream scheme gives."
    )


def _benchmark_row(comparison: Comparison) -> list[str]:
    place = comparison.quantity.removeprefix("forcing, ")
    return [
        escape(f"{comparison.case.replace(' degrees', '°')}; {place}"),
        _unbroken(comparison.estimate, comparison.stderr),
        number(comparison.reference, decimals=2, signed=True),
        number(comparison.two_stream, decimals=2, signed=True),
    ]


def _published() -> list[dict[str, str]]:
    with resources.path("published_effects.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _estimate(value: Mapping[str, float] | None) -> str:
    """A mean, with its error where it has one."""
    if value is None:
        return "-"
    inputs = value.get("input_error", math.nan)
    return _unbroken(value["mean"], value.get("stderr", math.nan), inputs)


def _unbroken(mean: float, error: float, inputs: float = math.nan) -> str:
    """A mean with its errors, which a narrow column may put below the mean."""
    text = estimate(mean, error, inputs=inputs, signed=math.isfinite(error))
    return text.replace("± ", "±\N{NO-BREAK SPACE}")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n'
        "</table></div>\n"
    )


def _note(text: str) -> str:
    return f'<p class="note">{text}</p>\n'


# ---- pictures -----------------------------------------------------------------------------------


def _maps(forcing: xr.Dataset, names: Iterable[str]) -> str:
    figures = [_map(forcing, name) for name in names if name in forcing]
    return f'<div class="maps">\n{"".join(figures)}</div>\n' if figures else ""


def _map(forcing: xr.Dataset, name: str) -> str:
    figure = plt.figure(figsize=_MAP_SIZE, layout="constrained")
    axes = plot_map(
        forcing[name],
        ax=figure.add_subplot(projection=ccrs.Robinson()),
        stderr=forcing.get(f"{name}{STDERR_SUFFIX}", forcing.get(f"{name}_sampling_error")),
        weights=weights_of(name, forcing),
        title="",
    )
    variable = lookup(name)
    return _figure(axes, variable.long_name if variable is not None else name)


def _zonal_means(forcing: xr.Dataset) -> str:
    return _figure(plot_zonal_means(forcing), "zonal means of the forcing")


def _figure(axes: Axes, caption: str) -> str:
    """A picture with its caption, which is text: legible where the picture is small."""
    picture = base64.b64encode(figure_bytes(axes, ".png", dpi=_DPI)).decode()
    text = escape(caption[:1].upper() + caption[1:])
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{picture}">'
        f"<figcaption>{text}</figcaption></figure>\n"
    )


# ---- settings and provenance --------------------------------------------------------------------


def _settings(found: dict[str, Any]) -> str:
    shown = {**found["dimensions"], **found["settings"]}
    shown.pop("bnds", None)
    texts = {n: f"{v:g}" if isinstance(v, float) else str(v) for n, v in shown.items()}
    rows = [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in texts.items()]
    return f"<dl>{''.join(rows)}</dl>\n" if rows else ""


def _provenance(found: dict[str, Any]) -> list[str]:
    return [
        _section(heading, f"<pre>{escape(str(found['provenance'][name]).strip())}</pre>\n")
        for name, heading in _NOTES.items()
        if name in found["provenance"]
    ]
