"""Small files in the layouts of the real products, for the tests of the readers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr

CHANNELS = (1020, 870, 675, 500, 440, 380)
V3_PREAMBLE = (
    "AERONET Version 3; ",
    "Testsite",
    "Version 3: AOD Level 2.0",
    "The following data are automatically cloud cleared and quality assured",
    "Contact: PI=Jos\xe9_Mu\xf1oz; PI Email=nobody@example.org",
    "All Points,UNITS can be found at,,, https://aeronet.gsfc.nasa.gov/new_web/units.html",
)
INVERSION_CHANNELS = (440, 675, 870, 1020)


def power_law(aod550: float, angstrom: float, wavelength: float) -> float:
    return aod550 * (wavelength / 550.0) ** -angstrom


def direct_sun_names() -> list[str]:
    return [
        "Date(dd:mm:yyyy)", "Time(hh:mm:ss)", "Day_of_Year",
        *(f"AOD_{c}nm" for c in CHANNELS), "AOD_Empty", "AOD_Empty",
        "440-870_Angstrom_Exponent", "AERONET_Site_Name", "Site_Latitude(Degrees)",
        "Site_Longitude(Degrees)", "Site_Elevation(m)", "Last_Date_Processed",
    ]  # fmt: skip


def day_of_year(date: str) -> str:
    """That of a date dd:mm:yyyy; 5 for what is none."""
    day = pd.to_datetime(date, format="%d:%m:%Y", errors="coerce")
    return "5" if pd.isna(day) else str(day.day_of_year)


def direct_sun_record(
    date: str,
    aod550: float,
    angstrom: float,
    *,
    site: str = "Testsite",
    missing: str = "-999.",
    time: str = "10:13:33",
) -> list[str]:
    return [
        date, time, day_of_year(date),
        *(f"{power_law(aod550, angstrom, c):.9f}" for c in CHANNELS), missing, missing,
        f"{angstrom:.6f}", site, "-23.561500", "-46.734983", "786.000000", "22:08:2018",
    ]  # fmt: skip


def text(preamble: Sequence[str], names: Sequence[str], records: Sequence[Sequence[str]]) -> bytes:
    lines = [*preamble, ",".join(names), *(",".join(record) for record in records)]
    return ("\n".join(lines) + "\n").encode("latin-1")


def direct_sun(records: Sequence[Sequence[str]]) -> bytes:
    """A Version 3 file of direct sun AOD."""
    return text(V3_PREAMBLE, direct_sun_names(), records)


def many_days(count: int = 60) -> bytes:
    """Two measurements on each of many days from 1 January 2016."""
    days = pd.date_range("2016-01-01", periods=count).strftime("%d:%m:%Y")
    aods = 0.2 + 0.1 * np.sin(np.arange(count))
    records = [
        direct_sun_record(day, aod + shift, 1.3)
        for day, aod in zip(days, aods, strict=True)
        for shift in (0.0, 0.02)
    ]
    return direct_sun(records)


_SPECTRUM = (1640, 1020, 870, 865, 779, 675, 667, 620, 560, 555, 551, 532, 531, 510, 500, 490, 443,
             440, 412, 400, 380, 340)  # fmt: skip
_EXPONENTS = ("440-870", "380-500", "440-675", "500-870", "340-440")


def _means_names() -> list[str]:
    """Columns of daily and monthly means, in the order of the network's own files."""
    return [
        *(f"AOD_{c}nm" for c in _SPECTRUM), "Precipitable_Water(cm)", "AOD_681nm", "AOD_709nm",
        *["AOD_Empty"] * 5, *(f"{pair}_Angstrom_Exponent" for pair in _EXPONENTS),
        "440-675_Angstrom_Exponent[Polar]",
    ]  # fmt: skip


def _means(aod550: float, angstrom: float) -> list[str]:
    spectrum = (f"{power_law(aod550, angstrom, c):.9f}" if c in CHANNELS else "-999." for c in
                _SPECTRUM)  # fmt: skip
    return [*spectrum, "2.487799", *["-999."] * 7, *[f"{angstrom:.6f}"] * 5, "-999."]


def _counts(count: int) -> list[str]:
    measured = (count if c in CHANNELS else 0 for c in _SPECTRUM)
    return [*map(str, measured), str(count), *["0"] * 7, *[str(count)] * 5, "0"]


def daily_direct_sun(days: dict[str, tuple[float, int]], *, angstrom: float = 1.0) -> bytes:
    """A Version 3 file of daily means: date -> AOD at 550 nm and number of measurements."""
    counts = (f"N[{name}]" for name in _means_names())
    names = ["AERONET_Site", "Date(dd:mm:yyyy)", "Time(hh:mm:ss)", "Day_of_Year", *_means_names(),
             *counts, "Data_Quality_Level", "AERONET_Instrument_Number", "AERONET_Site_Name",
             "Site_Latitude(Degrees)", "Site_Longitude(Degrees)", "Site_Elevation(m)"]  # fmt: skip
    records = [
        ["Testsite", date, "12:00:00", day_of_year(date), *_means(aod, angstrom), *_counts(n),
         "lev20", "3", "Testsite", "-23.561500", "-46.734983", "786.000000"]
        for date, (aod, n) in days.items()
    ]  # fmt: skip
    preamble = (*V3_PREAMBLE[:-1], V3_PREAMBLE[-1].replace("All Points", "Daily Averages"))
    return text(preamble, names, records)


def monthly_direct_sun(
    months: dict[str, tuple[float, int, int]], *, angstrom: float = 1.0
) -> bytes:
    """A Version 3 file of monthly means: month -> AOD at 550 nm, numbers of days and measurements.

    These files have no column with the name of the site.
    """
    kinds = ("NUM_DAYS", "NUM_POINTS")
    counts = [f"{kind}[{name}]" for kind in kinds for name in _means_names()]
    names = ["Month", *_means_names(), *counts, "Data_Quality_Level", "Latitude(degrees)",
             "Longitude(degrees)", "Elevation(meters)"]  # fmt: skip
    records = [
        [month, *_means(aod, angstrom), *_counts(days), *_counts(points), "lev20", "-23.561500",
         "-46.734983", "786.000000"]
        for month, (aod, days, points) in months.items()
    ]  # fmt: skip
    preamble = (*V3_PREAMBLE[:-1], V3_PREAMBLE[-1].removeprefix("All Points,"))
    return text(preamble, names, records)


def inversion_names() -> list[str]:
    spectra = ("AOD_Extinction-Total", "Single_Scattering_Albedo", "Absorption_AOD",
               "Asymmetry_Factor-Total")  # fmt: skip
    return [
        "Site", "Date(dd:mm:yyyy)", "Time(hh:mm:ss)", "Day_of_Year",
        *(f"{name}[{c}nm]" for name in spectra for c in INVERSION_CHANNELS),
        "Extinction_Angstrom_Exponent_440-870nm-Total", "Latitude(Degrees)", "Longitude(Degrees)",
        "Elevation(m)", "Last_Processing_Date(dd:mm:yyyy)",
    ]  # fmt: skip


def inversion_record(
    date: str,
    *,
    aod550: float,
    angstrom: float = 1.2,
    coalbedo550: float = 0.08,
    kappa: float = 0.0,
    asymmetry: float = 0.68,
    site: str = "Testsite",
    ssa_missing: bool = False,
    time: str = "08:00:00",
) -> list[str]:
    tau = np.array([power_law(aod550, angstrom, c) for c in INVERSION_CHANNELS])
    coalbedo = np.array([power_law(coalbedo550, kappa, c) for c in INVERSION_CHANNELS])
    blank = ["-999.0"] * len(tau)
    return [
        site, date, time, day_of_year(date), *(f"{t:.9f}" for t in tau),
        *(blank if ssa_missing else [f"{1 - c:.9f}" for c in coalbedo]),
        *(blank if ssa_missing else [f"{t * c:.9f}" for t, c in zip(tau, coalbedo, strict=True)]),
        *(f"{asymmetry:.6f}" for _ in tau), f"{angstrom:.6f}", "-23.5615", "-46.7350", "786.0",
        "06:01:2018",
    ]  # fmt: skip


def inversion(records: Sequence[Sequence[str]]) -> bytes:
    """A Version 3 file of almucantar inversions."""
    preamble = ("AERONET Version 3", "Testsite", "Version 3: Almucantar Level 2.0 Inversion")
    return text(preamble, inversion_names(), records)


def hdf4(path: Path, data_sets: dict[str, tuple[np.ndarray, dict]], metadata: str = "") -> Path:
    """An HDF4 file of data sets with attributes, as the MODIS and MISR products are."""
    sd = pytest.importorskip("pyhdf.SD")
    kinds = {"i2": sd.SDC.INT16, "f4": sd.SDC.FLOAT32, "f8": sd.SDC.FLOAT64}
    file = sd.SD(str(path), sd.SDC.WRITE | sd.SDC.CREATE | sd.SDC.TRUNC)
    for name, (values, attributes) in data_sets.items():
        selected = file.create(name, kinds[values.dtype.str[1:]], values.shape)
        selected[:] = values
        for key, value in attributes.items():
            if key == "_FillValue":
                selected.setfillvalue(value)
            else:
                selected.attr(key).set(sd.SDC.FLOAT64, value)
        selected.endaccess()
    if metadata:
        file.attr("CoreMetadata.0").set(sd.SDC.CHAR, metadata)
    file.end()
    return path


def core_metadata(first_day: str) -> str:
    return (
        "GROUP = RANGEDATETIME\n OBJECT = RANGEBEGINNINGDATE\n  NUM_VAL = 1\n"
        f'  VALUE = "{first_day}"\n END_OBJECT = RANGEBEGINNINGDATE\nEND_GROUP\n'
    )


MODIS_FILL = -9999
COMBINED = "AOD_550_Dark_Target_Deep_Blue_Combined_Mean_Mean"


def modis(
    path: Path,
    stored: np.ndarray,
    *,
    name: str = COMBINED,
    offset: float = 0.0,
    first_day: str = "2005-07-01",
) -> Path:
    """A MOD08_M3 file on a grid of 10 degrees; `stored` are the packed integers."""
    axes = {"XDim": np.arange(-175.0, 180.0, 10.0), "YDim": np.arange(85.0, -90.0, -10.0)}
    packing = {"scale_factor": 0.001, "add_offset": offset, "_FillValue": MODIS_FILL}
    data_sets: dict[str, tuple[np.ndarray, dict]] = {
        axis: (values, {}) for axis, values in axes.items()
    }
    return hdf4(path, data_sets | {name: (stored.astype("i2"), packing)}, core_metadata(first_day))


def modis_stored(seed: int = 0) -> np.ndarray:
    stored = np.random.default_rng(seed).integers(10, 900, (18, 36)).astype("i2")
    stored[0] = MODIS_FILL
    return stored


MISR_LAT, MISR_LON = np.arange(-75.0, 80.0, 30.0), np.arange(-165.0, 180.0, 30.0)
_BANDS = ("blue_446nm", "green_558nm", "red_672nm", "nir_867nm")
_RANGES = ("all", "0.00-0.05", "0.05-0.15")


def misr_fields(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """AOD over (lat, lon, band, range) and its exponent over (lat, lon, range)."""
    rng = np.random.default_rng(seed)
    shape = (MISR_LAT.size, MISR_LON.size)
    aod = rng.uniform(0.05, 0.9, (*shape, len(_BANDS), len(_RANGES)))
    exponent = rng.uniform(0.2, 2.0, (*shape, len(_RANGES)))
    exponent[0, 0] = np.nan
    aod[1, 1] = np.nan
    return aod, exponent


def misr_grouped(
    path: Path, *, bands: Sequence[str] = _BANDS, aod_name: str = "Aerosol_Optical_Depth"
) -> Path:
    """A file with the group, dimensions and names of the edition F15_0032."""
    aod, exponent = misr_fields()
    sizes = {"Latitude": MISR_LAT.size, "Longitude": MISR_LON.size, "Band": 4,
             "Optical_Depth_Range": 3}  # fmt: skip
    with netCDF4.Dataset(path, "w") as file:
        group = file.createGroup("Aerosol_Parameter_Average")
        for name, size in sizes.items():
            group.createDimension(name, size)
        for name, values in (("Latitude", MISR_LAT), ("Longitude", MISR_LON)):
            group.createVariable(name, "f4", (name,))[:] = values
        for name, labels in (("Band", bands), ("Optical_Depth_Range", _RANGES)):
            variable = group.createVariable(name, str, (name,))
            for i, label in enumerate(labels):
                variable[i] = label
        places = ("Latitude", "Longitude", "Optical_Depth_Range")
        for name, dims, values in (
            (aod_name, tuple(sizes), aod), ("Angstrom_Exponent_550_860", places, exponent),
        ):  # fmt: skip
            variable = group.createVariable(name, "f4", dims, fill_value=-9999.0)
            variable[:] = np.ma.masked_invalid(values)
    return path


def model_grid(
    fields: dict[str, float | np.ndarray], *, months: Sequence[str] = ("2005-07",)
) -> xr.Dataset:
    """Fields of a model over (time, lat, lon), as MERRA-2 orders them."""
    lat, lon = np.arange(-90.0, 91.0, 30.0), np.arange(-180.0, 180.0, 45.0)
    shape = (len(months), lat.size, lon.size)
    variables = {
        name: (("time", "lat", "lon"), np.broadcast_to(value, shape).astype("f4"))
        for name, value in fields.items()
    }
    times = pd.DatetimeIndex([f"{month}-01T00:30" for month in months])
    return xr.Dataset(variables, {"time": times, "lat": lat, "lon": lon})
