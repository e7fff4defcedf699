"""From AERONET records to calendar-month means at 550 nm.

Every mean is a ratio of sums over records, so that the records of a file can pass in blocks and
only one row per site and day is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd

from aeroforcing.core.constants import REFERENCE_WAVELENGTH
from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers._aeronet_layout import Layout

# What a record may hold. AOD is negative within its uncertainty of 0.02 (Giles et al. 2019,
# doi:10.5194/amt-12-169-2019) and its exponent is noisy in clean air.
_RECORD_RANGES = {
    "aod": (-0.05, 10.0), "aaod": (-0.01, 10.0), "ssa": (0.0, 1.0), "asymmetry": (0.2, 0.98),
    "angstrom": (-5.0, 8.0), "coalbedo_angstrom": (-4.0, 6.0), "lat": (-90.0, 90.0),
    "absorption_angstrom": (-5.0, 10.0), "lon": (-180.0, 360.0), "elevation": (-500.0, 9000.0),
    "n_days": (0.0, 1e5), "n_points": (0.0, 1e7),
}  # fmt: skip

# The published exponent is a fit, so the spectrum departs from it: at most 0.38 in ln(AOD) in
# 20,000 records of three sites. Far larger departures of many records mean shifted columns.
_LARGEST_DEPARTURE = 0.75
_SHARE_OF_DEPARTURES = 0.1

# Of a whole file the departure is far smaller in the median: 0.02 at the ends of the spectrum and
# 0.06 between them. The limits are for the most bent spectra (ln AOD with a second derivative of 3
# in ln wavelength); columns that changed places go beyond them from an exponent of about 1 on.
_MEDIAN_AT_ENDS, _MEDIAN_OF_BENDING = 0.1, 0.6
_RECORDS_FOR_MEDIAN = 10
_LARGEST_STEP = 0.2  # of SSA or asymmetry from channel to channel, in the median of a file
_CLEAR = 0.05  # AOD below which the ratio of two channels is noise
_ABSORPTION_ROUNDING = 0.005


def check_records(block: pd.DataFrame, layout: Layout) -> None:
    """Refuse records out of physical range, and columns that contradict each other.

    Raises
    ------
    InputError
        Names the column, the number of bad records, the line of the first and what is allowed.
    """
    for name in block.columns:
        quantity = name.partition("_")[0] if name[-1].isdigit() else name
        if quantity in _RECORD_RANGES:
            low, high = _RECORD_RANGES[quantity]
            values = block[name].to_numpy()
            outside = (values < low) | (values > high)
            _refuse(outside, block, layout, name, f"allowed is {low:g} to {high:g}")
    for name in ("lat", "lon"):
        rule = "the position of the site is needed"
        _refuse(np.isnan(block[name].to_numpy()), block, layout, name, rule)
    _check_days(block, layout)
    _check_spectrum(block, layout)
    for quantity in ("ssa", "asymmetry"):
        _check_steps(block, layout, quantity)
    _check_absorption(block, layout)


def _check_days(block: pd.DataFrame, layout: Layout) -> None:
    """The day of the year of a file must be that of its dates."""
    if "day_of_year" in block and not layout.is_monthly:
        periods, place = np.unique(block["period"], return_inverse=True)
        days = pd.to_datetime(periods.astype(str), format="%Y%m%d").day_of_year.to_numpy()
        given = np.floor(block["day_of_year"].to_numpy())
        differs = np.isfinite(given) & (given != days[place])
        _refuse(differs, block, layout, "day_of_year", "it contradicts the date")


def _refuse(bad: np.ndarray, block: pd.DataFrame, layout: Layout, name: str, rule: str) -> None:
    if not bad.any():
        return
    first = block[bad].iloc[0]
    column = layout.names[layout.columns[name]] if name in layout.columns else name
    raise InputError(
        f"{layout.source}: column {column} is out of range in {int(bad.sum())} records, first in "
        f"line {first['line']:.0f} ({first['station']}) with {first[name]:g}; {rule}. The file is "
        "damaged or its columns are shifted; fetch it again."
    )


def _check_spectrum(block: pd.DataFrame, layout: Layout) -> None:
    """The AOD of a file must follow the Angstrom exponent of the same file."""
    wavelengths = layout.wavelengths("aod")
    if "angstrom" not in block or len(wavelengths) < 2:
        return
    aod = block[[f"aod_{w}" for w in wavelengths]].to_numpy().T
    logs = np.log(np.where(aod > _CLEAR, aod, np.nan))
    lengths = np.log(np.array(wavelengths) / wavelengths[0])[:, None]
    departures = logs - logs[0] + block["angstrom"].to_numpy() * lengths
    share = lengths / np.log(870 / 440)
    typical = _MEDIAN_AT_ENDS + _MEDIAN_OF_BENDING * np.abs(share * (1 - share))
    for wavelength, departure, limit in zip(wavelengths, departures, typical[:, 0], strict=True):
        far = _too_far(departure[np.isfinite(departure)], limit)
        if far is not None:
            rule = "it contradicts the Angstrom exponent"
            _refuse(np.abs(departure) > far, block, layout, f"aod_{wavelength}", rule)


def _too_far(departures: np.ndarray, limit: float) -> float | None:
    """The size of departure that tells the bad records of a channel, if it has too many."""
    sizes = np.abs(departures)
    if np.count_nonzero(sizes > _LARGEST_DEPARTURE) > _SHARE_OF_DEPARTURES * sizes.size:
        return _LARGEST_DEPARTURE
    if sizes.size >= _RECORDS_FOR_MEDIAN and np.median(sizes) > limit:
        return limit
    return None


def _check_steps(block: pd.DataFrame, layout: Layout, quantity: str) -> None:
    """SSA and asymmetry parameter must change little from channel to channel."""
    names = [f"{quantity}_{w}" for w in layout.wavelengths(quantity)]
    for left, right in pairwise(names):
        steps = (block[right] - block[left]).abs().to_numpy()
        known = steps[np.isfinite(steps)]
        if known.size >= _RECORDS_FOR_MEDIAN and np.median(known) > _LARGEST_STEP:
            _refuse(steps > _LARGEST_STEP, block, layout, right, f"it is far from {left}")


def _check_absorption(block: pd.DataFrame, layout: Layout) -> None:
    """Absorption AOD must be (1 - SSA) AOD, as Version 2 and 3 define it."""
    for w in layout.wavelengths("aaod"):
        if f"ssa_{w}" in block and f"aod_{w}" in block:
            expected = (1 - block[f"ssa_{w}"]) * block[f"aod_{w}"]
            differs = (block[f"aaod_{w}"] - expected).abs() > _ABSORPTION_ROUNDING
            _refuse(differs.to_numpy(), block, layout, f"aaod_{w}", "it contradicts SSA and AOD")
    if {"aaod", "aod"} <= set(layout.columns):
        more = block["aaod"].to_numpy() > block["aod"].to_numpy().clip(min=0.0)
        _refuse(more, block, layout, "aaod", "it cannot exceed the AOD")


def at_reference(block: pd.DataFrame, layout: Layout, quantity: str) -> np.ndarray:
    """A spectrum brought to 550 nm from the neighbouring wavelengths that each record has.

    AOD is linear in log-log (linear where it is not positive), SSA and asymmetry parameter are
    linear in wavelength (Chung 2012, doi:10.5772/50248). NaN where a neighbour is missing.
    """
    if quantity in layout.columns:
        return block[quantity].to_numpy()
    wavelengths = layout.wavelengths(quantity)
    low = _nearest(block, quantity, [w for w in wavelengths if w <= REFERENCE_WAVELENGTH])
    high = _nearest(block, quantity, [w for w in wavelengths[::-1] if w >= REFERENCE_WAVELENGTH])
    linear = _interpolated(low, high, lambda wavelength: wavelength)
    if quantity != "aod":
        return linear
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = [(w, np.log(np.where(v > 0, v, np.nan))) for w, v in (low, high)]
        power_law = np.exp(_interpolated(logs[0], logs[1], np.log))
    return np.where(np.isfinite(power_law), power_law, linear)


def _nearest(
    block: pd.DataFrame, quantity: str, wavelengths: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Wavelength and value of the last of the wavelengths that each record has."""
    wavelength, value = np.full((2, len(block)), np.nan)
    for candidate in wavelengths:
        found = block[f"{quantity}_{candidate}"].to_numpy()
        wavelength = np.where(np.isfinite(found), candidate, wavelength)
        value = np.where(np.isfinite(found), found, value)
    return wavelength, value


def _interpolated(
    low: tuple[np.ndarray, np.ndarray],
    high: tuple[np.ndarray, np.ndarray],
    scale: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Linear in scale(wavelength) between two points; the point itself where both are one."""
    x_low, x_high = scale(low[0]), scale(high[0])
    width = np.where(x_high > x_low, x_high - x_low, np.nan)
    fraction = (scale(np.array(float(REFERENCE_WAVELENGTH))) - x_low) / width
    between = low[1] + fraction * (high[1] - low[1])
    return np.where(x_high == x_low, low[1], between)


def period_sums(block: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Sums over the records of each site and period (a day, or a month in monthly files).

    Returns
    -------
    Table over (station, period): `days`, and for each mean its weighted sum and sum of weights.
    """
    points = _counted(block, "n_points" if "n_points" in block else "n_days")
    terms = _inversion_terms(block, layout) if layout.is_inversion else {}
    terms |= _direct_terms(block, layout)
    sums = {name: values * points for name, values in terms.items()}
    sums["points"] = np.where(np.isfinite(terms["aod"]), points, 0.0)
    keys = ["station", "period"]
    table = pd.DataFrame(sums | {name: block[name].to_numpy() for name in keys})
    groups = table.assign(days=_counted(block, "n_days")).groupby(keys)
    return groups.sum().assign(days=groups["days"].max())


def _counted(block: pd.DataFrame, name: str) -> np.ndarray:
    """Counts of the file; at least 1, for a record stands for a point and a day."""
    if name not in block:
        return np.ones(len(block))
    return np.maximum(np.nan_to_num(block[name].to_numpy(), nan=1.0), 1.0)


def _direct_terms(block: pd.DataFrame, layout: Layout) -> dict[str, np.ndarray]:
    exponent = _angstrom(block, layout)
    known = np.isfinite(exponent)
    return {
        "aod": at_reference(block, layout, "aod"),
        "angstrom": exponent,
        "angstrom_weight": known.astype(float),
    }


def _angstrom(block: pd.DataFrame, layout: Layout) -> np.ndarray:
    """The exponent 440-870 nm of the file, or that of its two channels."""
    if "angstrom" in block:
        return block["angstrom"].to_numpy()
    short, long = _end_channels(layout, "aod")
    if not short or not long:
        return np.full(len(block), np.nan)
    pair = [np.where(block[f"aod_{w}"] > 0, block[f"aod_{w}"], np.nan) for w in (short, long)]
    return -np.log(pair[0] / pair[1]) / np.log(short / long)


def _end_channels(layout: Layout, quantity: str) -> tuple[int, int]:
    """The channels within 10 nm of 440 and 870 nm; 0 for one that is absent."""
    wavelengths = layout.wavelengths(quantity)
    short = [w for w in wavelengths if abs(w - 440) < 10]
    long = [w for w in wavelengths if abs(w - 870) < 10]
    return (short[0] if short else 0), (long[-1] if long else 0)


def _inversion_terms(block: pd.DataFrame, layout: Layout) -> dict[str, np.ndarray]:
    """Terms of the means that AOD (for SSA) and scattering AOD (for asymmetry) weight.

    A retrieval without SSA weights its asymmetry parameter by AOD.
    """
    aod = at_reference(block, layout, "aod")
    ssa = _ssa(block, layout, aod)
    asymmetry = np.full(len(block), np.nan)
    if layout.holds("asymmetry"):
        asymmetry = at_reference(block, layout, "asymmetry")
    scattering = aod * np.where(np.isfinite(ssa), ssa, 1.0)
    terms = {
        "ssa": aod * ssa,
        "ssa_weight": np.where(np.isfinite(ssa), aod, np.nan),
        "asymmetry": scattering * asymmetry,
        "asymmetry_weight": np.where(np.isfinite(asymmetry), scattering, np.nan),
    }
    return terms | _absorption_terms(block, layout)


def _ssa(block: pd.DataFrame, layout: Layout, aod: np.ndarray) -> np.ndarray:
    """SSA at 550 nm, of a table also from its absorption optical depth."""
    if layout.holds("ssa"):
        return at_reference(block, layout, "ssa")
    if "aaod" not in block:
        return np.full(len(block), np.nan)
    return 1 - block["aaod"].to_numpy() / np.where(aod > 0, aod, np.nan)


def _absorption_terms(block: pd.DataFrame, layout: Layout) -> dict[str, np.ndarray]:
    """Extinction and absorption at 440 and 870 nm of the retrievals that have all four."""
    if "coalbedo_angstrom" in block:
        return _terms_of_exponent(block["coalbedo_angstrom"].to_numpy())
    if "absorption_angstrom" in block:
        return _terms_of_exponent((block["absorption_angstrom"] - block["angstrom"]).to_numpy())
    short, long = _end_channels(layout, "ssa")
    if not short or not long or not {short, long} <= set(layout.wavelengths("aod")):
        return {}
    terms = {}
    for end, w in (("short", short), ("long", long)):
        terms[f"extinction_{end}"] = block[f"aod_{w}"].to_numpy()
        terms[f"absorption_{end}"] = terms[f"extinction_{end}"] * (1 - block[f"ssa_{w}"].to_numpy())
    complete = np.isfinite(sum(terms.values()))
    return {name: np.where(complete, values, np.nan) for name, values in terms.items()}


def _terms_of_exponent(exponent: np.ndarray) -> dict[str, np.ndarray]:
    """Terms that give back the exponent itself, for tables that hold it."""
    one = np.where(np.isfinite(exponent), 1.0, np.nan)
    return {
        "extinction_short": one,
        "extinction_long": one,
        "absorption_short": (440 / 870) ** -exponent,
        "absorption_long": one,
    }


def monthly_means(sums: pd.DataFrame) -> pd.DataFrame:
    """Means of calendar months over all years, from the sums of days (or months).

    AOD and its exponent are means over days of daily means, as AERONET forms its monthly means.
    SSA and asymmetry are weighted over all retrievals, and the co-albedo exponent comes from the
    sums of extinction and absorption at 440 and 870 nm, so that hazy days count for more.

    Returns
    -------
    Table over (station, month) with aod, angstrom, n_days, n_points and, of retrievals, ssa,
    asymmetry and coalbedo_angstrom.
    """
    months = sums.index.get_level_values("period") // 100 % 100
    keys = [sums.index.get_level_values("station"), months.rename("month")]
    valid_days = sums["days"].where(sums["points"] > 0, 0.0)
    angstrom_days = sums["days"].where(sums["angstrom_weight"] > 0, 0.0)
    daily = pd.DataFrame(
        {
            "n_days": valid_days,
            "n_points": sums["points"],
            "aod": valid_days * (sums["aod"] / sums["points"].where(sums["points"] > 0)),
            "angstrom": angstrom_days
            * (sums["angstrom"] / sums["angstrom_weight"].where(sums["angstrom_weight"] > 0)),
            "angstrom_days": angstrom_days,
        }
    )
    total = daily.groupby(keys).sum()
    means = total[["n_days", "n_points"]].astype(int)
    means["aod"] = total["aod"] / total["n_days"].where(total["n_days"] > 0)
    means["angstrom"] = total["angstrom"] / total["angstrom_days"].where(total["angstrom_days"] > 0)
    return means.join(_retrieved_means(sums.groupby(keys).sum()))


def _retrieved_means(total: pd.DataFrame) -> pd.DataFrame:
    means = pd.DataFrame(index=total.index)
    for name in ("ssa", "asymmetry"):
        if name in total:
            weight = total[f"{name}_weight"]
            means[name] = total[name] / weight.where(weight > 0)
    if "absorption_short" in total:
        means["coalbedo_angstrom"] = _coalbedo_exponent(total)
    return means


def _coalbedo_exponent(total: pd.DataFrame) -> pd.Series:
    """Exponent of tau (1 - ssa) between 440 and 870 nm minus that of tau.

    0 where nothing absorbs at one of the ends, NaN where there are no retrievals.
    """
    short, long = total["absorption_short"], total["absorption_long"]
    absorbs = (short > 0) & (long > 0)
    coalbedo_short = short.where(absorbs) / total["extinction_short"]
    coalbedo_long = long.where(absorbs) / total["extinction_long"]
    exponent = -np.log(coalbedo_short / coalbedo_long) / np.log(440 / 870)
    retrieved = (total["extinction_short"] > 0) & (total["extinction_long"] > 0)
    return exponent.where(absorbs, 0.0).where(retrieved)
