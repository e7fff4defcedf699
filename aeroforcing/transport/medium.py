r"""The medium that photons travel in: accumulated optical depths, and places in it.

A *medium* is an array (level, 10), for one wavelength and one cloud state. Its first columns are
optical depths, accumulated from the top of the atmosphere down to each level; two hold, in
the row of a layer's upper level, properties of the layer:

=====================  ======================================================================
``CLEAN_SCATTERING``   scattering by air and cloud
``CLEAN_ABSORPTION``   absorption by gases and cloud
``FULL_SCATTERING``    the same with the aerosol's scattering
``FULL_ABSORPTION``    the same with the aerosol's absorption
``SHADED_ABSORPTION``  clean absorption and the whole extinction by the aerosol
``AEROSOL``            extinction by the aerosol
``RAYLEIGH``           scattering by air alone
``AEROSOL_ASYMMETRY``  asymmetry parameter of the aerosol in the layer below
``CLOUD_ASYMMETRY``    asymmetry parameter of the cloud in the layer below
``CUT_OFF``            scattering into the forward peak of clouds, where that is cut off
=====================  ======================================================================

The levels of a column lie side by side in memory (`make_medium`), so that a processor compares
several of them with a depth at once.

Clouds whose forward peak is cut off (`clouds.delta_scaled`) scatter less. With c the depth of what
is cut off, a leg from the sun brings to a place the light that was not scattered at all and that
which was scattered into the peak alone. Of both, :math:`e^{-(\tau - c) / \mu}`, the first is
the part

.. math:: e^{-\tau / \mu} / e^{-(\tau - c) / \mu} = e^{-c / \mu},

the direct beam (`beam_share`). The surface meets the rest as scattered light: its albedo for the
whole is the mean of that for the beam and that for scattered light, weighted by these parts. The
aerosol weakens both alike, so that the same part of its change is one of the direct beam.

A place is (layer, fraction of the layer from its top); within a layer everything is uniform. A
direction is the cosine mu of its angle with the vertical, positive upward.
"""

from __future__ import annotations

import math

import numpy as np

from aeroforcing.core.compiled import compiled

CLEAN_SCATTERING, CLEAN_ABSORPTION, FULL_SCATTERING, FULL_ABSORPTION = range(4)
SHADED_ABSORPTION, AEROSOL, RAYLEIGH, AEROSOL_ASYMMETRY = range(4, 8)
CLOUD_ASYMMETRY, CUT_OFF = range(8, 10)
MEDIUM_COLUMNS = 10


@compiled
def make_media(n_g, n_levels):
    """Room for the media of many g-points, (g, 10, level)."""
    return np.zeros((n_g, MEDIUM_COLUMNS, n_levels))


@compiled
def medium_at(media, g):
    """The medium (level, 10) of one of them."""
    return media[g].T


@compiled
def make_medium(n_levels):
    """Room for one medium (level, 10)."""
    return medium_at(make_media(1, n_levels), 0)


@compiled
def at(table, level, column):
    """An entry of a table. Neither index counts from the end, so that none is tested for it."""
    return table[np.uintp(level), np.uintp(column)]


@compiled
def depth_at(medium, column, layer, fraction):
    """Depth accumulated from the top down to a place."""
    above = at(medium, layer, column)
    return above + fraction * (at(medium, layer + 1, column) - above)


@compiled
def depth_of(medium, column, layer):
    """Depth of a whole layer."""
    return at(medium, layer + 1, column) - at(medium, layer, column)


@compiled
def depth_to_boundary(medium, column, layer, fraction, mu):
    """Slant depth from a place to the top (mu > 0) or to the surface (mu < 0)."""
    return slant_to_boundary(medium, column, depth_at(medium, column, layer, fraction), mu)


@compiled
def slant_to_boundary(medium, column, above, mu):
    """The same from a place with the depth `above` over it."""
    if mu > 0.0:
        return above / mu
    return (at(medium, medium.shape[0] - 1, column) - above) / -mu


@compiled
def fraction_within(part, whole):
    """Share of a part in a whole, kept in 0..1 against rounding; 0 in an empty layer."""
    if whole <= 0.0:
        return 0.0
    return min(max(part / whole, 0.0), 1.0)


@compiled
def find_depth(medium, column, depth):
    """The place (layer, fraction) where the accumulated depth has a given value.

    The levels that are not below it are counted: a search by halves would guess at every step
    which way to go, and half of the guesses would be wrong.
    """
    layer = 0
    for level in range(1, medium.shape[0] - 1):
        layer += medium[level, column] <= depth
    above = at(medium, layer, column)
    return layer, fraction_within(depth - above, at(medium, layer + 1, column) - above)


@compiled
def fill_medium(medium, tau_gas, tau_rayleigh, extinction, ssa, asymmetry):
    """Accumulate one g-point's optical depths down the column: gas, air and aerosol, no cloud."""
    for layer in range(tau_gas.size):
        scattered = extinction[layer] * ssa[layer]
        absorbed = extinction[layer] - scattered
        air, gas = tau_rayleigh[layer], tau_gas[layer]
        accumulate(medium, CLEAN_SCATTERING, layer, air)
        accumulate(medium, CLEAN_ABSORPTION, layer, gas)
        accumulate(medium, FULL_SCATTERING, layer, air + scattered)
        accumulate(medium, FULL_ABSORPTION, layer, gas + absorbed)
        accumulate(medium, SHADED_ABSORPTION, layer, gas + extinction[layer])
        accumulate(medium, AEROSOL, layer, extinction[layer])
        accumulate(medium, RAYLEIGH, layer, air)
        medium[layer, AEROSOL_ASYMMETRY] = asymmetry[layer]


@compiled
def accumulate(medium, column, layer, depth):
    """Set the depth accumulated down to the lower level of a layer."""
    medium[layer + 1, column] = medium[layer, column] + depth


@compiled
def add_cloud(medium, depth, extinction, ssa, asymmetry, with_cloud):
    """Write to `with_cloud` the medium of one g-point with a cloud state's layers added."""
    scattering = 0.0
    absorption = 0.0
    for column in range(CLEAN_SCATTERING, AEROSOL_ASYMMETRY):
        with_cloud[0, column] = 0.0
    for layer in range(depth.size):
        tau, level = depth[layer] * extinction[layer], layer + 1
        scattering += tau * ssa[layer]
        absorption += tau * (1.0 - ssa[layer])
        with_cloud[level, CLEAN_SCATTERING] = medium[level, CLEAN_SCATTERING] + scattering
        with_cloud[level, CLEAN_ABSORPTION] = medium[level, CLEAN_ABSORPTION] + absorption
        with_cloud[level, FULL_SCATTERING] = medium[level, FULL_SCATTERING] + scattering
        with_cloud[level, FULL_ABSORPTION] = medium[level, FULL_ABSORPTION] + absorption
        with_cloud[level, SHADED_ABSORPTION] = medium[level, SHADED_ABSORPTION] + absorption
        with_cloud[level, AEROSOL] = medium[level, AEROSOL]
        with_cloud[level, RAYLEIGH] = medium[level, RAYLEIGH]
        with_cloud[layer, AEROSOL_ASYMMETRY] = medium[layer, AEROSOL_ASYMMETRY]
        with_cloud[layer, CLOUD_ASYMMETRY] = asymmetry[layer]


@compiled
def add_cut_off(depth, peak, with_cloud):
    """Write to a medium with clouds what is cut off of them, `peak` by layer for a depth of 1."""
    for layer in range(depth.size):
        accumulate(with_cloud, CUT_OFF, layer, depth[layer] * peak[layer])


@compiled
def beam_share(medium, level, mu):
    """Direct beam over all that a leg from the sun brings to a level, scattered forward or not."""
    cut_off = at(medium, level, CUT_OFF)
    return math.exp(-cut_off / abs(mu)) if cut_off > 0.0 else 1.0
