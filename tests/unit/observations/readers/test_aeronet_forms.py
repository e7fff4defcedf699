"""AERONET files as people have them: archives, HTML, tables of spreadsheets, sites that moved."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import numpy as np
import pytest
from helpers import reader_samples as samples

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.aeronet import read_aeronet

PLAIN = samples.direct_sun(
    [samples.direct_sun_record(f"{d:02d}:07:2015", 0.3, 1.3) for d in range(1, 6)]
)


def packed(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("sites/here.lev20")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def semicolons(content: bytes) -> bytes:
    *preamble, first = content.partition(b"Date(")[0].splitlines()
    del preamble, first
    return content[content.index(b"Date(") :].replace(b",", b";").replace(b".", b",")


def iso(content: bytes) -> bytes:
    days = {f"{d:02d}:07:2015": f"2015-07-{d:02d}" for d in range(1, 6)}
    text = content.decode("latin-1").replace("Date(dd:mm:yyyy)", "Date")
    for old, new in days.items():
        text = text.replace(f"\n{old},", f"\n{new},")
    return text.encode("latin-1")


def html(content: bytes) -> bytes:
    return b"<html><body>\n" + content.replace(b"\n", b"<br>\n") + b"</body></html>\n"


def quoted(content: bytes) -> bytes:
    start = content.index(b"Date(")
    lines = content[start:].splitlines()
    rows = (b",".join(b'"' + field + b'"' for field in line.split(b",")) for line in lines)
    return content[:start] + b"\n".join(rows) + b"\n"


@pytest.mark.parametrize(
    "form",
    [
        gzip.compress, bz2.compress, lzma.compress, packed, iso, html, quoted,
        lambda c: html(c).replace(b"<br>\n", b"<br>"),
        lambda c: c.replace(b"\n", b"\r"),
        lambda c: c + c[c.index(b"Site_") :].partition(b"\n")[2],  # all records once more
        lambda c: semicolons(c).replace(b"440-870", b"440-870"),
    ],
)  # fmt: skip
def test_forms_of_one_file_give_the_same(tmp_path, form):
    (tmp_path / "plain").write_bytes(PLAIN)
    (tmp_path / "form").write_bytes(form(PLAIN))
    expected, result = read_aeronet(tmp_path / "plain"), read_aeronet(tmp_path / "form")
    assert expected["station"].values.tolist() == result["station"].values.tolist()
    for name in expected.data_vars:
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-9)


def moved(site: str, lat: float, days: range, aod: float = 0.2) -> list[list[str]]:
    records = [samples.direct_sun_record(f"{d:02d}:07:2015", aod, 1.0, site=site) for d in days]
    place = samples.direct_sun_names().index("Site_Latitude(Degrees)")
    return [[*r[:place], f"{lat}", *r[place + 1 :]] for r in records]


@pytest.mark.parametrize(("step", "stations"), [(0.05, 2), (0.15, 3), (-0.6, 3), (40.0, 1)])
def test_a_site_that_moved_is_split_and_one_all_over_the_place_left_out(
    tmp_path, caplog, step, stations
):
    records = [*moved("Moved", -23.0, range(1, 9), 0.1), *moved("Other", 10.0, range(1, 9), 0.3)]
    later = moved("Moved", -23.0 + step, range(9, 17), 0.4)
    for parts in ([[*records, *later]], [records, later]):  # in one file, and in two
        paths = []
        for i, part in enumerate(parts):
            paths.append(tmp_path / f"{len(parts)}{i}.txt")
            paths[-1].write_bytes(samples.direct_sun(part))
        result = read_aeronet(paths)
        assert result.sizes["station"] == stations
        assert float(result["aod"].sel(station="Other", month=7)) == pytest.approx(0.3)
        if stations == 3:
            aods = result["aod"].sel(month=7).values
            np.testing.assert_allclose(sorted(aods), [0.1, 0.3, 0.4], rtol=1e-6)
        assert (stations == 2) == ("Moved" not in caplog.text)
        assert (stations == 2) == ("Moved" not in str(result.attrs))


def products(
    *names: str, days: range = range(1, 4), hour: int = 9, site: str = "AERONET_AERONET_Site"
) -> bytes:
    """Columns of some inversion products, as the web service gives them one by one."""
    every = samples.inversion_names()
    common = ("Site", "Date", "Time", "Day_of", "Latitude", "Longitude", "Elevation", "Last")
    kept = [i for i, name in enumerate(every) if name.startswith((*common, *names))]
    records = [
        samples.inversion_record(f"{d:02d}:07:2015", aod550=0.5, time=f"{hour:02d}:00:00")
        for d in days
    ]
    header = [site if every[i] == "Site" else every[i] for i in kept]
    return samples.text(
        ["AERONET Data Download"], header, [[record[i] for i in kept] for record in records]
    )


AOD, SSA, ASY = ("AOD_Ext", "Extinction"), ("Single",), ("Asymmetry",)


def test_products_fetched_one_by_one_are_what_all_together_are(tmp_path):
    contents = {"all": products(*AOD, *SSA, *ASY), "asy": products(*ASY), "ssa": products(*SSA),
                "aod": products(*AOD)}  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    whole = read_aeronet(tmp_path / "all")
    joined = read_aeronet([tmp_path / name for name in ("asy", "ssa", "aod")])
    for name in whole.data_vars:
        np.testing.assert_allclose(joined[name], whole[name], rtol=1e-9)
    with pytest.raises(InputError, match="holds asymmetry, ssa without the AOD"):
        read_aeronet([tmp_path / "ssa", tmp_path / "asy"])
    (tmp_path / "later").write_bytes(products(*SSA, hour=10))
    with pytest.raises(InputError, match="none of its 3 retrievals"):
        read_aeronet([tmp_path / "aod", tmp_path / "later"])
