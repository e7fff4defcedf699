"""The report: one page with everything in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import pytest
from helpers.forcing_samples import sample_forcing

from aeroforcing.core.errors import InputError
from aeroforcing.grids.regions import region_means
from aeroforcing.output.report import report

FORCING = sample_forcing().assign_attrs(
    history="2026-01-01T00:00:00Z: aeroforcing grid -o <b>.nc", aeroforcing_config="seed = 0\n"
)


@pytest.fixture(scope="module")
def page() -> str:
    matplotlib.use("agg")
    return report(FORCING)


class Outline(HTMLParser):
    """Checks that tags are balanced; collects them, and the texts of headings and cells."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]][-1] += data


@pytest.fixture(scope="module")
def outline(page) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    assert parsed.open == []
    return parsed


def test_the_page_needs_nothing_beside_it(page, outline):
    sources = [attrs["src"] for tag, attrs in outline.tags if tag == "img"]
    assert len(sources) == 6 + 1 + 3  # forcings, zonal means, aerosol
    assert all(source.startswith("data:image/png;base64,iVBOR") for source in sources)
    assert {tag for tag, _ in outline.tags}.isdisjoint({"script", "link", "iframe"})
    assert "url(" not in page
    assert 'name="viewport"' in page
    assert "@media print" in page


def test_the_sections_are_there(outline):
    assert outline.texts["h2"] == [
        "Global mean", "By region", "Published estimates", "Forcing", "Zonal means", "Aerosol",
        "Settings", "Inputs", "How the file was made", "Options of the run (TOML)",
        "Benchmarks of the solver",
    ]  # fmt: skip
    assert outline.texts["h1"] == ["A test"]
    captions = [attrs["alt"] for tag, attrs in outline.tags if tag == "img"]
    assert captions == outline.texts["figcaption"]
    assert "Total aerosol direct radiative effect at the surface, all-sky" in captions


def test_the_global_means_stand_beside_the_published_ones(page):
    mean = region_means(FORCING)["global"]["forcing_surface_cs"]["mean"]
    ours, published = cells_of(page, "surface, clear-sky")
    assert number(ours) == pytest.approx(mean, abs=0.002)
    assert published == "−9.7"


def cells_of(page: str, label: str) -> list[str]:
    """The cells of the first row of that label."""
    row = re.search(rf"<tr><td>{label}</td>(.+?)</tr>", page)[1]
    return re.findall(r"<td>(.+?)</td>", row)


def number(cell: str) -> float:
    return float(cell.split()[0].replace("−", "-"))


def test_published_estimates_have_their_uncertainty_and_address(page):
    link = '<a href="https://doi.org/10.1029/2007JD008434">Kim and Ramanathan \\(2008\\)</a>'
    assert cells_of(page, link) == [
        "clear",
        "−6.0 ±\N{NO-BREAK SPACE}1",
        "-",
        "−11.0 ±\N{NO-BREAK SPACE}2",
    ]
    without_address = cells_of(page, "Lacagnina et al. \\(2017\\), PARASOL and OMI")
    assert without_address[1:] == ["−4.6 ±\N{NO-BREAK SPACE}1.5", "-", "-"]


def test_the_benchmarks_are_solved_and_compared(page):
    case = "AeroCom 2b: tropical, SSA 0.8, 30°; surface"
    own, exact, two_stream = cells_of(page, case)
    assert exact == "−40.60"
    assert number(own) == pytest.approx(-40.6, abs=1.4)
    assert number(two_stream) != number(own)
    assert "±" in own
    assert "all agree, by the tolerance of the reference" in page


def test_texts_of_the_file_are_no_markup(page, outline):
    assert "-o &lt;b&gt;.nc" in page
    assert any("aeroforcing grid -o <b>.nc" in text for text in outline.texts["pre"])


def test_one_sky_is_enough():
    clear = FORCING[["forcing_toa_cs", "forcing_toa_cs_stderr"]]
    assert report(clear).count("<img") == 2


def test_without_forcing_there_is_no_report():
    with pytest.raises(InputError, match="holds no forcing_toa"):
        report(FORCING[["aod"]])
    with pytest.raises(InputError, match="No report can be made: there are no maps"):
        report(FORCING[["forcing_toa"]].isel(lat=0, lon=0))


def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if shutil.which(name):
            return name
    pytest.skip("there is no Chromium here")


PROBE = """<script>
addEventListener('load', () => {
  const seen = document.querySelector('iframe').contentDocument;
  const widths = [...seen.images].map(image => image.naturalWidth);
  const fits = seen.documentElement.scrollWidth <= seen.defaultView.innerWidth;
  const tables = [...seen.querySelectorAll('div.wide')];
  const excess = Math.max(...tables.map(table => table.scrollWidth - table.clientWidth));
  const letters = parseFloat(getComputedStyle(seen.querySelector('td'), '').fontSize);
  document.title = [fits, excess, Math.min(...widths) > 400, letters >= 12].join(' ');
});
</script>"""


@pytest.mark.parametrize("width", [375, 1200])
def test_a_browser_shows_the_page_whole_on_phones_and_screens(page, tmp_path, width):
    """In a frame, since windows of browsers are not as narrow as phones."""
    frame = f'<iframe width="{width}" height="800" srcdoc="{escape(page)}"></iframe>'
    path = tmp_path / "frame.html"
    path.write_text(f"<!DOCTYPE html><title></title>{frame}{PROBE}", encoding="utf-8")
    assert "<title>true 0 true true</title>" in browse(path, tmp_path, "--dump-dom")


def test_a_browser_prints_the_page(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    browse(path, tmp_path, f"--print-to-pdf={tmp_path}/report.pdf")
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 10


def browse(path: Path, folder: Path, what: str) -> str:
    """Open a page in Chromium without a window, and do something with it."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    command = [browser(), *options, what, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
