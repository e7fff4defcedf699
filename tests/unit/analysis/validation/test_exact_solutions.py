"""The benchmark cases, their verdicts and their table."""

from __future__ import annotations

import pytest

from aeroforcing.analysis.validation.exact_solutions import Comparison, as_text, run_benchmarks
from aeroforcing.core.errors import InputError


@pytest.fixture(scope="module")
def found():
    calls = []
    comparisons = run_benchmarks(photons=2**14, seed=3, progress=lambda *x: calls.append(x))
    assert calls == [(done, 25) for done in range(1, 26)]
    return comparisons


def comparison(**changes):
    values = {"case": "a case", "quantity": "forcing, top", "units": "W m-2", "estimate": -5.0,
              "stderr": 0.1, "reference": -5.0, "tolerance": 0.3, "two_stream": -6.0}  # fmt: skip
    return Comparison(**(values | changes))


def test_all_cases_agree(found):
    assert len(found) == 50
    assert [c for c in found if not c.agrees] == []
    assert all(c.stderr > 0 for c in found)


def test_layers_are_judged_by_their_errors_alone_and_columns_by_those_of_the_references_too(found):
    layers = [c for c in found if c.units == "1"]
    assert len(layers) == 22
    assert {c.tolerance for c in layers} == {1e-8}
    assert sum(c.z**2 for c in layers) / len(layers) < 3.0
    assert {c.tolerance for c in found if c.case.startswith("32 streams")} == {0.15}
    assert min(c.tolerance for c in found if c.case.startswith("AeroCom")) == 0.6


def test_the_two_stream_scheme_is_farther_off(found):
    forcings = [c for c in found if c.quantity.startswith("forcing")]
    own = sum(abs(c.estimate - c.reference) for c in forcings)
    assert sum(abs(c.two_stream - c.reference) for c in forcings) > 5.0 * own


def test_the_seed_decides(found):
    again = run_benchmarks(photons=2**14, seed=3)
    assert again == found
    assert run_benchmarks(photons=64, seed=1)[0] != run_benchmarks(photons=64, seed=2)[0]


@pytest.mark.parametrize(
    ("estimate", "agrees"), [(-5.69, True), (-5.71, False), (-4.31, True), (-4.29, False)]
)
def test_a_deviation_within_tolerance_and_four_errors_agrees(estimate, agrees):
    assert comparison(estimate=estimate).agrees is agrees


def test_z_is_the_deviation_over_the_uncertainty_of_both():
    assert comparison(estimate=-5.2).z == pytest.approx(-0.2 / 0.2)  # 0.1^2 + 0.3^2 / 3 = 0.2^2
    assert comparison(estimate=-5.2, tolerance=0.0).z == pytest.approx(-2.0)


def test_the_table_shows_every_number_and_the_verdict():
    table = as_text([comparison(), comparison(estimate=-4.0, case="another")])
    heading, first, second, _, verdict = table.splitlines()
    assert heading.split() == ["case", "quantity", "aeroforcing", "reference", "z", "two-stream"]
    assert "-5.00 +- 0.10" in first
    assert "-5.00 +- 0.30" in first
    assert first.endswith("0.00        -6.00")
    assert second.startswith("another")
    assert second.endswith("DIFFERS")
    assert verdict.startswith("1 of 2 DIFFER (largest |z| 5.00).")
    assert "miss their references by 0.71 W m-2 (rms)" in verdict
    assert verdict.endswith("two-stream scheme by 1.00.")


def test_a_table_of_agreements_says_so():
    assert "all 1 agree" in as_text([comparison()])
    layers = comparison(units="1", quantity="up, top", tolerance=1e-8, estimate=0.5, reference=0.5)
    assert "0.5000 +- 0.1000             0.5000" in as_text([comparison(), layers])


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="photons=0"):
        run_benchmarks(photons=0)
    with pytest.raises(InputError, match="no/such/table"):
        run_benchmarks(photons=64, gas_table="/no/such/table.nc")
