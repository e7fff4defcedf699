"""What a two-stream scheme gives: fast, approximate fluxes, for comparison alone.

No other result of the package comes from here. It is the scheme of most climate models: delta
scaling with f = g^2 of each scatterer (Joseph et al. 1976,
doi:10.1175/1520-0469(1976)033<2452:TDEAFR>2.0.CO;2),
the coefficients of the practical improved flux method (Zdunkowski et al. 1980, Beitr. Phys. Atmos.
53, 147) in the solutions of Meador and Weaver (1980,
doi:10.1175/1520-0469(1980)037<0630:TSATRT>2.0.CO;2; eqs. 14, 15, 25 and 26), and adding of the
layers from the surface up (Shonk and Hogan 2008, doi:10.1175/2007JCLI1940.1).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.columns.column import Column, column_arrays
from aeroforcing.core.arrays import Floats, ratio
from aeroforcing.core.checks import check_between, check_cos_zenith, check_is
from aeroforcing.core.constants import SOLAR_CONSTANT
from aeroforcing.core.errors import suggest_keywords
from aeroforcing.core.variables import stamp
from aeroforcing.optics.gas_table import GasTable, load_gas_table
from aeroforcing.optics.surface_albedo import ocean_albedo_direct
from aeroforcing.transport.column_optics import (
    fill_albedos,
    fill_optics,
    make_optics,
    media_by_level,
)
from aeroforcing.transport.medium import (
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    FULL_ABSORPTION,
    FULL_SCATTERING,
)

_SMALLEST_K2 = 1e-12  # keeps conservative layers solvable
_RESONANCE = 1e-9  # of k mu = 1, where the formulas have 0 / 0


class Ends(NamedTuple):
    """Fluxes at the top and at the surface, as parts of the incoming flux."""

    toa_up: Floats
    surface_down: Floats
    surface_up: Floats


class Layers(NamedTuple):
    """Delta-scaled depths of extinction, scattering and asymmetry x scattering, (layer, ...).

    And that of the extinction as it is, for the beam that was never scattered.
    """

    extinction: Floats
    scattering: Floats
    forward: Floats
    unscaled: Floats


def clear_layers(media: Floats, *, with_aerosol: bool) -> Layers:
    """Delta-scaled layers of media without cloud, (..., level, column)."""
    depth = np.moveaxis(np.diff(media, axis=-2), -2, 0)
    asymmetry = np.moveaxis(media[..., :-1, AEROSOL_ASYMMETRY], -1, 0)
    rayleigh = depth[..., CLEAN_SCATTERING]
    absorption = depth[..., FULL_ABSORPTION if with_aerosol else CLEAN_ABSORPTION]
    aerosol = depth[..., FULL_SCATTERING] - rayleigh if with_aerosol else np.zeros_like(rayleigh)
    peak = asymmetry**2
    scattering = rayleigh + (1.0 - peak) * aerosol
    return Layers(
        extinction=absorption + scattering,
        scattering=scattering,
        forward=(asymmetry - peak) * aerosol,
        unscaled=absorption + rayleigh + aerosol,
    )


def two_stream(layers: Layers, *, cos_zenith: float, direct: Floats, diffuse: Floats) -> Ends:
    """Fluxes of a stack of layers over a surface.

    Parameters
    ----------
    layers
        From the top down.
    cos_zenith
        Cosine of the solar zenith angle.
    direct, diffuse
        (...) albedo of the surface for the direct beam and for diffuse light. The scaled beam holds
        the forward peak of the scattering, too, which is diffuse light to the surface.
    """
    beam = np.ones_like(layers.extinction[0])
    solved = []
    for layer in zip(*layers[:3], strict=True):
        reflected, transmitted, *diffuse_pair = _layer(*layer, cos_zenith)
        solved.append((reflected * beam, transmitted * beam, *diffuse_pair))
        beam = beam * np.exp(-layer[0] / cos_zenith)
    unscattered = np.exp(-layers.unscaled.sum(axis=0) / cos_zenith)
    reflected = direct * unscattered + diffuse * (beam - unscattered)
    return _added(solved, beam, reflected, diffuse)


def _added(
    solved: list[tuple[Floats, ...]], beam: Floats, reflected: Floats, diffuse: Floats
) -> Ends:
    """Add layers from the surface up, then follow the diffuse flux down.

    Below each level lies something that reflects diffuse light and sends up a flux of its own, at
    the surface what it reflects of the beam.
    """
    below = [(np.broadcast_to(diffuse, beam.shape), reflected)]
    for up, down, r, t in reversed(solved):
        albedo, source = below[-1]
        many = 1.0 / (1.0 - r * albedo)
        below.append((r + t * t * albedo * many, up + t * many * (source + albedo * down)))
    toa_up = below[-1][1]
    falling = np.zeros_like(beam)
    for (_, down, r, t), (albedo, source) in zip(solved, below[-2::-1], strict=True):
        falling = (t * falling + r * source + down) / (1.0 - r * albedo)
    return Ends(toa_up, falling + beam, reflected + diffuse * falling)


def _layer(
    extinction: Floats, scattering: Floats, forward: Floats, mu: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Reflectance and transmittance of a layer: scattered from the beam, and for diffuse light."""
    ssa, g = ratio(scattering, extinction), ratio(forward, scattering)
    g1, g2 = (8.0 - ssa * (5.0 + 3.0 * g)) / 4.0, 3.0 * ssa * (1.0 - g) / 4.0
    g3 = (2.0 - 3.0 * mu * g) / 4.0
    g4 = 1.0 - g3
    a1, a2 = g1 * g4 + g2 * g3, g1 * g3 + g2 * g4
    k = np.sqrt(np.maximum((g1 - g2) * (g1 + g2), _SMALLEST_K2))
    e, beam = np.exp(-k * extinction), np.exp(-extinction / mu)
    n = 1.0 / (k * (1.0 + e * e) + g1 * (1.0 - e * e))
    km = k * mu
    resonance = 1.0 - km * km
    near = np.abs(resonance) < _RESONANCE
    n_beam = ssa * n / np.where(near, _RESONANCE, resonance)
    up = (1.0 - km) * (a2 + k * g3) - (1.0 + km) * (a2 - k * g3) * e * e
    up -= 2.0 * k * (g3 - a2 * mu) * e * beam
    down = (1.0 + km) * (a1 + k * g4) * beam - (1.0 - km) * (a1 - k * g4) * e * e * beam
    down -= 2.0 * k * (g4 + a1 * mu) * e
    return n_beam * up, -n_beam * down, g2 * (1.0 - e * e) * n, 2.0 * k * e * n


@suggest_keywords
def two_stream_fluxes(
    column: Column,
    *,
    cos_zenith: float,
    solar_constant: float = SOLAR_CONSTANT,
    gas_table: str | Path = "g112",
) -> xr.Dataset:
    """Clear-sky fluxes of a column by the two-stream scheme: the optics of the solver, no noise.

    In a comparison with another model it tells differences of the optics, which it shares with
    `column_fluxes`, from those of the transport, which is that of most climate models here.
    Clouds are left out, as in the variables `_cs` of `column_fluxes`. Climate models let a surface
    of two albedos reflect the forward peak of the aerosol's scattering, which the scheme adds to
    the direct beam, by that for the beam; here it is reflected as the diffuse light that it is.

    Parameters
    ----------
    column
        The column.
    cos_zenith
        Cosine of the solar zenith angle, in (0, 1].
    solar_constant
        Irradiance at the top of the atmosphere, perpendicular to the beam [W m-2].
    gas_table
        "g112", or the path of an RRTMGP shortwave table.

    Returns
    -------
    xarray.Dataset
        `toa_down_cs, toa_up_cs, surface_down_cs, surface_up_cs`, the same with `_clean` (no
        aerosol), and `forcing_toa_cs, forcing_atmosphere_cs, forcing_surface_cs` [W m-2].

    Raises
    ------
    InputError
        A value is outside its range.
    """
    check_is("two_stream_fluxes", "column", column, Column)
    check_cos_zenith(cos_zenith)
    check_between("solar_constant", solar_constant, 0.0, 1e5)
    table = load_gas_table(gas_table)
    incoming = float(solar_constant * cos_zenith)
    full, clean = (
        {
            "toa_down": incoming,
            **{
                name: incoming * float((table.solar_fraction * values).sum())
                for name, values in ends._asdict().items()
            },
        }
        for ends in _both_ends(column, table, float(cos_zenith))
    )
    change = {name: full[name] - clean[name] for name in full}
    top, surface = -change["toa_up"], change["surface_down"] - change["surface_up"]
    fluxes = {f"{name}_cs": full[name] for name in full}
    fluxes |= {f"{name}_clean_cs": clean[name] for name in clean}
    fluxes |= {
        "forcing_toa_cs": top,
        "forcing_atmosphere_cs": top - surface,
        "forcing_surface_cs": surface,
    }
    attrs = {"solar_constant": float(solar_constant), "gas_table": str(gas_table)}
    return stamp(xr.Dataset({name: ((), value) for name, value in fluxes.items()}, attrs=attrs))


def _both_ends(column: Column, table: GasTable, cos_zenith: float) -> tuple[Ends, Ends]:
    """Fluxes by g-point with and without aerosol, as parts of the incoming flux."""
    arrays = column_arrays([column], table=table, cell_id=[0])
    n_layers, n_bands = arrays.temperature_layers.shape[1], arrays.albedo_diffuse.shape[1]
    optics = make_optics(n_layers, table.g_band.size, 0, n_bands)
    fill_optics(table, arrays, 0, cos_zenith, optics)
    fill_albedos(arrays, 0, optics.albedo_diffuse, optics.albedo_direct)
    water = arrays.open_water[0] * ocean_albedo_direct(
        arrays.ocean_law[0], arrays.wind_speed[0], cos_zenith
    )
    media = media_by_level(optics)
    full, clean = (
        two_stream(
            clear_layers(media, with_aerosol=with_aerosol),
            cos_zenith=cos_zenith,
            direct=optics.albedo_direct[table.g_band] + water,
            diffuse=optics.albedo_diffuse[table.g_band],
        )
        for with_aerosol in (True, False)
    )
    return full, clean


def two_stream_forcing(
    column: Column, *, table: GasTable, cos_zenith: float, solar_constant: float
) -> dict[str, float]:
    """Forcing of a column without clouds by the two-stream scheme.

    Returns
    -------
    `forcing_toa`, `forcing_atmosphere` and `forcing_surface` [W m-2].
    """
    incoming = solar_constant * cos_zenith * table.solar_fraction
    full, clean = _both_ends(column, table, cos_zenith)
    top = -float((incoming * (full.toa_up - clean.toa_up)).sum())
    surface = float((incoming * (full.surface_down - clean.surface_down)).sum())
    surface -= float((incoming * (full.surface_up - clean.surface_up)).sum())
    return {
        "forcing_toa": top,
        "forcing_atmosphere": top - surface,
        "forcing_surface": surface,
    }
