"""Forcing of columns by solvers that know one wavelength and one sun: hours x g-points x skies x 2.

A solver takes the media of all g-points and the hours of a day, and gives the flux up at the top
and the net flux down at the surface as parts of the incoming flux. Three of them are here: a
compiled two-stream scheme, discrete ordinates (nanodisort), and the two-stream kernels of
jax-rrtmgp. The last two are optional: `available` tells whether they are installed.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aeroforcing.transport.column_optics import media_by_level
from aeroforcing.transport.medium import (
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    RAYLEIGH,
)
from benchmarks.cases import Case, Sunlight, beam_albedo, column_optics, daylight, skies_of

Floats = NDArray[np.float64]

# (media, with_aerosol, cosines (hour,), direct (hour, g), diffuse (g,)) ->
# flux up at the top and net down at the surface per incoming flux, each (hour, g)
FluxSolver = Callable[[Floats, bool, Floats, Floats, Floats], tuple[Floats, Floats]]

RAYLEIGH_MOMENT = 0.1  # the only one, chi_2
_ALMOST_ONE = 1.0 - 1e-7  # discrete ordinates are ill-conditioned without absorption
_SMALLEST_K2 = 1e-12  # keeps conservative layers solvable
_RESONANCE = 1e-9  # of k mu = 1, where the formulas have 0 / 0


def column_forcing(
    case: Case, cell: int, *, sky: str, solver: FluxSolver, light: Sunlight | None = None
) -> Floats:
    """Forcing at the top, in the atmosphere and at the surface, (level,) [W m-2]."""
    optics = column_optics(case, cell)
    sun = daylight(case.sun, cell) if light is None else light
    direct = beam_albedo(case, cell, optics.albedo_direct, sun.cos_zenith)
    diffuse = optics.albedo_diffuse[case.table.g_band]
    incoming = sun.flux[:, None] * case.table.solar_fraction[None, :]
    forcing = np.zeros(3)
    for share, media in skies_of(case, cell, media_by_level(optics), sky):
        full, clean = (solver(media, on, sun.cos_zenith, direct, diffuse) for on in (True, False))
        top = -float((incoming * (full[0] - clean[0])).sum())
        surface = float((incoming * (full[1] - clean[1])).sum())
        forcing += share * np.array([top, top - surface, surface])
    return forcing


def available(package: str) -> bool:
    """Whether an optional package is installed."""
    return importlib.util.find_spec(package) is not None


# --- a two-stream scheme, compiled


@njit(error_model="numpy")
def layer_response(extinction, scattering, forward, mu):
    """Reflectance and transmittance of a delta-scaled layer, of the beam and of diffuse light.

    The scheme of `two_stream.py`, whose docstring has the sources, for one layer.
    """
    if extinction <= 0.0:
        return 0.0, 0.0, 0.0, 1.0
    ssa = scattering / extinction
    g = forward / scattering if scattering > 0.0 else 0.0
    g1, g2 = (8.0 - ssa * (5.0 + 3.0 * g)) / 4.0, 3.0 * ssa * (1.0 - g) / 4.0
    g3 = (2.0 - 3.0 * mu * g) / 4.0
    g4 = 1.0 - g3
    a1, a2 = g1 * g4 + g2 * g3, g1 * g3 + g2 * g4
    k = math.sqrt(max((g1 - g2) * (g1 + g2), _SMALLEST_K2))
    e, beam = math.exp(-k * extinction), math.exp(-extinction / mu)
    n = 1.0 / (k * (1.0 + e * e) + g1 * (1.0 - e * e))
    km = k * mu
    resonance = 1.0 - km * km
    n_beam = ssa * n / (resonance if abs(resonance) >= _RESONANCE else _RESONANCE)
    up = (1.0 - km) * (a2 + k * g3) - (1.0 + km) * (a2 - k * g3) * e * e
    up -= 2.0 * k * (g3 - a2 * mu) * e * beam
    down = (1.0 + km) * (a1 + k * g4) * beam - (1.0 - km) * (a1 - k * g4) * e * e * beam
    down -= 2.0 * k * (g4 + a1 * mu) * e
    return n_beam * up, -n_beam * down, g2 * (1.0 - e * e) * n, 2.0 * k * e * n


@njit(error_model="numpy")
def scaled_layer(medium, layer, with_aerosol):
    """Delta-scaled extinction, scattering and asymmetry x scattering of a layer, f = g^2."""
    above, below = medium[layer], medium[layer + 1]
    rayleigh = below[RAYLEIGH] - above[RAYLEIGH]
    clean = below[CLEAN_SCATTERING] - above[CLEAN_SCATTERING]
    cloud, g_cloud = clean - rayleigh, above[CLOUD_ASYMMETRY]
    absorption = below[CLEAN_ABSORPTION] - above[CLEAN_ABSORPTION]
    scattering = rayleigh + (1.0 - g_cloud * g_cloud) * cloud
    forward = g_cloud * (1.0 - g_cloud) * cloud
    if with_aerosol:
        absorption = below[FULL_ABSORPTION] - above[FULL_ABSORPTION]
        aerosol = below[FULL_SCATTERING] - above[FULL_SCATTERING] - clean
        g = above[AEROSOL_ASYMMETRY]
        scattering += (1.0 - g * g) * aerosol
        forward += g * (1.0 - g) * aerosol
    return absorption + scattering, scattering, forward


@njit(error_model="numpy")
def unscaled_depth(medium, with_aerosol):
    """Depth of the whole stack as it is, for the beam that was never scattered."""
    if with_aerosol:
        return medium[-1, FULL_SCATTERING] + medium[-1, FULL_ABSORPTION]
    return medium[-1, CLEAN_SCATTERING] + medium[-1, CLEAN_ABSORPTION]


@njit(error_model="numpy")
def stack_fluxes(medium, with_aerosol, mu, direct, diffuse, solved, below):
    """Flux up at the top and net down at the surface of one stack; the last two are scratch."""
    n_layers = medium.shape[0] - 1
    beam = 1.0
    for layer in range(n_layers):
        extinction, scattering, forward = scaled_layer(medium, layer, with_aerosol)
        up, down, r, t = layer_response(extinction, scattering, forward, mu)
        solved[layer, 0], solved[layer, 1] = up * beam, down * beam
        solved[layer, 2], solved[layer, 3] = r, t
        beam *= math.exp(-extinction / mu)
    unscattered = math.exp(-unscaled_depth(medium, with_aerosol) / mu)
    reflected = direct * unscattered + diffuse * (beam - unscattered)
    below[n_layers, 0], below[n_layers, 1] = diffuse, reflected
    for layer in range(n_layers - 1, -1, -1):
        up, down, r, t = solved[layer]
        albedo, source = below[layer + 1]
        many = 1.0 / (1.0 - r * albedo)
        below[layer, 0] = r + t * t * albedo * many
        below[layer, 1] = up + t * many * (source + albedo * down)
    falling = 0.0
    for layer in range(n_layers):
        _, down, r, t = solved[layer]
        albedo, source = below[layer + 1]
        falling = (t * falling + r * source + down) / (1.0 - r * albedo)
    return below[0, 1], (1.0 - diffuse) * falling + beam - reflected


@njit(error_model="numpy")
def fill_two_stream(media, with_aerosol, cosines, direct, diffuse, top, surface):
    """Fluxes of all g-points and hours, (hour, g)."""
    solved, below = np.zeros((media.shape[1] - 1, 4)), np.zeros((media.shape[1], 2))
    for hour in range(cosines.size):
        for g in range(media.shape[0]):
            top[hour, g], surface[hour, g] = stack_fluxes(
                media[g], with_aerosol, cosines[hour], direct[hour, g], diffuse[g], solved, below
            )


def two_stream(
    media: Floats, with_aerosol: bool, cosines: Floats, direct: Floats, diffuse: Floats
) -> tuple[Floats, Floats]:
    """A `FluxSolver`: delta scaling, two-stream coefficients and adding, compiled."""
    top, surface = np.zeros(direct.shape), np.zeros(direct.shape)
    fill_two_stream(media, with_aerosol, cosines, direct, diffuse, top, surface)
    return top, surface


# --- discrete ordinates and jax-rrtmgp, on the layers' optics


class LayerOptics(NamedTuple):
    """Optical depths of layers, (g, layer), and asymmetry parameters of two scatterers."""

    absorption: Floats
    rayleigh: Floats
    aerosol: Floats
    cloud: Floats
    g_aerosol: Floats
    g_cloud: Floats

    @property
    def scattering(self) -> Floats:
        """Depth of all scattering."""
        return self.rayleigh + self.aerosol + self.cloud


def layer_optics(media: Floats, *, with_aerosol: bool) -> LayerOptics:
    """Layers of media (g, level, ...)."""
    depth = np.diff(media, axis=1)
    rayleigh, clean = depth[..., RAYLEIGH], depth[..., CLEAN_SCATTERING]
    aerosol = np.maximum(depth[..., FULL_SCATTERING] - clean, 0.0)
    return LayerOptics(
        absorption=depth[..., FULL_ABSORPTION if with_aerosol else CLEAN_ABSORPTION],
        rayleigh=rayleigh,
        aerosol=aerosol if with_aerosol else np.zeros_like(clean),
        cloud=np.maximum(clean - rayleigh, 0.0),
        g_aerosol=media[:, :-1, AEROSOL_ASYMMETRY],
        g_cloud=media[:, :-1, CLOUD_ASYMMETRY],
    )


def disort(*, streams: int) -> FluxSolver:
    """A `FluxSolver`: discrete ordinates by nanodisort with delta-M scaling, on one thread."""
    return partial(_disort_fluxes, streams)


def _disort_fluxes(
    streams: int,
    media: Floats,
    with_aerosol: bool,
    cosines: Floats,
    direct: Floats,
    diffuse: Floats,
) -> tuple[Floats, Floats]:
    """DISORT knows one albedo of the surface, that of diffuse light.

    What the beam's other albedo adds is a source at the surface in proportion to the unscaled beam;
    two streams say how much of it leaves.
    """
    layers = layer_optics(media, with_aerosol=with_aerosol)
    hours = [_disort_hour(layers, streams, mu, diffuse) for mu in cosines]
    found = (np.array(part) for part in zip(*hours, strict=True))
    same = np.broadcast_to(diffuse, direct.shape)
    own = two_stream(media, with_aerosol, cosines, direct, diffuse)
    one_albedo = two_stream(media, with_aerosol, cosines, same, diffuse)
    peak = layers.aerosol * layers.g_aerosol**2 + layers.cloud * layers.g_cloud**2
    beam = np.exp(-peak.sum(axis=1)[None, :] / cosines[:, None])  # over the delta-scaled one
    top, surface = (f + (a - b) * beam for f, a, b in zip(found, own, one_albedo, strict=True))
    return top, surface


def _disort_hour(
    layers: LayerOptics, streams: int, mu: float, albedo: Floats
) -> tuple[Floats, Floats]:
    """Fluxes at one hour, each (g,), for a Lambertian surface."""
    from nanodisort import BatchSolver

    scattering = layers.scattering
    depth = layers.absorption + scattering
    n_g, n_layers = depth.shape
    solver = BatchSolver(nthreads=1)
    solver.nstr, solver.nlyr, solver.nmom, solver.ntau = streams, n_layers, streams, 2
    solver.usrtau, solver.usrang, solver.lamber, solver.onlyfl, solver.quiet = (
        True, False, True, True, True,
    )  # fmt: skip
    solver.umu0, solver.phi0 = mu, 0.0
    solver.allocate(n_g)
    solver.set_utau_batched(np.stack([np.zeros(n_g), depth.sum(axis=1)], axis=1))
    solver.set_dtauc(depth)
    solver.set_ssalb(np.minimum(scattering / depth, _ALMOST_ONE))
    solver.set_pmom(_moments(layers, streams))
    solver.set_fbeam(np.full(n_g, 1.0 / mu))
    solver.set_albedo(albedo)
    solver.solve()
    up, direct, down = (np.asarray(f) for f in (solver.flup, solver.rfldir, solver.rfldn))
    return up[:, 0], direct[:, 1] + down[:, 1] - up[:, 1]


def _moments(layers: LayerOptics, streams: int) -> Floats:
    """Moments of the phase functions, (order, layer, g)."""
    order = np.arange(streams + 1)[:, None, None]
    moments = (
        layers.rayleigh * ((order == 0) + RAYLEIGH_MOMENT * (order == 2))
        + layers.aerosol * layers.g_aerosol**order
        + layers.cloud * layers.g_cloud**order
    )
    return np.ascontiguousarray(np.swapaxes(moments / moments[0], 1, 2))


def jax_two_stream(
    media: Floats, with_aerosol: bool, cosines: Floats, direct: Floats, diffuse: Floats
) -> tuple[Floats, Floats]:
    """A `FluxSolver`: the shortwave cell and transport kernels of jax-rrtmgp, in 32 bits."""
    optics = _delta_scaled(layer_optics(media, with_aerosol=with_aerosol))
    upward = (np.pad(f[:, None, ::-1], ((0, 0), (0, 0), (1, 1)), mode="edge") for f in optics)
    arrays = (*upward, np.arccos(cosines), direct[..., None], diffuse[:, None])
    up, net = _jax_fluxes()(*(np.asarray(a, dtype=np.float32) for a in arrays))
    return np.asarray(up, dtype=float)[..., 0], np.asarray(net, dtype=float)[..., 0]


def _delta_scaled(layers: LayerOptics) -> tuple[Floats, Floats, Floats]:
    """Extinction, single scattering albedo and asymmetry after delta scaling by f = g^2."""
    aerosol = (1.0 - layers.g_aerosol**2) * layers.aerosol
    cloud = (1.0 - layers.g_cloud**2) * layers.cloud
    scattering = layers.rayleigh + aerosol + cloud
    forward = aerosol * layers.g_aerosol / (1.0 + layers.g_aerosol)
    forward += cloud * layers.g_cloud / (1.0 + layers.g_cloud)
    tau = layers.absorption + scattering
    return tau, scattering / tau, forward / scattering


@cache
def _jax_fluxes() -> Any:
    """The compiled solver of hours, on (g, 1, layer) from the ground up, a halo at each end."""
    import jax
    import jax.numpy as jnp
    from rrtmgp.rte import monochromatic_two_stream as rte

    def fluxes(
        tau: Any, ssa: Any, g: Any, zenith: Any, direct: Any, diffuse: Any
    ) -> tuple[Any, Any]:
        cell = rte.sw_cell_properties(zenith, tau, ssa, g)
        sun = jnp.ones_like(diffuse) / jnp.cos(zenith)
        source = rte.sw_cell_source(
            cell["t_dir"], cell["r_dir"], tau, sun, direct, zenith, use_scan=True
        )
        out = rte.sw_transport(
            cell["t_diff"], cell["r_diff"], source["src_up"], source["src_down"],
            source["sfc_src"], diffuse, source["flux_down_dir"], use_scan=True,
        )  # fmt: skip
        return out["flux_up"][:, :, -1], -out["flux_net"][:, :, 1]

    return jax.jit(jax.vmap(fluxes, in_axes=(None, None, None, 0, 0, None)))
