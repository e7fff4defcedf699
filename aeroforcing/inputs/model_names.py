"""Names and units under which models and reanalyses hold the state of the atmosphere.

A quantity is known by its CF standard name, or by a name that ECMWF (ERA5, ecRad), NASA GMAO
(MERRA-2) or CMIP models use for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import xarray as xr

from aeroforcing.core.checks import check_numbers, first_place
from aeroforcing.core.constants import GRAVITY
from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import VARIABLES

_PER_KG = dict.fromkeys(("kgkg-1", "kg/kg", "kgkg**-1", "kgkg^-1", "1", ""), 1.0) | {"g/kg": 1e-3}
_SHARE = {"1": 1.0, "": 1.0, "(0-1)": 1.0, "fraction": 1.0, "%": 0.01}
_NUMBER = {"1": 1.0, "": 1.0}
_PASCALS = {"pa": 1.0} | dict.fromkeys(("hpa", "mb", "mbar", "millibar", "millibars"), 100.0)
_MOLAR = dict.fromkeys(("molmol-1", "mol/mol", "molmol**-1", "1", ""), 1.0) | {
    "ppm": 1e-6, "ppmv": 1e-6, "1e-6": 1e-6, "ppb": 1e-9, "ppbv": 1e-9, "1e-9": 1e-9,
}  # fmt: skip
_SIZES = {"m": 1.0} | dict.fromkeys(("um", "micron", "microns", "\u00b5m", "\u03bcm"), 1e-6)
_METRES = {"m": 1.0, "gpm": 1.0, "km": 1e3} | dict.fromkeys(
    ("m2s-2", "m**2s**-2", "m+2s-2", "m^2s^-2"), 1.0 / GRAVITY
)


class _Quantity(NamedTuple):
    """How a quantity is called (in lower case), and the factors of its units to SI."""

    standard_names: tuple[str, ...]
    names: tuple[str, ...]
    units: Mapping[str, float]


def _mixing_ratio(*names: str, standard_name: str = "") -> _Quantity:
    return _Quantity((standard_name,) if standard_name else (), names, _PER_KG)


def _gas(standard_name: str, *names: str) -> _Quantity:
    ratios = [name.replace("_mole_fraction", "_vmr") for name in names]  # by volume: the same
    return _Quantity((standard_name,), tuple(dict.fromkeys([*names, *ratios])), _MOLAR)


_WELL_MIXED = {"co2": "carbon_dioxide", "ch4": "methane", "n2o": "nitrous_oxide"}

# What a name stands for where the units are those of the other of the two, and there is no standard
# name: mole fractions or mass fractions, both in moist air.
_BY_UNITS = {"ozone_mass": "ozone_mole", **{gas: f"{gas}_mass" for gas in _WELL_MIXED}}

GOCART = {
    **{f"dust_{i}": f"DU00{i}" for i in range(1, 6)},
    **{f"sea_salt_{i}": f"SS00{i}" for i in range(1, 6)},
    "sulfate": "SO4",
    "black_carbon": "BCPHILIC",
    "organic_carbon": "OCPHILIC",
    "black_carbon_dry": "BCPHOBIC",
    "organic_carbon_dry": "OCPHOBIC",
}
"""MERRA-2 names of the mass mixing ratios of the components of `species`."""

QUANTITIES: Mapping[str, _Quantity] = {
    "temperature": _Quantity(
        ("air_temperature",), ("t", "ta", "temperature", "air_temperature"), {"k": 1.0}
    ),
    "humidity": _mixing_ratio(
        "q", "hus", "qv", "h2o_mmr", "specific_humidity", standard_name="specific_humidity"
    ),
    "ozone_mass": _mixing_ratio(
        "o3", "o3_mmr", "ozone_mass_mixing_ratio", standard_name="mass_fraction_of_ozone_in_air"
    ),
    "ozone_mole": _gas("mole_fraction_of_ozone_in_air", "vmro3", "o3vmr", "o3_mole_fraction"),
    "co2": _gas("mole_fraction_of_carbon_dioxide_in_air", "co2", "vmrco2", "co2_mole_fraction"),
    "ch4": _gas("mole_fraction_of_methane_in_air", "ch4", "vmrch4", "ch4_mole_fraction"),
    "n2o": _gas("mole_fraction_of_nitrous_oxide_in_air", "n2o", "vmrn2o", "n2o_mole_fraction"),
    **{
        f"{gas}_{kind}": _Quantity((f"{prefix}_of_{name}_in_{air}",), (), units)
        for gas, name in _WELL_MIXED.items()
        for kind, prefix, air, units in (
            ("mass", "mass_fraction", "air", _PER_KG), ("dry", "mole_fraction", "dry_air", _MOLAR)
        )
    },
    "cloud_fraction": _Quantity(
        ("cloud_area_fraction_in_atmosphere_layer",),
        ("cc", "cl", "cloud", "cloud_fraction", "fraction_of_cloud_cover"),
        _SHARE,
    ),
    "cloud_std": _Quantity((), ("fractional_std",), _NUMBER),
    "cloud_liquid": _mixing_ratio(
        "clwc", "clw", "ql", "q_liquid", "specific_cloud_liquid_water_content",
        standard_name="mass_fraction_of_cloud_liquid_water_in_air",
    ),
    "cloud_ice": _mixing_ratio(
        "ciwc", "cli", "qi", "q_ice", "specific_cloud_ice_water_content",
        standard_name="mass_fraction_of_cloud_ice_in_air",
    ),
    **{
        f"{phase}_radius": _Quantity(
            tuple(f"effective_radius_of_cloud_{word}_particle{end}" for end in ("", "s")),
            (f"re_{phase}",), _SIZES,
        )
        for phase, word in (("liquid", "liquid_water"), ("ice", "ice"))
    },
    **{name: _mixing_ratio(short.lower()) for name, short in GOCART.items()},
    "pressure": _Quantity(
        ("air_pressure",), ("p", "pl", "pfull", "plev", "pressure", "air_pressure"), _PASCALS
    ),
    "interface_pressure": _Quantity(
        (), ("phalf", "ple", "pressure_hl", "pressure_interface"), _PASCALS
    ),
    "interface_temperature": _Quantity((), ("temperature_hl",), {"k": 1.0}),
    "thickness": _Quantity((), ("delp", "pressure_thickness_of_layers"), _PASCALS),
    "surface_pressure": _Quantity(
        ("surface_air_pressure",), ("sp", "ps", "surface_pressure"), _PASCALS
    ),
    "surface_albedo": _Quantity(("surface_albedo",), ("surface_albedo", "albedo", "fal"), _SHARE),
    "aod": _Quantity(
        ("atmosphere_optical_thickness_due_to_ambient_aerosol_particles",),
        ("aod", "od550aer", "totexttau", "aod_550"),
        _NUMBER,
    ),
    "ssa": _Quantity(
        ("single_scattering_albedo_in_air_due_to_ambient_aerosol_particles",), ("ssa",), _NUMBER
    ),
    "asymmetry": _Quantity(
        ("asymmetry_factor_of_ambient_aerosol_particles",), ("asymmetry", "asy"), _NUMBER
    ),
    "angstrom": _Quantity(
        ("angstrom_exponent_of_ambient_aerosol_in_air",),
        ("angstrom", "totangstr", "ang4487aer"),
        _NUMBER,
    ),
    "coalbedo_angstrom": _Quantity((), ("coalbedo_angstrom",), _NUMBER),
    "surface_altitude": _Quantity(
        ("surface_altitude", "surface_geopotential"), ("orog", "phis", "surface_geopotential"),
        _METRES,
    ),
}  # fmt: skip


def known_quantities(dataset: xr.Dataset, *, source: str) -> dict[str, xr.DataArray]:
    """Quantities of a dataset that are known, by their names here, in SI units.

    Parameters
    ----------
    dataset
        Any; a coordinate of a dimension is not among them.
    source
        For messages.

    Raises
    ------
    InputError
        Two variables are the same quantity, or a unit is unknown.
    """
    found: dict[str, xr.DataArray] = {}
    for key in (*dataset.data_vars, *dataset.coords):
        array = dataset[key]
        name = quantity_of(str(key), str(array.attrs.get("standard_name", "")))
        if name is None or key in array.dims:
            continue
        name = _by_units(name, array)
        if name in found:
            raise InputError(
                f"{source}: {key} and another variable both are {name}; keep one of them."
            )
        found[name] = _in_si(array, name, source).reset_coords(drop=True)
    return found


def names_of(quantity: str) -> str:
    """How a quantity can be called, for messages."""
    known = QUANTITIES[quantity]
    return ", ".join((*known.standard_names, *known.names))


def pascals(units: str) -> float | None:
    """Factor from units of pressure to Pa; None for others."""
    return _PASCALS.get(units.replace(" ", "").lower())


def quantity_of(key: str, standard_name: str) -> str | None:
    """The quantity that a variable of a name and standard name is; None if it is not known."""
    for name, quantity in QUANTITIES.items():
        if standard_name and standard_name in quantity.standard_names:
            return name
    return next((name for name, q in QUANTITIES.items() if key.lower() in q.names), None)


def _by_units(name: str, array: xr.DataArray) -> str:
    """The quantity, or the one of the same names that has the units which the variable has."""
    other = _BY_UNITS.get(name)
    units = str(array.attrs.get("units", "")).replace(" ", "").lower()
    if other is None or "standard_name" in array.attrs or units in QUANTITIES[name].units:
        return name
    return other if units in QUANTITIES[other].units else name


def _in_si(array: xr.DataArray, name: str, source: str) -> xr.DataArray:
    check_numbers(array, name, source=source)
    given = str(array.attrs.get("units", ""))
    factors = QUANTITIES[name].units
    factor = factors.get(given.replace(" ", "").lower())
    if factor is None:
        raise InputError(
            f"{source}: {array.name} ({name}) has units {given!r}; set its "
            f"attribute units to one of {', '.join(u for u in factors if u)}."
        )
    values = array.astype(float) * factor
    if name == "surface_pressure":
        _check_pressure(values, given, source)
    return values


def _check_pressure(values: xr.DataArray, units: str, source: str) -> None:
    """Refuse a surface pressure that no place has: one in other units than it says."""
    known = VARIABLES["surface_pressure"]
    low = values < known.valid_min
    if low.any():
        raise InputError(
            f"{source}: variable surface_pressure is out of range in {int(low.sum())} of "
            f"{low.size} cells, first at {first_place(low)} with "
            f"{values.values[low.values][0]:g} Pa; allowed is {known.allowed}. Its units are "
            f"{units!r}: are the values in hPa?"
        )
