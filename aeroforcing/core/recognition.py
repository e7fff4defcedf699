"""Which variables of a dataset are which quantities of the registry, recognised once.

A variable is known by its canonical name, its CF standard name (today's or a former one) or an
alias, in this order and regardless of case. What products put around a name is taken off: the
product and its version before it (Giovanni), and the kind of mean behind it. A name with another
wavelength in the place of 550 is that quantity at that wavelength. What is a part of the aerosol,
or a spread, an extreme or a count, is never the quantity itself, whatever it is called.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from aeroforcing.core import wavelengths
from aeroforcing.core.errors import InputError

if TYPE_CHECKING:
    from aeroforcing.core.variables import Variable

_PRODUCT = re.compile(r"^[a-z0-9]*\d[a-z0-9]*(_[a-z]\d)?(_\d+){2,3}_(?=[a-z])")
_MEANS = re.compile(r"(_(mean|avg|average|mon|monthly|daynight|daily))+$")

# Names (in lower case) and words of what is a part of the aerosol, or no mean of it.
_PART_NAME = re.compile(
    r"(gt|lt)\d|fine|coarse|dry|solub|strat|(\d|_)(cs|so|st)(aer)?$|visst"
    r"|^(od|abs)\d{3,4}(?!aer$)\w+|^[a-z]{2}aod\d|(^|_)(f|c|fm|cm|d)_?aod"
)
_PART_WORDS = re.compile(
    r"\b(fine|coarse)\b|\bdry\b|\b(water.)?soluble\b|stratospher|\bclear[- ]sky\b", re.I
)
_NO_MEAN_NAME = re.compile(
    r"(^|_)(std|stdev|stddev|sd|standard_deviation|unc|uncertainty|err|error|rms|var|variance|count"
    r"|counts|num|number|n|min|max|minimum|maximum)(_|$)|stderr|uncertaint|histogram"
)
_NO_MEAN_WORDS = re.compile(
    r"standard deviation|standard error|uncertaint|\bvariance\b|\bnumber of\b|\bcounts?\b"
    r"|\bminimum\b|\bmaximum\b",
    re.I,
)
_NO_MEAN_METHODS = re.compile(r"time\w*: *(standard_deviation|variance|maximum|minimum|range|sum)")
_AT = re.compile(r"_at(?=_?\d{3,4})")
_MOST_NEAR = 10


class Claim(NamedTuple):
    """A variable that may be a quantity."""

    name: str
    by_name: bool  # else by its standard name
    wavelength: float | None  # that it says it is at [nm]; NaN for an axis of several
    says_so: bool  # whether its own name holds that wavelength


@dataclass(frozen=True)
class Recognised:
    """What the variables of a dataset are."""

    names: Mapping[str, tuple[str, ...]]  # canonical name -> the variables that it is made of
    elsewhere: Mapping[str, tuple[Claim, ...]]  # those of them that are not at 550 nm
    left: Mapping[str, str]  # variable that is not used -> why, if that is known
    refused: Mapping[str, str] = field(default_factory=dict)  # canonical name -> why nothing is it

    @property
    def canonical(self) -> dict[str, str]:
        """Variable -> canonical name, for all variables that are used."""
        return {old: new for new, olds in self.names.items() for old in olds}


class Names:
    """The names that a registry of variables knows.

    Parameters
    ----------
    registry
        Canonical name -> variable.
    """

    def __init__(self, registry: Mapping[str, Variable]) -> None:
        readable = {n: v for n, v in registry.items() if not v.written_only}
        self._registry = registry
        self._standard = _first_by(
            {n: (v.standard_name, *v.former_standard_names) for n, v in readable.items()}, _plain
        )
        self._aliases = _first_by(
            {n: (n, *v.aliases, *v.alternatives) for n, v in readable.items()}, str.lower
        )
        reference = f"{wavelengths.REFERENCE_WAVELENGTH:g}"
        self._at_wavelength = {  # names that hold the wavelength, however it is spelled
            _spelled_plainly(alias): new
            for alias, new in self._aliases.items()
            if reference in alias
        }

    def in_dataset(self, dataset: xr.Dataset, *, source: str) -> Recognised:
        """What the data variables of a dataset are.

        Raises
        ------
        InputError
            Two variables claim the same name.
        """
        claims: dict[str, list[Claim]] = {}
        left: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for key, array in dataset.data_vars.items():
            name = str(key)
            canonical, by_name = self._canonical_name(name, array)
            if canonical is None:
                left[name] = ""
                continue
            said = self._wavelengths(name, array, canonical, source)
            trouble = _trouble(name, array, canonical, by_name) or _contradiction(said)
            if trouble:
                left[name] = trouble
                if by_name:
                    wrong.setdefault(canonical, f"{name} is {trouble}")
                continue
            claims.setdefault(canonical, []).append(_claim(name, array, by_name, said))
        return self._chosen(claims, left, wrong, source)

    def nearest(self, names: Iterable[str], wanted: Sequence[str]) -> list[str]:
        """At most ten known names, of some quantities, nearest to those that were found."""
        known = {
            alias: (new, self._spelling(new, alias))
            for alias, new in self._aliases.items()
            if new in wanted
        }
        ranked: dict[str, float] = {}
        for name in names:
            for alias in difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5):
                likeness = difflib.SequenceMatcher(None, name.lower(), alias).ratio()
                new, spelled = known[alias]
                text = new if spelled == new else f"{spelled} ({new})"
                ranked[text] = max(likeness, ranked.get(text, 0.0))
        return sorted(ranked, key=lambda text: -ranked[text])[:_MOST_NEAR]

    def _spelling(self, new: str, alias: str) -> str:
        variable = self._registry[new]
        every = (new, *variable.aliases, *variable.alternatives)
        return next(spelled for spelled in every if spelled.lower() == alias)

    def _canonical_name(self, name: str, array: xr.DataArray) -> tuple[str | None, bool]:
        """The quantity that a variable claims to be, and whether by its own name."""
        if name in self._registry:
            return (None, False) if self._registry[name].written_only else (name, True)
        standard_name = array.attrs.get("standard_name", "")
        if isinstance(standard_name, str) and standard_name:
            found = self._standard.get(_plain(standard_name))
            if found is not None:
                return found, self._by_name(name) == found
        found = self._by_name(name)
        return found, found is not None

    def _by_name(self, name: str) -> str | None:
        """The quantity that a name is, also at another wavelength than 550 nm."""
        for spelled in (name, wavelengths.at_reference(name)):
            lower = spelled.lower()
            for bare in (lower, _PRODUCT.sub("", lower)):
                for key in (bare, _MEANS.sub("", bare)):
                    found = self._aliases.get(key) or self._at_wavelength.get(_spelled_plainly(key))
                    if found is not None:
                        fits = not np.isnan(self._registry[found].wavelength)
                        return found if fits or spelled == name else None
        return None

    def _wavelengths(
        self, name: str, array: xr.DataArray, canonical: str, source: str
    ) -> dict[str, float]:
        if np.isnan(self._registry[canonical].wavelength):
            return {}
        return wavelengths.stated(name, array, source=source)

    def _chosen(
        self,
        claims: Mapping[str, list[Claim]],
        left: dict[str, str],
        wrong: Mapping[str, str],
        source: str,
    ) -> Recognised:
        names: dict[str, tuple[str, ...]] = {}
        elsewhere: dict[str, tuple[Claim, ...]] = {}
        for canonical, found in claims.items():
            here = [
                c for c in found if c.wavelength is None or wavelengths.is_reference(c.wavelength)
            ]
            if here:
                chosen = self._only(here, canonical, source)
                names[canonical] = (chosen,)
                others = {c.name: _why_not(c, chosen) for c in found if c.name != chosen}
                left.update(others)
            else:
                elsewhere[canonical] = tuple(found)
                names[canonical] = tuple(c.name for c in found)
        refused = {name: why for name, why in wrong.items() if name not in names}
        return Recognised(names, elsewhere, left, refused)

    def _only(self, claims: Sequence[Claim], new: str, source: str) -> str:
        """The one variable that holds the quantity; known names beat standard names."""
        found = [c.name for c in claims]
        candidates = [c.name for c in claims if c.by_name] or found
        if len(candidates) == 1:
            return candidates[0]
        ranks = {name: self._rank(name, new) for name in candidates}
        if None in ranks.values():
            raise InputError(
                f"{source}: variables {' and '.join(candidates)} both are {new} "
                f"({self._registry[new].long_name}). Keep one of them, or rename the other."
            )
        return min(candidates, key=lambda name: (ranks[name], found.index(name)))

    def _rank(self, name: str, new: str) -> int | None:
        """The place of a name among those that stand side by side in the files of a product."""
        lower = _PRODUCT.sub("", name.lower())
        known = [alias.lower() for alias in self._registry[new].alternatives]
        places = [known.index(k) for k in (lower, _MEANS.sub("", lower)) if k in known]
        return places[0] if places else None


def _spelled_plainly(name: str) -> str:
    """A name in lower case, however its wavelength is set apart: aod_at_550_nm is aod550."""
    return re.sub(r"_?nm(?![a-z0-9])|[_\-. ]", "", _AT.sub("", name))


def _plain(standard_name: str) -> str:
    """A standard name without what has changed in the names of aerosols (CF aliases)."""
    return standard_name.strip().replace("seasalt", "sea_salt").removesuffix("_particles")


def _first_by(keys: Mapping[str, tuple[str, ...]], plain: object) -> dict[str, str]:
    """Key, made plain -> name of the first registry entry that has it."""
    assert callable(plain)
    return {
        plain(key): name for name, values in reversed(list(keys.items())) for key in values if key
    }


def _claim(name: str, array: xr.DataArray, by_name: bool, said: Mapping[str, float]) -> Claim:
    axis = wavelengths.coordinate(array)
    if axis is not None and array.coords[axis].ndim == 1:
        return Claim(name, by_name, float("nan"), says_so=False)
    wavelength = next(iter(said.values()), None)
    return Claim(name, by_name, wavelength, says_so="its name" in said)


def _why_not(claim: Claim, chosen: str) -> str:
    if claim.wavelength is not None and not wavelengths.is_reference(claim.wavelength):
        at = "several wavelengths" if np.isnan(claim.wavelength) else f"{claim.wavelength:g} nm"
        return f"at {at}; {chosen} is at 550 nm"
    return f"{chosen} is used"


def _contradiction(said: Mapping[str, float]) -> str:
    """Two different wavelengths that a variable says it is at, in words."""
    first = next(iter(said.items()), None)
    if first is None:
        return ""
    other = next((item for item in said.items() if abs(item[1] - first[1]) > 1.0), None)
    if other is None:
        return ""
    return f"at {first[1]:g} nm by {first[0]}, and at {other[1]:g} nm by {other[0]}"


def _trouble(name: str, array: xr.DataArray, canonical: str, by_name: bool) -> str:
    """Why a variable is not the quantity that it claims to be, in words."""
    words = " ".join(str(array.attrs.get(key, "")) for key in ("long_name", "title"))
    methods = str(array.attrs.get("cell_methods", ""))
    lower = name.lower()
    if not by_name and _NO_MEAN_NAME.search(lower):
        return "no mean, by its name"
    if _NO_MEAN_WORDS.search(words) or _NO_MEAN_METHODS.search(methods):
        return f"no mean ({words.strip() or methods.strip()})"
    if not canonical.startswith(("aod", "aaod", "ssa", "asymmetry", "angstrom", "coalbedo")):
        return ""
    if canonical.endswith(("_fine", "_coarse")):
        return ""
    if not by_name and _PART_NAME.search(lower):
        return "a part of the aerosol, by its name"
    return f"a part of the aerosol ({words.strip()})" if _PART_WORDS.search(words) else ""
