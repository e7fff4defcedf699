"""The medium that photons travel in: accumulated optical depths, and places in it.

A *medium* is an array (level, 9), for one wavelength and one cloud state. Its first columns are
optical depths, accumulated from the top of the atmosphere down to each level; the last two hold, in
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
=====================  ======================================================================

A place is (layer, fraction of the layer from its top); within a layer everything is uniform. A
direction is the cosine mu of its angle with the vertical, positive upward.
"""

from __future__ import annotations

from aeroforcing.jit import kernel

CLEAN_SCATTERING, CLEAN_ABSORPTION, FULL_SCATTERING, FULL_ABSORPTION = range(4)
SHADED_ABSORPTION, AEROSOL, RAYLEIGH, AEROSOL_ASYMMETRY, CLOUD_ASYMMETRY = range(4, 9)
MEDIUM_COLUMNS = 9


@kernel
def depth_at(medium, column, layer, fraction):
    """Depth accumulated from the top down to a place."""
    above = medium[layer, column]
    return above + fraction * (medium[layer + 1, column] - above)


@kernel
def depth_to_boundary(medium, column, layer, fraction, mu):
    """Slant depth from a place to the top (mu > 0) or to the surface (mu < 0)."""
    return slant_to_boundary(medium, column, depth_at(medium, column, layer, fraction), mu)


@kernel
def slant_to_boundary(medium, column, above, mu):
    """The same from a place with the depth `above` over it."""
    if mu > 0.0:
        return above / mu
    return (medium[medium.shape[0] - 1, column] - above) / -mu


@kernel
def fraction_within(part, whole):
    """Share of a part in a whole, kept in 0..1 against rounding; 0 in an empty layer."""
    if whole <= 0.0:
        return 0.0
    return min(max(part / whole, 0.0), 1.0)


@kernel
def find_depth(medium, column, depth):
    """The place (layer, fraction) where the accumulated depth has a given value."""
    low, high = 0, medium.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if medium[middle, column] <= depth:
            low = middle
        else:
            high = middle
    above = medium[low, column]
    return low, fraction_within(depth - above, medium[low + 1, column] - above)


@kernel
def fill_medium(medium, tau_gas, tau_rayleigh, extinction, ssa, asymmetry):
    """Accumulate one g-point's optical depths down the column: gas, air and aerosol, no cloud."""
    for layer in range(tau_gas.size):
        above = medium[layer]
        below = medium[layer + 1]
        scattered = extinction[layer] * ssa[layer]
        absorbed = extinction[layer] - scattered
        air, gas = tau_rayleigh[layer], tau_gas[layer]
        below[CLEAN_SCATTERING] = above[CLEAN_SCATTERING] + air
        below[CLEAN_ABSORPTION] = above[CLEAN_ABSORPTION] + gas
        below[FULL_SCATTERING] = above[FULL_SCATTERING] + air + scattered
        below[FULL_ABSORPTION] = above[FULL_ABSORPTION] + gas + absorbed
        below[SHADED_ABSORPTION] = above[SHADED_ABSORPTION] + gas + extinction[layer]
        below[AEROSOL] = above[AEROSOL] + extinction[layer]
        below[RAYLEIGH] = above[RAYLEIGH] + air
        above[AEROSOL_ASYMMETRY] = asymmetry[layer]


@kernel
def add_cloud(medium, depth, extinction, ssa, asymmetry, with_cloud):
    """Write to `with_cloud` the medium of one g-point with a cloud state's layers added."""
    scattering = 0.0
    absorption = 0.0
    for column in range(CLEAN_SCATTERING, AEROSOL_ASYMMETRY):
        with_cloud[0, column] = 0.0
    for layer in range(depth.size):
        tau = depth[layer] * extinction[layer]
        scattering += tau * ssa[layer]
        absorption += tau * (1.0 - ssa[layer])
        clean = medium[layer + 1]
        cloudy = with_cloud[layer + 1]
        cloudy[CLEAN_SCATTERING] = clean[CLEAN_SCATTERING] + scattering
        cloudy[CLEAN_ABSORPTION] = clean[CLEAN_ABSORPTION] + absorption
        cloudy[FULL_SCATTERING] = clean[FULL_SCATTERING] + scattering
        cloudy[FULL_ABSORPTION] = clean[FULL_ABSORPTION] + absorption
        cloudy[SHADED_ABSORPTION] = clean[SHADED_ABSORPTION] + absorption
        cloudy[AEROSOL] = clean[AEROSOL]
        cloudy[RAYLEIGH] = clean[RAYLEIGH]
        with_cloud[layer, AEROSOL_ASYMMETRY] = medium[layer, AEROSOL_ASYMMETRY]
        with_cloud[layer, CLOUD_ASYMMETRY] = asymmetry[layer]
