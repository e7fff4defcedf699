"""The layouts of AERONET's text files: the header is found by content, the columns by name.

Versions 2 and 3, direct sun and inversion, all points, daily and monthly means, and tables of sites
and calendar months.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from aeroforcing.core.errors import InputError

_LINES_BEFORE_HEADER = 100
LONGEST_LINE = 1024 * 1024  # bytes; real lines have a few thousand

# Wavelengths [nm] that 550 nm is interpolated from. The channels between 440 and 870 nm are those
# of AERONET's own Angstrom exponent; a gap from 380 to 870 nm would be no neighbourhood.
SHORTEST, LONGEST = 437, 873

_DATE = re.compile(r"date(?:\((?:dd[:-]mm[:-]yy(?:yy)?|yyyy[:-]mm[:-]dd)\))?", re.IGNORECASE)

# Tags of HTML begin with a letter; the "<6" of a scattering angle is none.
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_SEPARATORS = (",", ";", "\t")

# A wavelength in the name makes a spectrum; the patterns are those of Version 3, then Version 2.
_DIRECT_SUN = {"aod": (r"AOD_(\d+)nm", r"AOT_(\d+)", r"AOD_(\d+)nm-AOD", r"(\d+)nm_Input_AOD")}
_INVERSION = {
    "aod": (
        r"AOD_Extinction-Total\[(\d+)nm\]",
        r"AOTExt(\d+)-T",
        r"AOD_Coincident_Input\[(\d+)nm\]",
    ),
    "ssa": (r"Single_Scattering_Albedo\[(\d+)nm\]", r"SSA(\d+)-T"),
    "asymmetry": (r"Asymmetry_Factor-Total\[(\d+)nm\]", r"ASYM(\d+)-T"),
    "aaod": (r"Absorption_AOD\[(\d+)nm\]", r"AOTAbsp(\d+)-T"),
}
_SINGLE = {
    "date": (_DATE.pattern,),
    "month": (r"month",),
    "station": (r"AERONET_Site_Name", r"(?:AERONET_)+Site", r"Site_Name", r"Site", r"station"),
    "lat": (r"Site_Latitude\(Degrees\)", r"Latitude\(Degrees\)", r"lat", r"latitude"),
    "lon": (r"Site_Longitude\(Degrees\)", r"Longitude\(Degrees\)", r"lon", r"longitude"),
    "elevation": (r"Site_Elevation\(m\)", r"Elevation\((?:m|meters)\)", r"elevation"),
    "day_of_year": (r"Day_of_Year", r"Day_of_Year\(fraction\)", r"Julian_Day"),
    "angstrom": (
        r"440-870_Angstrom_Exponent",
        r"440-870Angstrom",
        r"Extinction_Angstrom_Exponent_440-870nm-Total",
        r"870-440AngstromParam\.\[AOTExt\]-Total",
        r"Angstrom_Exponent_440-870nm_from_Coincident_Input_AOD",
        r"angstrom",
    ),
    "n_days": (r"n_days",),
    "n_points": (r"n_points",),
}
_TIME = (r"Time\(hh[:-]mm[:-]ss\)", r"time")

# Quantities of a table of sites in the package's own names.
_CANONICAL = (
    "aod", "ssa", "asymmetry", "coalbedo_angstrom", "aaod", "absorption_angstrom",
)  # fmt: skip

# Quantities of which any makes a file one of sky radiances (inversions), not of direct sun alone.
_OF_THE_SKY = ("ssa", "asymmetry", "coalbedo_angstrom", "aaod", "absorption_angstrom")
_COUNTS = {
    "n_days": re.compile(r"NUM_DAYS\[.*?(\d+)nm.*\]"),
    "n_points": re.compile(r"(?:NUM_POINTS|N)\[.*?(\d+)nm.*\]"),
}

# Version 2 gives the site once, before the header: Location=X,long=1.0,lat=2.0,elev=3,...
_LOCATION = re.compile(
    r"Locations?=(?P<station>[^,]+),long=(?P<lon>[-\d.]+),lat=(?P<lat>[-\d.]+),"
    r"elev=(?P<elevation>[-\d.]+)"
)
FIRST_PRINTABLE = 32
_BLANKS = (9, 10, 13)  # tab, newline, carriage return


@dataclass(frozen=True)
class Layout:
    """Where the quantities of one file are."""

    source: str
    names: tuple[str, ...]
    header_line: int
    columns: dict[str, int]  # plain name -> position, e.g. aod_440, ssa_675, date
    counts: dict[str, list[int]]  # n_days, n_points -> positions of the counts of its wavelengths
    site: dict[str, str] = field(default_factory=dict)  # from the preamble
    separator: str = ","

    @property
    def is_inversion(self) -> bool:
        """Whether the file holds retrievals from sky radiances."""
        return self.is_piece or any(name.startswith(_OF_THE_SKY) for name in self.columns)

    @property
    def is_piece(self) -> bool:
        """Whether the file holds one product of the inversions, and not its AOD with the rest."""
        rest = any(name.startswith(("ssa", "asymmetry")) for name in self.columns)
        return "time" in self.columns and not (self.holds("aod") and rest)

    @property
    def is_climatology(self) -> bool:
        """Whether the file is a table of sites and calendar months, without years."""
        return "month" in self.columns and self.names[self.columns["month"]] == "month"

    @property
    def is_monthly(self) -> bool:
        """Whether the file holds monthly means of single years."""
        return "month" in self.columns and not self.is_climatology

    def holds(self, quantity: str) -> bool:
        """Whether the file has the quantity, at 550 nm or as a spectrum."""
        return quantity in self.columns or bool(self.wavelengths(quantity))

    def wavelengths(self, quantity: str) -> list[int]:
        """The wavelengths [nm] of a spectrum, ascending."""
        return sorted(
            int(name.rpartition("_")[2])
            for name in self.columns
            if re.fullmatch(rf"{quantity}_\d+", name)
        )


def find_layout(stream: IO[bytes], source: str) -> Layout:
    """Read a file up to and with its header.

    Raises
    ------
    InputError
        There is no AERONET header in the first lines, or a required column is absent.
    """
    preamble: list[str] = []
    for _ in range(_LINES_BEFORE_HEADER):
        line = stream.readline(LONGEST_LINE)
        check_text(line, source, len(preamble) + 1)
        text = _TAG.sub("", line.decode("latin-1").removeprefix("ï»¿")).strip()
        for separator in _SEPARATORS:
            names = tuple(name.strip().strip('"') for name in text.split(separator))
            if _is_header(names):
                return _checked(_located(names, preamble, source, separator))
        preamble.append(text)
        if not line:
            break
    raise InputError(
        f"{source}: no AERONET header: none of the first {len(preamble)} lines holds the column "
        f"Date(dd:mm:yyyy) or Month. It begins with {preamble[0][:60]!r}."
    )


def _is_header(names: tuple[str, ...]) -> bool:
    dated = any(_DATE.fullmatch(name) or name.lower() == "month" for name in names)
    return dated and len(names) > 2


def check_text(line: bytes, source: str, number: int) -> None:
    """Refuse a line with control characters other than tabs and line ends."""
    content = np.frombuffer(line, np.uint8)
    if ((content < FIRST_PRINTABLE) & ~np.isin(content, _BLANKS)).any():
        raise InputError(
            f"{source}: line {number} holds control characters; it is not AERONET text in "
            "ISO-8859-1 but binary, damaged, or in another encoding such as UTF-16."
        )


def _located(names: tuple[str, ...], preamble: list[str], source: str, separator: str) -> Layout:
    columns = {
        plain: position
        for plain, patterns in _SINGLE.items()
        if (position := _position(names, patterns, source)) is not None
    }
    spectra = _spectra(names, _INVERSION, source)
    time = _position(names, _TIME, source)
    if not spectra:
        spectra = _spectra(names, _DIRECT_SUN, source)
    elif time is not None:
        columns["time"] = time
    canonical = {name: names.index(name) for name in _CANONICAL if name in names}
    return Layout(
        source=source,
        names=names,
        header_line=len(preamble) + 1,
        columns=columns | spectra | canonical,
        counts={plain: _count_columns(names, plain) for plain in _COUNTS},
        site=_site_of_preamble(preamble),
        separator=separator,
    )


def _site_of_preamble(preamble: list[str]) -> dict[str, str]:
    """What the lines before the header tell of the site.

    Version 2 gives name and place in one line; Version 3 the name in its second line, and monthly
    files do not repeat it in a column.
    """
    for text in preamble:
        if location := _LOCATION.search(text):
            return location.groupdict()
    if len(preamble) > 1 and preamble[0].startswith("AERONET Version 3"):
        return {"station": preamble[1]}
    return {}


def _position(names: tuple[str, ...], patterns: tuple[str, ...], source: str) -> int | None:
    """Position of the one column that matches the first pattern that any column matches."""
    for pattern in patterns:
        found = [i for i, name in enumerate(names) if re.fullmatch(pattern, name, re.IGNORECASE)]
        if len(found) > 1:
            raise InputError(
                f"{source}: the header holds the column {names[found[0]]} {len(found)} times, so "
                "it is not known which to read. Fetch the file again."
            )
        if found:
            return found[0]
    return None


def _spectra(
    names: tuple[str, ...], patterns: Mapping[str, tuple[str, ...]], source: str
) -> dict[str, int]:
    """Positions of the spectra, e.g. aod_440, from the first pattern that any column matches."""
    positions: dict[str, int] = {}
    for quantity, alternatives in patterns.items():
        for pattern in alternatives:
            matched = dict.fromkeys(n for n in names if re.fullmatch(pattern, n))
            for name in matched:
                wavelength = int(re.fullmatch(pattern, name)[1])  # type: ignore[index]
                position = _position(names, (re.escape(name),), source)
                if SHORTEST <= wavelength <= LONGEST and position is not None:
                    positions[f"{quantity}_{wavelength}"] = position
            if matched:
                break
    return positions


def _count_columns(names: tuple[str, ...], plain: str) -> list[int]:
    matches = [(i, _COUNTS[plain].fullmatch(name)) for i, name in enumerate(names)]
    return [i for i, match in matches if match and SHORTEST <= int(match[1]) <= LONGEST]


def _checked(layout: Layout) -> Layout:
    """The layout, if it has all that the reader needs."""
    found = set(layout.columns) | set(layout.site)
    for name in ("station", "lat", "lon"):
        if name not in found:
            raise _absent(layout, f"the {name} of the site")
    if "absorption_angstrom" in layout.columns and "angstrom" not in layout.columns:
        raise _absent(layout, "angstrom, without which absorption_angstrom tells no absorption")
    if "aod" not in layout.columns and not (layout.is_piece and not layout.holds("aod")):
        _check_brackets(layout, "aod")
    for quantity in ("ssa", "asymmetry"):
        if layout.wavelengths(quantity):
            _check_brackets(layout, quantity)
    return layout


def _check_brackets(layout: Layout, quantity: str) -> None:
    wavelengths = layout.wavelengths(quantity)
    if not wavelengths or wavelengths[0] > 550 or wavelengths[-1] < 550:
        raise _absent(
            layout,
            f"{quantity} at wavelengths on both sides of 550 nm ({SHORTEST} to {LONGEST} nm; "
            f"found: {', '.join(map(str, wavelengths)) or 'none'})",
        )


# Columns that tell what else a file of the network is.
_OTHER_PRODUCTS = {
    r"VolC-T": "volume concentrations (VOL)",
    r"Refractive_Index-Real_Part\[.*": "refractive indices (RIN)",
    r"Lidar_Ratio\[.*": "lidar ratios (LID)", r"Spectral_Flux_Down\[.*": "spectral fluxes (FLX)",
    r"Rad_Forcing\(BOA\)": "radiative forcing (FRC)",
    r"Inflection_Radius.*": "size distributions (SIZ)",
    r"Total_AOD_500nm\[tau_a\]": "fine and coarse AOD (SDA)",
    r"Nominal_Wavelength\(nm\)": "raw sky radiances",
}  # fmt: skip


def _product(layout: Layout) -> str:
    """What the file holds instead, if its columns tell."""
    found = [
        product
        for pattern, product in _OTHER_PRODUCTS.items()
        if any(re.fullmatch(pattern, name) for name in layout.names)
    ]
    return f"The file holds {', '.join(found)}. " if found else ""


def _absent(layout: Layout, what: str) -> InputError:
    return InputError(
        f"{layout.source}: no column holds {what}. The header in line {layout.header_line} has "
        f"{len(layout.names)} columns and begins with {','.join(layout.names[:4])[:80]}. "
        f"{_product(layout)}Fetch direct sun AOD or the combined inversion product."
    )
