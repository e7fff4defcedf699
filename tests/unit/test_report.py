"""The report: one page with everything in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import matplotlib
import pytest
from forcing_samples import sample_forcing

from aeroforcing.errors import InputError
from aeroforcing.regions import region_means
from aeroforcing.report import report

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
    ]  # fmt: skip
    assert outline.texts["h1"] == ["A test"]
    assert all(attrs["alt"] for tag, attrs in outline.tags if tag == "img")


def test_the_global_means_stand_beside_the_published_ones(page):
    mean = region_means(FORCING)["global"]["forcing_surface_cs"]["mean"]
    row = re.search(r"<tr><td>surface, clear-sky</td>(.+?)</tr>", page)[1]
    ours, published = re.findall(r"<td>(.+?)</td>", row)
    assert float(ours.split()[0].replace("−", "-")) == pytest.approx(mean, abs=0.002)
    assert published == "−9.7"


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


@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_shows_the_page_without_sideways_scrolling(page, tmp_path, width):
    program = browser()
    probe = (
        "<script>addEventListener('load', () => { document.title = [document.documentElement"
        ".scrollWidth <= innerWidth, [...document.images].every(i => i.naturalWidth > 400)]"
        ".join(' '); });</script>"
    )
    path = tmp_path / "report.html"
    path.write_text(page.replace("</body>", f"{probe}</body>"), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900"]
    done = subprocess.run(
        [program, *options, f"--user-data-dir={tmp_path}/profile", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "<title>true true</title>" in done.stdout
