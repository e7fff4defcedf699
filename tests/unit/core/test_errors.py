"""What is told of misspelt names and keywords."""

from __future__ import annotations

import importlib
import inspect
import pickle

import pytest

import aeroforcing as af
from aeroforcing.core.errors import InputError, nearest_name, suggest_keywords

PACKAGES = ("columns", "forcing", "inputs", "maps", "observations", "optics", "output")


def public_calls():
    """Every public function and class by its name, from the package and those within it."""
    packages = [af, *(importlib.import_module(f"aeroforcing.{name}") for name in PACKAGES)]
    for package in packages:
        for name in package.__all__:
            member = getattr(package, name)
            if callable(member) and member is not InputError:
                yield f"{package.__name__}.{name}", member


def keywords(call):
    """Those of a call, if these are all that it takes."""
    taken = inspect.signature(call).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in taken.values()):
        return []
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [n for n, p in taken.items() if p.kind in named]


def test_every_public_call_names_the_nearest_keyword():
    """With a letter too many a keyword is still told, by functions and by classes."""
    for name, call in public_calls():
        for keyword in keywords(call):
            with pytest.raises(TypeError, match=f"did you mean '{keyword}'"):
                call(**{f"{keyword}_": None})
            assert pickle.loads(pickle.dumps(call)) is call, name


def test_keywords_that_are_handed_on_are_known_to_the_one_that_takes_them(tmp_path):
    for misspelt, meant in (("photon", "photons"), ("mnths", "months"), ("gird", "grid")):
        with pytest.raises(TypeError, match=f"did you mean '{meant}'"):
            af.save_grid_forcing(tmp_path / "out.nc", **{misspelt: 1})
    assert list(tmp_path.iterdir()) == []

    @suggest_keywords
    def call(*, first=1, **further):
        return first, further

    assert call(second=2) == (1, {"second": 2})


@pytest.mark.parametrize("package", [af, af.columns, af.optics, af.validation])
def test_a_misspelt_name_of_a_package_names_the_nearest(package):
    for name in package.__all__:
        with pytest.raises(AttributeError, match=f"did you mean {name!r}"):
            getattr(package, name + "_")
    assert not hasattr(package, "__nothing__")


def test_what_is_given_rightly_arrives_as_given():
    @suggest_keywords
    def call(first, *, second=2):
        """What it does."""
        return first, second

    assert (call(1), call(first=3, second=4)) == ((1, 2), (3, 4))
    assert call.__doc__ == "What it does."
    assert list(inspect.signature(call).parameters) == ["first", "second"]
    with pytest.raises(TypeError, match="missing"):
        call()


def test_the_nearest_name_does_not_depend_on_case():
    assert nearest_name("t21", ["T42", "T21"]) == "T21"
    assert nearest_name(21, ["T42", "T21"]) == "T21"


@pytest.mark.parametrize(
    ("call", "nearest"),
    [
        (lambda: af.standard_atmosphere("tropcal"), "'tropical'"),
        (lambda: af.gaussian_grid("T41"), "'T42'"),
        (lambda: af.SpeciesAerosol(species="sulfat", aod=0.1), "'sulfate'"),
    ],
)
def test_misspelt_values_name_the_nearest(call, nearest):
    with pytest.raises(InputError, match=f"did you mean {nearest}"):
        call()
