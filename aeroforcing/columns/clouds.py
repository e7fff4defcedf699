"""The clouds of a column, as they are given.

One by one (`Cloud`), as slabs with a base and a top, or layer by layer of the atmosphere
(`CloudLayers`), as models give them. The skies that they make are those of `sky`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from aeroforcing.columns.by_value import UNTOLD, ByValue
from aeroforcing.columns.vertical_profiles import normalised
from aeroforcing.core.arrays import Floats
from aeroforcing.core.checks import check_between, check_number, check_positive
from aeroforcing.core.errors import InputError, suggest_keywords
from aeroforcing.core.variables import VARIABLES
from aeroforcing.optics.band_means import BandNodes
from aeroforcing.optics.clouds import EFFECTIVE_RADIUS, BandOptics, cloud_band_optics
from aeroforcing.transport.overlap import EXCLUSIVE, check_overlap

_GREY_ASYMMETRY = 0.86

# Packed files leave water in layers of next to no cover, such as 1.5e-5, a step of 16 bits.
# Whatever its depth, such a cloud changes no flux by more than its cover times the incoming one.
NEGLIGIBLE_COVER = 1e-3

# Standard deviation over mean: a gamma variate of 5 is below a millionth half of the time.
MOST_INHOMOGENEITY = 5.0

_log = logging.getLogger(__name__)


@suggest_keywords
@dataclass(frozen=True, eq=False)
class Cloud(ByValue):
    """A cloud layer in part of the sky, homogeneous unless `inhomogeneity` is given.

    Clouds are not: homogeneous ones of the same mean optical depth reflect more.

    Parameters
    ----------
    base, top
        Altitudes, on the scale of the atmosphere's levels [m]. A cloud that reaches into the ground
        keeps the part of its optical depth that lies above, which a warning tells; in maps a type
        of cloud is lifted to the ground, since its depth is observed there.
    optical_depth
        Optical depth at 550 nm; without a phase the same at all wavelengths.
    fraction
        Share of the sky, 0 to 1.
    asymmetry
        Asymmetry parameter of the Henyey-Greenstein phase function.
    ssa
        Single scattering albedo: a number, or a function of the wavelength [um].
    phase
        "liquid" or "ice": extinction, absorption and asymmetry by wavelength are then those of
        droplets or crystals of `effective_radius`; `ssa` and `asymmetry` are not given.
    inhomogeneity
        Standard deviation over mean of the optical depth within the cloud, gamma distributed, see
        `variability`; 0 to 5.
    effective_radius
        Of droplets, 2.5 to 21.5, or crystals, 5 to 90 [um]; by default 10.5 and 30.

    Raises
    ------
    InputError
        A value is outside its range, or the top is not above the base; there is a radius without a
        phase, or other optics besides the phase's.
    """

    _: KW_ONLY
    base: float
    top: float
    optical_depth: float
    fraction: float = 1.0
    asymmetry: float = _GREY_ASYMMETRY
    ssa: float | Callable[[float], float] = 1.0
    phase: str | None = None
    effective_radius: float | None = None
    inhomogeneity: float = field(default=0.0, metadata={UNTOLD: True})

    def __post_init__(self) -> None:
        check_number("Cloud", "asymmetry", self.asymmetry)
        check_number("Cloud", "cloud_fraction", self.fraction)
        check_number("Cloud", "cloud_optical_depth", self.optical_depth)
        check_between("Cloud: inhomogeneity", self.inhomogeneity, 0.0, MOST_INHOMOGENEITY)
        if not callable(self.ssa):
            check_number("Cloud", "ssa", self.ssa)
        if not (math.isfinite(self.base) and math.isfinite(self.top) and self.top > self.base):
            raise InputError(
                f"Cloud: top={self.top} m is not above base={self.base} m; give finite altitudes "
                "with the top above the base."
            )
        self._check_phase()

    def _check_phase(self) -> None:
        if self.phase is None:
            if self.effective_radius is not None:
                raise InputError("Cloud: effective_radius needs a phase, 'liquid' or 'ice'.")
            return
        if self.asymmetry != _GREY_ASYMMETRY or self.ssa != 1.0:
            raise InputError(
                f"Cloud: phase={self.phase!r} sets asymmetry and ssa by wavelength; leave them out."
            )
        phase_optics(self.phase, self.effective_radius)

    def __repr__(self) -> str:
        kind = f"of {self.phase}" if self.phase else f"with asymmetry {self.asymmetry:g}"
        return (
            f"Cloud {kind}, optical depth {self.optical_depth:g}\n"
            f"  {self.base:g}-{self.top:g} m, fraction {self.fraction:g}"
        )

    def fractions(self, altitude_levels: Floats) -> Floats:
        """Share of the optical depth in each layer, top first: by the overlap in altitude.

        They sum to less than 1 where the cloud reaches into the ground.
        """
        inside = np.clip(altitude_levels, self.base, self.top)
        return self.share_above(altitude_levels[-1]) * normalised(inside[:-1] - inside[1:])

    def share_above(self, ground: float) -> float:
        """Share of the cloud above the ground [m], for its optical depth is even in altitude."""
        return min(max((self.top - ground) / (self.top - self.base), 0.0), 1.0)

    def band_optics(self, nodes: BandNodes) -> BandOptics:
        """Optics by band, extinction relative to that at 550 nm."""
        n_bands = len(nodes.wavelength)
        if self.phase is not None:
            return of_bands(phase_optics(self.phase, self.effective_radius), n_bands)
        return BandOptics(
            np.ones(n_bands), self._band_ssa(nodes), np.full(n_bands, float(self.asymmetry))
        )

    def _band_ssa(self, nodes: BandNodes) -> Floats:
        if not callable(self.ssa):
            return np.full(len(nodes.wavelength), float(self.ssa))
        values = np.vectorize(self.ssa, otypes=[float])(nodes.wavelength / 1000.0)
        for value in values.flat:
            check_number("Cloud", "ssa", value)
        return (values * nodes.weight).sum(axis=-1)


@suggest_keywords
@dataclass(frozen=True, eq=False)
class CloudLayers(ByValue):
    """Clouds layer by layer, as models give them: of liquid, of ice, or of both.

    They are homogeneous within a layer unless `fractional_std` is given.

    Parameters
    ----------
    fraction
        (layer,) share of the sky that is cloudy in each layer of the atmosphere, top first.
    liquid, ice
        (layer,) optical depths at 550 nm within the cloudy part, see `cloud_optical_depth`; at
        least one of them. Above the largest that is allowed they are limited to it, with a warning,
        where the fraction is at most `NEGLIGIBLE_COVER`.
    liquid_radius, ice_radius
        Effective radii, numbers or (layer,) arrays, 2.5 to 21.5 and 5 to 90 [um]. Where there is no
        water of the phase an array may hold anything.
    overlap_parameter
        (layer - 1,) alpha of exponential overlap between each layer and the one below, 0 (random)
        to 1 (maximum), in place of that by the decorrelation length of the column. Across layers
        without cloud it is the product of those of the interfaces.
    fractional_std
        (layer,) or one number: standard deviation over mean of the optical depth within the cloudy
        part, as `Cloud.inhomogeneity`.

    Raises
    ------
    InputError
        A value is outside its range, shapes differ, or there is neither liquid nor ice.
    """

    _: KW_ONLY
    fraction: ArrayLike
    liquid: ArrayLike | None = None
    ice: ArrayLike | None = None
    liquid_radius: float | ArrayLike = EFFECTIVE_RADIUS["liquid"]
    ice_radius: float | ArrayLike = EFFECTIVE_RADIUS["ice"]
    overlap_parameter: ArrayLike | None = field(default=None, metadata={UNTOLD: True})
    fractional_std: ArrayLike = field(default=0.0, metadata={UNTOLD: True})

    def __post_init__(self) -> None:
        if self.liquid is None and self.ice is None:
            raise InputError("CloudLayers: give the optical depths of liquid, of ice, or of both.")
        for name in ("fraction", "liquid", "ice"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, self._checked(name))
        for phase, depth in self.depths.items():
            object.__setattr__(self, f"{phase}_radius", self._checked_radius(phase, depth))
        if self.overlap_parameter is not None:
            object.__setattr__(self, "overlap_parameter", self._checked_overlap())
        object.__setattr__(self, "fractional_std", self._checked_std())

    def _checked(self, name: str) -> Floats:
        values = np.array(getattr(self, name), dtype=float)
        fraction = np.asarray(self.fraction)
        if values.ndim != 1 or values.shape != fraction.shape or values.size == 0:
            raise InputError(
                f"CloudLayers: {name} has the shape {values.shape} and fraction {fraction.shape}; "
                "give one value per layer, top first."
            )
        variable = VARIABLES["cloud_fraction" if name == "fraction" else "cloud_optical_depth"]
        if name != "fraction":
            values = _limited(name, values, fraction, variable.valid_max)
        bad = ~np.isfinite(values) | variable.out_of_range(values)
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(
                f"CloudLayers: {name} has {bad.sum()} of {bad.size} layers that are not allowed, "
                f"the first is {first} (counted from 0 at the top) with {values[first]:g}; give "
                f"{variable.allowed}."
            )
        return values

    def _checked_radius(self, phase: str, depth: Floats) -> float | Floats:
        """The radius or radii of a phase, the default where there is none of it."""
        given = np.array(getattr(self, f"{phase}_radius"), dtype=float)
        if given.shape not in ((), depth.shape):
            raise InputError(
                f"CloudLayers: {phase}_radius has the shape {given.shape} and fraction "
                f"{depth.shape}; give a number, or one value per layer, top first."
            )
        wet = np.asarray(self.fraction) * depth > 0.0
        radii = given if given.ndim == 0 else np.where(wet, given, EFFECTIVE_RADIUS[phase])
        sizes, first = np.unique(radii, return_index=True)
        for size, layer in zip(sizes, first, strict=True):
            try:
                phase_optics(phase, float(size))
            except InputError as error:
                place = f", layer {layer} (counted from 0 at the top)" if given.ndim else ""
                raise InputError(f"CloudLayers: {phase}_radius{place}: {error}") from None
        return float(radii) if given.ndim == 0 else radii

    def _checked_overlap(self) -> Floats:
        alpha = np.array(self.overlap_parameter, dtype=float)
        n_layers = np.size(np.asarray(self.fraction))
        if alpha.shape != (n_layers - 1,) or not ((alpha >= 0.0) & (alpha <= 1.0)).all():
            raise InputError(
                f"CloudLayers: overlap_parameter has the shape {alpha.shape}; give "
                f"{n_layers - 1} values from 0 to 1, one between each layer and the one below."
            )
        return alpha

    def _checked_std(self) -> Floats:
        std = np.array(self.fractional_std, dtype=float)
        if std.shape not in ((), np.shape(self.fraction)):
            raise InputError(
                f"CloudLayers: fractional_std has the shape {std.shape} and fraction "
                f"{np.shape(self.fraction)}; give one value per layer, top first, or one number."
            )
        bad = ~((std >= 0.0) & (std <= MOST_INHOMOGENEITY))
        if bad.any():
            raise InputError(
                f"CloudLayers: fractional_std has {bad.sum()} of {bad.size} values that are not "
                f"allowed, the first is {std[bad][0]:g}; give 0 to {MOST_INHOMOGENEITY:g}."
            )
        return std

    @property
    def depths(self) -> dict[str, Floats]:
        """Optical depth of each phase that there is."""
        given = {"liquid": self.liquid, "ice": self.ice}
        return {phase: np.asarray(depth) for phase, depth in given.items() if depth is not None}

    def band_optics(self, phase: str, n_bands: int) -> BandOptics:
        """Optics of a phase in the layers, (band, layer) or (band, 1)."""
        radii = self.liquid_radius if phase == "liquid" else self.ice_radius
        sizes, place = np.unique(np.atleast_1d(np.asarray(radii)), return_inverse=True)
        by_size = [of_bands(phase_optics(phase, float(size)), n_bands) for size in sizes]
        optics = (np.stack(values, axis=1)[:, place] for values in zip(*by_size, strict=True))
        return BandOptics(*optics)


def _limited(name: str, depth: Floats, fraction: Floats, largest: float) -> Floats:
    """Optical depths, of at most `largest` where hardly anything is covered; told if any is cut."""
    cut = np.isfinite(depth) & (depth > largest) & (fraction <= NEGLIGIBLE_COVER)
    if not cut.any():
        return depth
    _log.warning(
        "CloudLayers: %s is deeper than %g in %d of %d layers that cover at most %.2g of the sky; "
        "it is limited to that, which changes no flux by more than %.2g of the incoming one",
        name, largest, cut.sum(), cut.size, fraction[cut].max(), fraction[cut].sum(),
    )  # fmt: skip
    return np.where(cut, largest, depth)


def phase_optics(phase: str, effective_radius: float | None) -> BandOptics:
    """Optics of liquid or ice, of the default size if none is given."""
    if effective_radius is None:
        effective_radius = EFFECTIVE_RADIUS.get(phase, math.nan)
    return cloud_band_optics(phase, effective_radius=effective_radius)


def check_clouds(
    clouds: Sequence[Cloud] | CloudLayers,
    *,
    overlap: str,
    decorrelation_length: float,
    altitude_levels: Floats,
) -> None:
    """Raise InputError if the clouds cannot be those of a column; see `Column`.

    A cloud that is partly in the ground is told by a warning.
    """
    n_layers = altitude_levels.size - 1
    check_overlap(overlap)
    check_positive("Column", "decorrelation_length", decorrelation_length)
    if isinstance(clouds, CloudLayers):
        if np.size(np.asarray(clouds.fraction)) != n_layers:
            raise InputError(
                f"CloudLayers: fraction has {np.size(np.asarray(clouds.fraction))} values, but the "
                f"atmosphere has {n_layers} layers; give one per layer, top first."
            )
        if overlap == EXCLUSIVE:
            raise InputError(
                "Column: CloudLayers need a rule of overlap: 'random', 'maximum_random' or "
                "'exponential'."
            )
        if clouds.overlap_parameter is not None and overlap != "exponential":
            raise InputError(
                f"Column: overlap={overlap!r} has no use for the overlap_parameter of the "
                "CloudLayers, which is that of 'exponential'."
            )
        return
    for cloud in clouds:
        _check_above(cloud, float(altitude_levels[-1]))
    if overlap != EXCLUSIVE:
        return
    cover = sum(cloud.fraction for cloud in clouds)
    if cover > 1.0 + 1e-9:
        raise InputError(
            f"Column: the fractions of the {len(clouds)} clouds sum to {cover:.4g}; they "
            "exclude each other, so give fractions that sum to at most 1, or a rule of overlap."
        )


def _check_above(cloud: Cloud, ground: float) -> None:
    share = cloud.share_above(ground)
    if share == 0.0:
        raise InputError(
            f"Column: the cloud at {cloud.base:g}-{cloud.top:g} m lies below the ground at "
            f"{ground:g} m; give altitudes above sea level, on the scale of the atmosphere."
        )
    if share < 1.0:
        _log.warning(
            "Column: the cloud at %g-%g m reaches below the ground at %g m; %.3g of its optical "
            "depth of %g, the part above, is left",
            cloud.base, cloud.top, ground, share, cloud.optical_depth,
        )  # fmt: skip


def of_bands(optics: BandOptics, n_bands: int) -> BandOptics:
    if len(optics.ssa) != n_bands:
        raise InputError(
            f"The cloud optics are for {len(optics.ssa)} bands, the gas table has {n_bands}; use "
            "a gas table of these bands, or clouds without a phase."
        )
    return optics
