r"""What a photon will still contribute, by a two-stream adjoint; used for zero-mean corrections.

The paths of paths.py are noisy where photons wander. A two-stream solution tells roughly
what a photon at a level will still score: U, going up, and D, going down, for the flux through the
top (T) and for the arrivals at the surface (S). It enters only through corrections whose
expectation is zero whatever U and D are: a wrong table costs noise, never truth.

- *Expected score after a collision*, J. A direction is given the value

      v(mu) = (U + D) / 2 + s(mu) (U - D) / 2,

  with s(mu) an odd polynomial like the step from -1 to 1. Its mean after a collision is exact:
  a Henyey-Greenstein phase function multiplies the Legendre polynomial P_l(mu) by g^l, and
  Rayleigh's has no odd moments. So J = (U + D) / 2 + s_g(mu) (U - D) / 2, with s_g the
  polynomial so attenuated.
- *Roulette with a control.* A photon of weight |w| < t survives with probability |w| / t and the
  weight w' = +-t, and scores (w - w') J; if it ends, it scores w J. The mean of the correction is
  zero for any J, and the score of those who end is estimated instead of lost.
- *Direction martingale.* After the new direction is drawn, w J - w'' v(mu') is scored, w'' being
  the weight after the draw: its mean over the draw is zero because J is the mean of v.

Two-stream adding (practical improved flux method, Zdunkowski et al. 1980, Beitr. Phys. Atmos. 53,
147). Let a layer's extinction, scattering and g x scattering depths be x, c and h; then
a = 2x - 1.25c - 0.75h, b = 0.75(c - h), k = sqrt((a - b)(a + b)), e = exp(-k) and

    n = 1 / (k (1 + e^2) + a (1 - e^2)),   r = b (1 - e^2) n,   t = 2 k e n

are its reflectance and transmittance for diffuse light. Going down, A is the reflectance, seen from
below, of all that lies above a level, and B its transmittance: with d = 1 / (1 - A r),
A' = r + t^2 A d and B' = t B d. At the surface of albedo R, U_T = B / (1 - R A) and D_T = R U_T;
D_S = 1 / (1 - R A) and U_S = A D_S. Going up through a layer whose lower level has D,
U' = (A t D + B) d and D' = t D + r U' (B = 0 for the arrivals).
"""

from __future__ import annotations

import math

from aeroforcing.core.compiled import compiled, inner
from aeroforcing.transport.medium import (
    AEROSOL_ASYMMETRY,
    CLEAN_ABSORPTION,
    CLEAN_SCATTERING,
    CLOUD_ASYMMETRY,
    FULL_ABSORPTION,
    FULL_SCATTERING,
    RAYLEIGH,
)

# Columns of a table (level, 8): for the clean medium, then the same for that with aerosol.
UP_TOA, DOWN_TOA, UP_SURFACE, DOWN_SURFACE = range(4)
CLEAN_SIDE, FULL_SIDE = 0, 4
ADJOINT_COLUMNS = 8

# Columns of the scratch array (level, 6): what lies above a level, then reflectance and
# transmittance of the layer below it in the clean medium and in that with aerosol.
_ABOVE_REFLECTANCE, _ABOVE_TRANSMITTANCE = range(2)
_CLEAN_LAYER, _FULL_LAYER = 2, 4
_REFLECTANCE, _TRANSMITTANCE = range(2)
ADJOINT_SCRATCH = 6


@compiled
def layer_two_stream(extinction, scattering, forward):
    """Diffuse reflectance and transmittance of a layer; `forward` is g x scattering depth."""
    a = 2.0 * extinction - 1.25 * scattering - 0.75 * forward
    b = 0.75 * (scattering - forward)
    k = math.sqrt(max((a - b) * (a + b), 1e-12))
    e = math.exp(-k)
    e2 = e * e
    n = 1.0 / (k * (1.0 + e2) + a * (1.0 - e2))
    return b * (1.0 - e2) * n, 2.0 * k * e * n


@inner
def fill_layer(medium, layer, scratch):
    """Reflectance and transmittance of one layer, in the clean and in the full medium."""
    above, below, row = medium[layer], medium[layer + 1], scratch[layer]
    clean = below[CLEAN_SCATTERING] - above[CLEAN_SCATTERING]
    absorption = below[CLEAN_ABSORPTION] - above[CLEAN_ABSORPTION]
    forward = above[CLOUD_ASYMMETRY] * (clean - (below[RAYLEIGH] - above[RAYLEIGH]))
    r, t = layer_two_stream(clean + absorption, clean, forward)
    row[_CLEAN_LAYER + _REFLECTANCE] = r
    row[_CLEAN_LAYER + _TRANSMITTANCE] = t
    full = below[FULL_SCATTERING] - above[FULL_SCATTERING]
    absorption = below[FULL_ABSORPTION] - above[FULL_ABSORPTION]
    forward += above[AEROSOL_ASYMMETRY] * (full - clean)
    r, t = layer_two_stream(full + absorption, full, forward)
    row[_FULL_LAYER + _REFLECTANCE] = r
    row[_FULL_LAYER + _TRANSMITTANCE] = t


@compiled
def fill_adjoint(medium, albedo, table, scratch):
    """Write the table (level, 8) of a medium over a surface; `scratch` is (level, 6)."""
    for layer in range(medium.shape[0] - 1):
        fill_layer(medium, layer, scratch)
    fill_table(albedo, table, scratch)


@compiled
def fill_cloudy_adjoint(medium, cloud_depth, without_cloud, albedo, table, scratch):
    """The same where `without_cloud` is the scratch array of the medium without its clouds."""
    for layer in range(cloud_depth.size):
        if cloud_depth[layer] > 0.0:
            fill_layer(medium, layer, scratch)
        else:
            for column in range(_CLEAN_LAYER, ADJOINT_SCRATCH):
                scratch[layer, column] = without_cloud[layer, column]
    fill_table(albedo, table, scratch)


@inner
def fill_table(albedo, table, scratch):
    """Both sides of the table from the layers' reflectances and transmittances."""
    for side, layer_columns in ((CLEAN_SIDE, _CLEAN_LAYER), (FULL_SIDE, _FULL_LAYER)):
        sweep_down(scratch, layer_columns)
        sweep_up(scratch, layer_columns, albedo, table, side)


@inner
def sweep_down(scratch, layer_columns):
    """Accumulate what lies above each level."""
    reflectance, transmittance = layer_columns + _REFLECTANCE, layer_columns + _TRANSMITTANCE
    scratch[0, _ABOVE_REFLECTANCE] = 0.0
    scratch[0, _ABOVE_TRANSMITTANCE] = 1.0
    for layer in range(scratch.shape[0] - 1):
        r, t = scratch[layer, reflectance], scratch[layer, transmittance]
        above = scratch[layer, _ABOVE_REFLECTANCE]
        d = 1.0 / (1.0 - above * r)
        scratch[layer + 1, _ABOVE_REFLECTANCE] = r + t * t * above * d
        scratch[layer + 1, _ABOVE_TRANSMITTANCE] = t * scratch[layer, _ABOVE_TRANSMITTANCE] * d


@inner
def sweep_up(scratch, layer_columns, albedo, table, side):
    """Write U and D of all levels to one side of the table."""
    reflectance, transmittance = layer_columns + _REFLECTANCE, layer_columns + _TRANSMITTANCE
    last = scratch.shape[0] - 1
    above = scratch[last, _ABOVE_REFLECTANCE]
    arrivals = 1.0 / (1.0 - albedo * above)
    table[last, side + UP_TOA] = scratch[last, _ABOVE_TRANSMITTANCE] * arrivals
    table[last, side + DOWN_TOA] = albedo * table[last, side + UP_TOA]
    table[last, side + DOWN_SURFACE] = arrivals
    table[last, side + UP_SURFACE] = above * arrivals
    for level in range(last - 1, -1, -1):
        r, t = scratch[level, reflectance], scratch[level, transmittance]
        above = scratch[level, _ABOVE_REFLECTANCE]
        d = 1.0 / (1.0 - above * r)
        below_toa = t * table[level + 1, side + DOWN_TOA]
        below_surface = t * table[level + 1, side + DOWN_SURFACE]
        up_toa = (above * below_toa + scratch[level, _ABOVE_TRANSMITTANCE]) * d
        up_surface = above * below_surface * d
        table[level, side + UP_TOA] = up_toa
        table[level, side + DOWN_TOA] = below_toa + r * up_toa
        table[level, side + UP_SURFACE] = up_surface
        table[level, side + DOWN_SURFACE] = below_surface + r * up_surface


@compiled
def step(mu, linear):
    """The odd polynomial s(mu): the expansion of the step to P5, or (in diffuse light) to P1.

    sign(mu) = 3/2 P1 - 7/8 P3 + 11/16 P5 - ...
    """
    if linear:
        return 1.5 * mu
    m2 = mu * mu
    p3 = 0.5 * mu * (5.0 * m2 - 3.0)
    p5 = 0.125 * mu * (63.0 * m2 * m2 - 70.0 * m2 + 15.0)
    return 1.5 * mu - 0.875 * p3 + 0.6875 * p5


@compiled
def mean_step(mu, asymmetry, linear):
    """Mean of `step` after scattering by Henyey-Greenstein (asymmetry 0: by air)."""
    first = 1.5 * asymmetry * mu
    if linear or asymmetry == 0.0:
        return first
    m2 = mu * mu
    g2 = asymmetry * asymmetry
    p3 = 0.5 * mu * (5.0 * m2 - 3.0)
    p5 = 0.125 * mu * (63.0 * m2 * m2 - 70.0 * m2 + 15.0)
    return first + asymmetry * g2 * (-0.875 * p3 + 0.6875 * g2 * p5)
