"""AERONET text files: layouts, means at 550 nm, and what is refused."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections import defaultdict

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples as samples
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.aeronet import read_aeronet


@pytest.fixture
def write(tmp_path):
    def _write(content: bytes, name: str = "site.lev20"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return _write


def at(dataset, name, month, station="Testsite"):
    return float(dataset[name].sel(station=station, month=month))


# ---- direct sun -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=20)
@given(aod=st.floats(0.01, 3.0), angstrom=st.floats(-0.3, 2.5))
def test_power_law_spectrum_comes_back_at_550_nm(tmp_path_factory, aod, angstrom):
    path = tmp_path_factory.mktemp("power") / "site.lev20"
    path.write_bytes(samples.direct_sun([samples.direct_sun_record("05:01:2016", aod, angstrom)]))
    result = read_aeronet(path)
    assert at(result, "aod", 1) == pytest.approx(aod, abs=1e-8)
    assert at(result, "angstrom", 1) == pytest.approx(angstrom, abs=1e-6)


def test_mean_of_month_is_mean_over_days_of_daily_means(write):
    records = [
        *(samples.direct_sun_record("05:01:2016", aod, 1.0) for aod in (0.1, 0.2, 0.3)),
        samples.direct_sun_record("09:01:2017", 0.8, 2.0),
    ]
    result = read_aeronet(write(samples.direct_sun(records)))
    assert at(result, "aod", 1) == pytest.approx((0.2 + 0.8) / 2, abs=1e-8)
    assert at(result, "angstrom", 1) == pytest.approx(1.5, abs=1e-6)
    assert at(result, "n_days", 1) == 2
    assert at(result, "n_points", 1) == 4
    assert np.isnan(at(result, "aod", 2))
    assert at(result, "n_days", 2) == 0


def test_sites_keep_position_elevation_and_attributes(write):
    records = [
        samples.direct_sun_record("05:01:2016", 0.1, 1.0, site="B"),
        samples.direct_sun_record("05:02:2016", 0.2, 1.0, site="A"),
    ]
    result = read_aeronet(write(samples.direct_sun(records)))
    assert list(result["station"].values) == ["A", "B"]
    assert list(result["month"].values) == list(range(1, 13))
    assert result["lat"].values == pytest.approx(-23.5615)
    assert result["lon"].values == pytest.approx(360 - 46.734983)
    assert result["elevation"].values == pytest.approx(786.0)
    assert result["aod"].attrs["standard_name"].startswith("atmosphere_optical_thickness")
    assert float(result["wavelength"]) == 550.0


@pytest.mark.parametrize(
    "missing", ["-999", "-999.", "-999.0", "-999.000000", "-9999", "-9999.", "N/A", "", " -999. "]
)
def test_every_spelling_of_missing(write, missing):
    without_500 = samples.direct_sun_record("05:01:2016", 0.3, 1.5)
    without_500[samples.direct_sun_names().index("AOD_500nm")] = missing
    empty = samples.direct_sun_record("06:01:2016", 0.9, 1.5)
    for name in ("AOD_675nm", "AOD_870nm", "440-870_Angstrom_Exponent"):
        empty[samples.direct_sun_names().index(name)] = missing
    result = read_aeronet(write(samples.direct_sun([without_500, empty])))
    assert at(result, "aod", 1) == pytest.approx(0.3, abs=1e-8)  # from 440 and 675 nm
    assert at(result, "n_points", 1) == 1
    assert at(result, "angstrom", 1) == pytest.approx(1.5)


def test_columns_are_found_by_name_in_any_order(write):
    names, record = samples.direct_sun_names(), samples.direct_sun_record("05:01:2016", 0.25, 1.4)
    order = np.random.default_rng(1).permutation(len(names))
    shuffled = samples.text(
        samples.V3_PREAMBLE[:3], [names[i] for i in order], [[record[i] for i in order]]
    )
    assert at(read_aeronet(write(shuffled)), "aod", 1) == pytest.approx(0.25, abs=1e-8)


def test_web_service_names_the_site_twice(write):
    names = ["AERONET_Site", *samples.direct_sun_names()]
    record = ["Testsite", *samples.direct_sun_record("05:01:2016", 0.25, 1.4)]
    result = read_aeronet(write(samples.text(samples.V3_PREAMBLE, names, [record])))
    assert at(result, "aod", 1) == pytest.approx(0.25, abs=1e-8)


def test_line_ends_of_windows_and_of_the_web_service(write):
    plain = samples.many_days()
    reference = read_aeronet(write(plain))
    for name, end in (("w.txt", b"\r\n"), ("b.txt", b"<br>\n"), ("c.txt", b",\n")):
        changed = read_aeronet(write(plain.replace(b"\n", end), name))
        assert changed.drop_attrs().equals(reference.drop_attrs())
    assert read_aeronet(write(plain.rstrip(b"\n"), "no_end.txt")).equals(reference)
    assert read_aeronet(write(plain + b"\n\n", "blank_end.txt")).equals(reference)


def test_open_end_of_early_version_3_files(write):
    names = [*samples.direct_sun_names(), "Number_of_Wavelengths", "Exact_Wavelengths_of_AOD(um)"]
    records = [
        [*samples.direct_sun_record(f"0{n}:01:2016", 0.2, 1.0), str(n), *["0.5"] * n]
        for n in (1, 4, 2)
    ]
    result = read_aeronet(write(samples.text(samples.V3_PREAMBLE, names, records)))
    assert at(result, "aod", 1) == pytest.approx(0.2, abs=1e-8)
    assert at(result, "n_days", 1) == 3


def test_version_2_direct_sun_with_the_site_in_the_preamble(write):
    preamble = (
        "Level 2.0. Quality Assured Data.<p>The following data are pre and post field calibrated",
        "Version 2 Direct Sun Algorithm",
        "Location=Ji_Parana,long=-61.800,lat=-10.860,elev=100,Nmeas=7,PI=A_B,Email=a@b.org",
        "AOD Level 2.0,All Points,UNITS can be found at,,, http://aeronet.gsfc.nasa.gov/",
    )
    names = ["Date(dd-mm-yy)", "Time(hh:mm:ss)", "Julian_Day", "AOT_870", "AOT_675", "AOT_500",
             "AOT_440", "440-870Angstrom"]  # fmt: skip
    aot = [f"{samples.power_law(0.4, 1.1, w):.8f}" for w in (870, 675, 500, 440)]
    record = ["21:03:2005", "10:00:00", "80.4", *aot, "1.1"]
    result = read_aeronet(write(samples.text(preamble, names, [record])))
    assert at(result, "aod", 3, "Ji_Parana") == pytest.approx(0.4, abs=1e-7)
    assert float(result["lon"].item()) == pytest.approx(298.2)
    assert float(result["elevation"].item()) == 100.0


def test_daily_and_monthly_files_give_what_all_points_give(write):
    """Constant spectra in each day, so that means and interpolation commute."""
    days = {"05:01:2016": (0.1, 3), "07:01:2016": (0.5, 1), "02:01:2017": (0.3, 2)}
    points = [
        samples.direct_sun_record(day, aod, 1.0, time=f"10:0{k}:00")
        for day, (aod, n) in days.items()
        for k in range(n)
    ]
    all_points = read_aeronet(write(samples.direct_sun(points)))
    daily = read_aeronet(write(samples.daily_direct_sun(days), "daily.lev20"))
    months = {"2016-JAN": (0.3, 2, 4), "JAN-2017": (0.3, 1, 2)}
    monthly = read_aeronet(write(samples.monthly_direct_sun(months), "mon.lev20"))
    for other in (daily, monthly):
        xr.testing.assert_equal(other["elevation"], all_points["elevation"])
        assert at(other, "n_days", 1) == at(all_points, "n_days", 1) == 3
        assert at(other, "n_points", 1) == at(all_points, "n_points", 1) == 6
        assert at(other, "aod", 1) == pytest.approx(at(all_points, "aod", 1), abs=1e-8)


def test_minimum_of_days_and_points(write):
    records = [
        *(samples.direct_sun_record("05:01:2016", 0.2, 1.0, time=f"10:0{k}:00") for k in range(5)),
        *(samples.direct_sun_record(f"0{d}:02:2016", 0.2, 1.0) for d in (1, 2, 3)),
    ]
    path = write(samples.direct_sun(records))
    by_days = read_aeronet(path, min_days=3)
    assert np.isnan(at(by_days, "aod", 1)) and at(by_days, "aod", 2) == pytest.approx(0.2)
    by_points = read_aeronet(path, min_points=4)
    assert np.isnan(at(by_points, "aod", 2)) and at(by_points, "aod", 1) == pytest.approx(0.2)
    assert at(by_points, "n_days", 2) == 3  # the counts stay
    with pytest.raises(InputError, match="enough valid measurements"):
        read_aeronet(path, min_days=4)
    with pytest.raises(InputError, match="min_days=0"):
        read_aeronet(path, min_days=0)


def test_blocks_do_not_change_the_result(write, monkeypatch):
    path = write(samples.many_days())
    whole = read_aeronet(path)
    monkeypatch.setattr("aeroforcing.observations.readers._aeronet_text._BLOCK", 1000)
    in_blocks = read_aeronet(path)
    assert in_blocks["n_points"].equals(whole["n_points"])
    np.testing.assert_allclose(in_blocks["aod"], whole["aod"], rtol=1e-13)


def test_small_negative_aod_is_kept_in_means_and_then_counted(write):
    names = samples.direct_sun_names()
    record = samples.direct_sun_record("05:01:2016", 0.01, 1.0)
    for channel in (440, 500, 675, 870):
        record[names.index(f"AOD_{channel}nm")] = "-0.004"
    clean = samples.direct_sun_record("06:01:2016", 0.01, 1.0)
    result = read_aeronet(write(samples.direct_sun([record, clean])))
    assert at(result, "aod", 1) == pytest.approx((0.01 - 0.004) / 2, abs=1e-7)
    alone = write(samples.direct_sun([record]), "alone.lev20")
    result = read_aeronet(alone)
    assert at(result, "aod", 1) == 0.0
    assert result.attrs["negative_aod_set_to_zero"] == "1 cells"


# ---- inversions -----------------------------------------------------------------------------


def test_ssa_is_weighted_by_aod_and_asymmetry_by_scattering_aod(write):
    cases = [(0.5, 0.05, 0.70), (1.5, 0.20, 0.60)]
    records = [
        samples.inversion_record(f"0{i + 1}:03:2006", aod550=tau, coalbedo550=c, asymmetry=g)
        for i, (tau, c, g) in enumerate(cases)
    ]
    result = read_aeronet(write(samples.inversion(records), "site.all"))
    tau, coalbedo, g = np.array(cases).T
    scattering = tau * (1 - coalbedo)
    assert at(result, "ssa", 3) == pytest.approx(scattering.sum() / tau.sum(), abs=1e-6)
    expected = (scattering * g).sum() / scattering.sum()
    assert at(result, "asymmetry", 3) == pytest.approx(expected, abs=1e-6)
    assert at(result, "aod", 3) == pytest.approx(tau.mean(), abs=1e-6)
    assert at(result, "n_points_inversion", 3) == 2
    aaod = (1 - at(result, "ssa", 3)) * at(result, "aod", 3)
    assert at(result, "aaod", 3) == pytest.approx(aaod, abs=1e-12)


@settings(deadline=None, max_examples=20)
@given(
    ssa=st.tuples(st.floats(0.5, 1.0), st.floats(0.5, 1.0)),
    asymmetry=st.tuples(st.floats(0.3, 0.9), st.floats(0.3, 0.9)),
    kappa=st.floats(-0.8, 1.5),
)
def test_linear_spectra_and_the_coalbedo_exponent_come_back(
    tmp_path_factory, ssa, asymmetry, kappa
):
    """SSA and asymmetry are linear between 440 and 675 nm; the exponent is that of the ends."""
    names = samples.inversion_names()
    record = samples.inversion_record("01:03:2006", aod550=0.5, kappa=kappa)
    share = (550 - 440) / (675 - 440)
    for name, pair in (("Single_Scattering_Albedo", ssa), ("Asymmetry_Factor-Total", asymmetry)):
        for channel, value in zip((440, 675), pair, strict=True):
            record[names.index(f"{name}[{channel}nm]")] = f"{value:.9f}"
    tau = {w: samples.power_law(0.5, 1.2, w) for w in samples.INVERSION_CHANNELS}
    coalbedo = (1 - ssa[0], 1 - ssa[1], samples.power_law(1 - ssa[0], kappa, 870 / 440 * 550))
    for channel, value in zip((440, 675, 870), coalbedo, strict=True):
        record[names.index(f"Single_Scattering_Albedo[{channel}nm]")] = f"{1 - value:.12f}"
        record[names.index(f"Absorption_AOD[{channel}nm]")] = f"{tau[channel] * value:.12f}"
    assume(coalbedo[2] <= 1)
    path = tmp_path_factory.mktemp("linear") / "site.all"
    path.write_bytes(samples.inversion([record]))
    result = read_aeronet(path)
    assert at(result, "ssa", 3) == pytest.approx(ssa[0] + share * (ssa[1] - ssa[0]), abs=1e-8)
    expected = asymmetry[0] + share * (asymmetry[1] - asymmetry[0])
    assert at(result, "asymmetry", 3) == pytest.approx(expected, abs=1e-8)
    if 1 - ssa[0] > 1e-3:
        assert at(result, "coalbedo_angstrom", 3) == pytest.approx(kappa, abs=1e-5)
        assert at(result, "absorption_angstrom", 3) == pytest.approx(1.2 + kappa, abs=1e-5)


def test_daily_and_monthly_inversions_count_their_retrievals(write):
    """Means of two retrievals on one day and of one on another, weighted by AOD and their number.

    The monthly file, as those of direct sun, names the site before the header only.
    """
    days = {"05:03:2006": (2, 0.6, 0.05), "09:03:2006": (1, 1.2, 0.2)}
    records = [
        samples.inversion_record(day, aod550=tau, coalbedo550=c, time=f"08:0{k}:00")
        for day, (n, tau, c) in days.items()
        for k in range(n)
    ]
    points = read_aeronet(write(samples.inversion(records), "points.all"))
    columns = [f"N[Single_Scattering_Albedo[{c}nm]]" for c in samples.INVERSION_CHANNELS]
    daily = [
        [*samples.inversion_record(day, aod550=tau, coalbedo550=c), *[str(n)] * 4]
        for day, (n, tau, c) in days.items()
    ]
    preamble = ("AERONET Version 3", "Testsite", "Version 3: Almucantar Level 2.0 Inversion")
    names = [*samples.inversion_names(), *columns]
    by_day = read_aeronet(write(samples.text(preamble, names, daily), "days.all"))
    weights = np.array([2 * 0.6, 1.2])
    ssa = weights @ [0.95, 0.8] / weights.sum()
    for result in (points, by_day):
        assert at(result, "ssa", 3) == pytest.approx(ssa, abs=1e-6)
        assert at(result, "aod", 3) == pytest.approx(0.9, abs=1e-6)
        assert at(result, "n_points_inversion", 3) == 3
        assert at(result, "n_days_inversion", 3) == 2
    monthly = [["2006-MAR", *samples.inversion_record("", aod550=0.9, coalbedo550=0.1)[4:], "3"]]
    names = ["Month", *samples.inversion_names()[4:], "NUM_POINTS[Single_Scattering_Albedo[440nm]]"]
    by_month = read_aeronet(write(samples.text(preamble, names, monthly), "months.all"))
    assert at(by_month, "ssa", 3) == pytest.approx(0.9, abs=1e-6)
    assert at(by_month, "n_points_inversion", 3) == 3


def test_coalbedo_exponent_is_that_of_the_summed_absorption(write):
    cases = [(0.5, 0.02, 1.5), (1.5, 0.15, -0.5)]
    records = [
        samples.inversion_record(f"0{i + 1}:03:2006", aod550=t, coalbedo550=c, kappa=k)
        for i, (t, c, k) in enumerate(cases)
    ]
    result = read_aeronet(write(samples.inversion(records), "site.all"))
    extinction = {w: sum(samples.power_law(t, 1.2, w) for t, _, _ in cases) for w in (440, 870)}
    absorption = {
        w: sum(samples.power_law(t, 1.2, w) * samples.power_law(c, k, w) for t, c, k in cases)
        for w in (440, 870)
    }
    ratio = (absorption[440] / absorption[870]) / (extinction[440] / extinction[870])
    expected = -math.log(ratio) / math.log(440 / 870)
    assert at(result, "coalbedo_angstrom", 3) == pytest.approx(expected, abs=1e-5)


def test_no_absorption_gives_exponent_zero(write):
    records = [samples.inversion_record("01:03:2006", aod550=0.5, coalbedo550=0.0)]
    result = read_aeronet(write(samples.inversion(records), "site.all"))
    assert at(result, "ssa", 3) == 1.0
    assert at(result, "coalbedo_angstrom", 3) == 0.0


def test_retrieval_without_ssa_counts_for_asymmetry_alone(write):
    records = [
        samples.inversion_record("01:03:2006", aod550=0.3, asymmetry=0.6, ssa_missing=True),
        samples.inversion_record("02:03:2006", aod550=0.5, asymmetry=0.7, coalbedo550=0.1),
    ]
    result = read_aeronet(write(samples.inversion(records), "site.all"))
    assert at(result, "ssa", 3) == pytest.approx(0.9, abs=1e-6)
    weights = np.array([0.3, 0.45])
    expected = weights @ [0.6, 0.7] / weights.sum()
    assert at(result, "asymmetry", 3) == pytest.approx(expected, abs=1e-6)


def test_version_2_inversion_with_its_own_wavelengths(write):
    preamble = (
        "18:10:2006,Locations=Karlsruhe,long=8.428,lat=49.093,elev=140,Nmeas=2,PI=B,Email=b@k.edu",
        "Level 2.0 Almucantar Retrievals, Version 2",
        "Combined Dubovik Retrievals,ALL POINTS,Inversion Product UNITS can be found at,,, http://",
    )
    channels, tau, ssa = (439, 675, 870), [], []
    for c in channels:
        tau.append(samples.power_law(0.6, 1.3, c))
        ssa.append(1 - samples.power_law(0.1, 0.2, c))
    names = ["Date(dd-mm-yyyy)", "Time(hh:mm:ss)", "Julian_Day", "AOT_440",
             *(f"{q}{c}-T" for q in ("AOTExt", "SSA", "AOTAbsp", "ASYM") for c in channels),
             "870-440AngstromParam.[AOTExt]-Total"]  # fmt: skip
    absorbed = [t * (1 - w) for t, w in zip(tau, ssa, strict=True)]
    numbers = [f"{v:.8f}" for v in (*tau, *ssa, *absorbed)]
    record = ["18:10:2006", "09:00:00", "291.4", "N/A", *numbers, *["0.65"] * 3, "1.3"]
    result = read_aeronet(write(samples.text(preamble, names, [record]), "site.dubovik"))
    assert at(result, "aod", 10, "Karlsruhe") == pytest.approx(0.6, abs=2e-4)
    expected = np.interp(550, channels, ssa)
    assert at(result, "ssa", 10, "Karlsruhe") == pytest.approx(expected, abs=1e-7)
    assert at(result, "asymmetry", 10, "Karlsruhe") == pytest.approx(0.65)
    assert at(result, "coalbedo_angstrom", 10, "Karlsruhe") == pytest.approx(0.2, abs=2e-3)


def test_direct_sun_gives_aod_and_inversions_the_rest(write):
    sun = write(samples.direct_sun([samples.direct_sun_record("05:03:2016", 0.2, 1.0)]))
    sky = write(
        samples.inversion(
            [
                samples.inversion_record("05:03:2016", aod550=0.9, coalbedo550=0.1),
                samples.inversion_record("05:04:2016", aod550=0.9, coalbedo550=0.1),
                samples.inversion_record("05:04:2016", aod550=0.7, coalbedo550=0.1, site="Other"),
            ]
        ),
        "sites.all",
    )
    result = read_aeronet([sun, sky])
    assert at(result, "aod", 3) == pytest.approx(0.2, abs=1e-8)
    assert at(result, "ssa", 3) == pytest.approx(0.9, abs=1e-6)
    assert np.isnan(at(result, "aod", 4))  # never from a hazy sky of the same station
    assert at(result, "ssa", 4) == pytest.approx(0.9, abs=1e-6)
    assert at(result, "aod", 4, "Other") == pytest.approx(0.7, abs=1e-6)
    assert read_aeronet([sky, sun]).drop_attrs().equals(result.drop_attrs())


# ---- several files, archives, tables of sites -------------------------------------------------


def test_zip_with_total_optical_depths_beside(tmp_path, write):
    reference = read_aeronet(write(samples.many_days()))
    archive = tmp_path / "site.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.lev20", samples.many_days())
        file.writestr("a.tot_lev20", b"Date(dd:mm:yyyy),Time,AOD_440nm-Total\n")
    result = read_aeronet(archive)
    assert result.drop_attrs().equals(reference.drop_attrs())
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"site\.zip.*damaged"):
        read_aeronet(archive)


def test_files_of_several_years_join_like_one(write):
    first = [samples.direct_sun_record("05:01:2016", 0.2, 1.0)]
    second = [samples.direct_sun_record("05:01:2017", 0.4, 1.0)]
    together = read_aeronet(write(samples.direct_sun(first + second)))
    parts = [
        write(samples.direct_sun(first), "1.lev20"),
        write(samples.direct_sun(second), "2.lev20"),
    ]
    assert read_aeronet(parts).drop_attrs().equals(together.drop_attrs())


def test_a_day_in_two_files_is_refused(write):
    one = write(samples.many_days(5), "one.lev20")
    two = write(samples.many_days(2), "two.lev20")
    with pytest.raises(InputError, match=r"two\.lev20: 2 periods .*one\.lev20 too"):
        read_aeronet([one, two])
    with pytest.raises(InputError, match="twice"):
        read_aeronet([one, one])


def test_monthly_means_of_a_month_that_all_points_cover_are_refused(write):
    daily = write(samples.many_days(60), "daily.lev20")  # January and February 2016
    names = ["Month", *samples.direct_sun_names()[3:]]

    def monthly(month, name):
        record = [month, *samples.direct_sun_record("", 0.3, 1.0)[3:]]
        return write(samples.text(samples.V3_PREAMBLE, names, [record]), name)

    with pytest.raises(InputError, match=r"feb\.lev20: 1 periods .* first 201602 of Testsite"):
        read_aeronet([daily, monthly("2016-FEB", "feb.lev20")])
    joined = read_aeronet([daily, monthly("2017-FEB", "later.lev20")])
    assert at(joined, "n_days", 2) == 29 + 1
    names[0] = "month"
    with pytest.raises(InputError, match="first 2 of Testsite"):
        read_aeronet([daily, monthly("2", "sites.csv")])
    assert at(read_aeronet([daily, monthly("7", "july.csv")]), "aod", 7) == pytest.approx(0.3)


def test_table_of_sites_and_months(write):
    names = ["AERONET_Site_Name", "month", "AOD_500nm", "AOD_675nm", "440-870_Angstrom_Exponent",
             "Site_Latitude(Degrees)", "Site_Longitude(Degrees)", "n_days"]  # fmt: skip
    aods = [f"{samples.power_law(0.3, 1.2, w):.8f}" for w in (500, 675)]
    records = [["Here", m, *aods, "1.2", "10.0", "20.0", "7"] for m in ("1", "12")]
    result = read_aeronet(write(samples.text([], names, records), "sites.csv"))
    assert at(result, "aod", 12, "Here") == pytest.approx(0.3, abs=1e-7)
    assert at(result, "n_days", 1, "Here") == 7
    assert np.isnan(float(result["elevation"].item()))


def test_table_of_sites_in_canonical_names(write):
    names = ["station", "month", "lat", "lon", "elevation", "aod", "angstrom", "ssa", "asymmetry",
             "coalbedo_angstrom", "n_days", "n_points"]  # fmt: skip
    records = [["Here", "7", "10", "200", "30", "0.3", "1.2", "0.93", "0.7", "-0.4", "5", "50"]]
    result = read_aeronet(write(samples.text([], names, records), "sites.csv"))
    expected = {"aod": 0.3, "angstrom": 1.2, "ssa": 0.93, "asymmetry": 0.7,
                "coalbedo_angstrom": -0.4, "n_days": 5, "n_points": 50}  # fmt: skip
    for name, value in expected.items():
        assert at(result, name, 7, "Here") == pytest.approx(value, abs=1e-12)


def test_table_of_sites_with_absorption_in_place_of_scattering(write):
    names = ["station", "month", "lat", "lon", "aod", "angstrom", "aaod", "absorption_angstrom"]
    records = [["Here", "7", "10", "200", "0.5", "1.2", "0.04", "1.5"],
               ["Here", "8", "10", "200", "0.5", "1.2", "", ""],
               ["There", "7", "20", "200", "0", "1.2", "0", "1.5"]]  # fmt: skip
    result = read_aeronet(write(samples.text([], names, records), "sites.csv"))
    assert at(result, "ssa", 7, "Here") == pytest.approx(0.92, abs=1e-12)
    assert at(result, "coalbedo_angstrom", 7, "Here") == pytest.approx(0.3, abs=1e-12)
    assert at(result, "aaod", 7, "Here") == pytest.approx(0.04, abs=1e-12)
    assert at(result, "aod", 8, "Here") == 0.5
    assert np.isnan(at(result, "ssa", 8, "Here")) and np.isnan(at(result, "ssa", 7, "There"))
    records[0][6] = "0.6"
    with pytest.raises(InputError, match=r"aaod is out of range .* cannot exceed the AOD"):
        read_aeronet(write(samples.text([], names, records), "sites.csv"))
    without = [names.index(name) for name in names if name != "angstrom"]
    table = [[record[i] for i in without] for record in (names, *records[1:])]
    with pytest.raises(InputError, match="angstrom, without which absorption_angstrom"):
        read_aeronet(write(samples.text([], table[0], table[1:]), "sites.csv"))


def test_a_co_albedo_exponent_alone_is_kept(write):
    names = ["station", "month", "lat", "lon", "aod", "coalbedo_angstrom"]
    record = ["Here", "7", "10", "200", "0.5", "-0.3"]
    result = read_aeronet(write(samples.text([], names, [record]), "sites.csv"))
    assert at(result, "coalbedo_angstrom", 7, "Here") == pytest.approx(-0.3, abs=1e-12)


# ---- what is refused --------------------------------------------------------------------------


def changed_record(name: str, value: str) -> bytes:
    record = samples.direct_sun_record("05:01:2016", 0.2, 1.0)
    record[samples.direct_sun_names().index(name)] = value
    return samples.direct_sun([samples.direct_sun_record("04:01:2016", 0.2, 1.0), record])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "control characters"),
        ("Date(dd:mm:yyyy),AOD_440nm,x\n".encode("utf-16"), "another encoding"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "no AERONET header"),
        (b"a,b,c\n1,2,3\n" * 200, "no AERONET header"),
        (samples.direct_sun([]), "no record after the header in line 7"),
        (samples.many_days()[:-100], "do not have the 17 fields of the header, first line 127"),
        (changed_record("AOD_500nm", "abc"), "AOD_500nm holds 1 values .* not numbers.*line 9"),
        (changed_record("AOD_500nm", "12.5"), "AOD_500nm is out of range in 1 records.*line 9"),
        (changed_record("AOD_500nm", "inf"), "AOD_500nm is out of range"),
        (changed_record("AOD_500nm", "-0.3"), "AOD_500nm is out of range"),
        (changed_record("Date(dd:mm:yyyy)", "31:02:2016"), "not dates"),
        (changed_record("Date(dd:mm:yyyy)", "05:01:1916"), "not dates"),
        (changed_record("Site_Latitude(Degrees)", "99"), "out of range"),
        (changed_record("Site_Latitude(Degrees)", "-999."), "position of the site"),
        (changed_record("Site_Latitude(Degrees)", "40.0"), "places that differ"),
        (changed_record("Site_Elevation(m)", "7"), "places that differ"),
        (changed_record("AERONET_Site_Name", "0.25"), "not names of sites"),
    ],
)  # fmt: skip
def test_broken_files_are_named_with_what_is_wrong(write, content, message):
    path = write(content)
    with pytest.raises(InputError, match=message) as caught:
        read_aeronet(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ("AOD_675nm", None),  # 870 nm is a neighbour still
        ("AERONET_Site_Name", None),  # the second line names it too
        ("Site_Latitude(Degrees)", "lat of the site"),
    ],
)
def test_absent_column(write, absent, message):
    names = samples.direct_sun_names()
    record = samples.direct_sun_record("05:01:2016", 0.2, 1.0)
    keep = [i for i, name in enumerate(names) if name != absent]
    content = samples.text(
        samples.V3_PREAMBLE, [names[i] for i in keep], [[record[i] for i in keep]]
    )
    if message is None:
        assert at(read_aeronet(write(content)), "aod", 1) == pytest.approx(0.2, abs=1e-7)
        return
    with pytest.raises(InputError, match=message):
        read_aeronet(write(content))


def test_a_site_without_a_name_anywhere(write):
    record = samples.direct_sun_record("05:01:2016", 0.2, 1.0)
    place = samples.direct_sun_names().index("AERONET_Site_Name")
    names = [name for i, name in enumerate(samples.direct_sun_names()) if i != place]
    records = [[value for i, value in enumerate(record) if i != place]]
    with pytest.raises(InputError, match="no column holds the station of the site"):
        read_aeronet(write(samples.text(["Some table"], names, records)))
    odd = [samples.V3_PREAMBLE[0], "0.25,0.31"]
    with pytest.raises(InputError, match=r"'0\.25,0\.31' before the header is none"):
        read_aeronet(write(samples.text(odd, names, records)))


def test_total_optical_depth_is_another_product(write):
    names = ["Date(dd:mm:yyyy)", "Time(hh:mm:ss)", "AOD_500nm-Total", "AOD_675nm-Total",
             "AERONET_Site_Name", "Site_Latitude(Degrees)", "Site_Longitude(Degrees)"]  # fmt: skip
    record = ["05:01:2016", "10:00:00", "0.3", "0.2", "Here", "1.0", "2.0"]
    with pytest.raises(InputError, match=r"no column holds aod .* found: none"):
        read_aeronet(write(samples.text(samples.V3_PREAMBLE, names, [record])))


def test_values_under_the_wrong_column_contradict_the_exponent(write):
    names = samples.direct_sun_names()
    short, long = names.index("AOD_440nm"), names.index("AOD_870nm")
    records = []
    for line in samples.many_days().decode("latin-1").splitlines()[7:]:
        fields = line.split(",")
        fields[short], fields[long] = fields[long], fields[short]
        records.append(fields)
    with pytest.raises(InputError, match="contradicts the Angstrom exponent"):
        read_aeronet(write(samples.direct_sun(records)))


@pytest.mark.parametrize(
    ("swapped", "message"),
    [
        (("AOD_500nm", "AOD_440nm"), "AOD_500nm .* contradicts the Angstrom exponent"),
        (("AOD_675nm", "AOD_870nm"), "AOD_675nm .* contradicts the Angstrom exponent"),
        (("Date(dd:mm:yyyy)", "Last_Date_Processed"), "Day_of_Year .* contradicts the date"),
        (("AOD_1020nm", "Site_Latitude(Degrees)"), r"Testsite is at \d+ different places"),
    ],
)
def test_columns_that_changed_places_contradict_others(write, swapped, message):
    names = samples.direct_sun_names()
    i, j = map(names.index, swapped)
    records = [line.split(",") for line in samples.many_days().decode("latin-1").splitlines()[7:]]
    for record in records:
        record[i], record[j] = record[j], record[i]
    with pytest.raises(InputError, match=message):
        read_aeronet(write(samples.direct_sun(records)))


def test_bent_spectra_of_smoke_are_accepted(write):
    """ln AOD of fine aerosol bends over ln wavelength (Eck et al. 1999, doi:10.1029/1999JD900923),
    here more than in any of these cases; the exponent of a file is that of a straight fit."""
    names = samples.direct_sun_names()
    channels = np.array([440, 500, 675, 870])
    x = np.log(channels / 550)
    logs = np.log(0.5) - 1.8 * x - 1.5 * x**2
    exponent = -np.polyfit(x, logs, 1)[0]
    records = []
    for day in range(1, 21):
        record = samples.direct_sun_record(f"{day:02d}:09:2016", 0.5, 1.0)
        record[names.index("440-870_Angstrom_Exponent")] = f"{exponent:.6f}"
        for channel, value in zip(channels, np.exp(logs), strict=True):
            record[names.index(f"AOD_{channel}nm")] = f"{value:.9f}"
        records.append(record)
    result = read_aeronet(write(samples.direct_sun(records)))
    assert at(result, "aod", 9) == pytest.approx(np.exp(np.interp(0, x, logs)), rel=1e-6)


def test_asymmetry_of_another_column_is_far_from_its_neighbours(write):
    names = samples.inversion_names()
    place = names.index("Asymmetry_Factor-Total[440nm]")
    records = [
        samples.inversion_record(f"{day:02d}:03:2006", aod550=0.5, asymmetry=0.66)
        for day in range(1, 15)
    ]
    for record in records:
        record[place] = "0.93"
    with pytest.raises(InputError, match=r"Total\[675nm\] .* far from asymmetry_440"):
        read_aeronet(write(samples.inversion(records), "site.all"))


def test_swapped_ssa_and_asymmetry_contradict_absorption(write):
    names, record = samples.inversion_names(), samples.inversion_record("01:03:2006", aod550=0.5)
    for c in samples.INVERSION_CHANNELS:
        i = names.index(f"Single_Scattering_Albedo[{c}nm]")
        j = names.index(f"Asymmetry_Factor-Total[{c}nm]")
        record[i], record[j] = record[j], record[i]
    with pytest.raises(InputError, match="contradicts SSA and AOD"):
        read_aeronet(write(samples.inversion([record]), "site.all"))


def test_repeated_column_is_refused(write):
    names = [*samples.direct_sun_names(), "AOD_500nm"]
    record = [*samples.direct_sun_record("05:01:2016", 0.2, 1.0), "0.9"]
    with pytest.raises(InputError, match="AOD_500nm 2 times"):
        read_aeronet(write(samples.text(samples.V3_PREAMBLE, names, [record])))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_aeronet(tmp_path / "absent.lev20")
    with pytest.raises(InputError, match="not a file"):
        read_aeronet(tmp_path)
    with pytest.raises(InputError, match="at least one"):
        read_aeronet([])


# ---- real files -------------------------------------------------------------------------------

ARCHIVES = ("20160101_20161231_Sao_Paulo", "20170101_20171231_Sao_Paulo",
            "20180101_20181231_Sao_Paulo", "20160801_20161231_SP-EACH",
            "20170101_20171128_SP-EACH", "20170101_20171231_Itajuba")  # fmt: skip


def by_hand(text: str) -> dict:
    """Daily lists of AOD at 550 nm and of exponents, each of the records that have it."""
    lines = text.splitlines()
    header = next(i for i, line in enumerate(lines) if line.startswith("Date(dd:mm:yyyy)"))
    rows = csv.DictReader(io.StringIO("\n".join(lines[header:])))
    days: dict = defaultdict(lambda: ([], []))
    for row in rows:
        key = (row["AERONET_Site_Name"], row["Date(dd:mm:yyyy)"])
        exponent = float(row["440-870_Angstrom_Exponent"])
        if exponent > -999:
            days[key][1].append(exponent)
        aod = {w: float(row[f"AOD_{w}nm"]) for w in (440, 500, 675, 870)}
        valid = {w: value for w, value in aod.items() if value > -999}
        low = [w for w in valid if w < 550]
        high = [w for w in valid if w > 550]
        if low and high:
            a, b = max(low), min(high)
            slope = math.log(valid[b] / valid[a]) / math.log(b / a)
            days[key][0].append(valid[a] * (550 / a) ** slope)
    return days


def test_real_direct_sun_agrees_with_hand_computed_monthly_means(shared):
    paths = [shared(f"data/aeronet/{name}.zip") for name in ARCHIVES]
    result = read_aeronet(paths)
    months: dict = defaultdict(list)
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(f"{path.stem}.lev20").decode("latin-1")
        for (site, date), day in by_hand(text).items():
            months[site, int(date[3:5])].append(day)
    assert len(months) > 25
    for (site, month), days in months.items():
        aod = [sum(values) / len(values) for values, _ in days if values]
        exponent = [sum(values) / len(values) for _, values in days if values]
        assert at(result, "aod", month, site) == pytest.approx(sum(aod) / len(aod), abs=1e-6)
        mean = sum(exponent) / len(exponent)
        assert at(result, "angstrom", month, site) == pytest.approx(mean, abs=1e-6)
        assert at(result, "n_days", month, site) == len(aod)
        assert at(result, "n_points", month, site) == sum(len(values) for values, _ in days)


def test_real_direct_sun_agrees_with_the_table_of_monthly_means(shared):
    """The table has means of each channel, rounded to 1e-4; its months mix two sets of channels."""
    table = shared("data/aeronet/direct_sun_monthly_from_lev20.csv")
    records = read_aeronet([shared(f"data/aeronet/{name}.zip") for name in ARCHIVES])
    means = read_aeronet(table).sel(station=records["station"])
    np.testing.assert_array_equal(means["n_days"], records["n_days"])
    np.testing.assert_allclose(means["angstrom"], records["angstrom"], atol=5.1e-5)
    np.testing.assert_allclose(means["aod"], records["aod"], atol=1e-3)


def test_real_inversions_agree_with_hand_computed_monthly_means(shared):
    path = shared("data/aeronet/Taihu_inversion_first100.all")
    result = read_aeronet(path)
    lines = path.read_text("latin-1").splitlines()
    rows = list(csv.DictReader(io.StringIO("\n".join(lines[6:]))))
    for month in (9, 10, 11):
        sums = np.zeros(4)
        absorbed, extinguished = np.zeros(2), np.zeros(2)
        for row in rows:
            if int(row["Date(dd:mm:yyyy)"][3:5]) != month:
                continue
            tau, ssa, g = (
                [float(row[f"{name}[{w}nm]"]) for w in (440, 675, 870)]
                for name in ("AOD_Extinction-Total", "Single_Scattering_Albedo",
                             "Asymmetry_Factor-Total")
            )  # fmt: skip
            share = (550 - 440) / (675 - 440)
            slope = math.log(tau[1] / tau[0]) / math.log(675 / 440)
            tau550 = tau[0] * (550 / 440) ** slope
            g550 = g[0] + share * (g[1] - g[0])
            if ssa[0] < 0:
                sums += [0, 0, tau550 * g550, tau550]
                continue
            ssa550 = ssa[0] + share * (ssa[1] - ssa[0])
            sums += [tau550 * ssa550, tau550, tau550 * ssa550 * g550, tau550 * ssa550]
            extinguished += [tau[0], tau[2]]
            absorbed += [tau[0] * (1 - ssa[0]), tau[2] * (1 - ssa[2])]
        ratio = (absorbed / extinguished)[0] / (absorbed / extinguished)[1]
        kappa = -math.log(ratio) / math.log(440 / 870)
        assert at(result, "ssa", month, "Taihu") == pytest.approx(sums[0] / sums[1], abs=1e-6)
        assert at(result, "asymmetry", month, "Taihu") == pytest.approx(sums[2] / sums[3], abs=1e-6)
        assert at(result, "coalbedo_angstrom", month, "Taihu") == pytest.approx(kappa, abs=1e-6)


def test_junk_in_a_long_column_is_an_error_without_warnings(write, recwarn):
    """pandas reads long columns in parts, of which only one may have the wrong type."""
    lines = samples.many_days(3000).decode("latin-1").splitlines()
    lines[-1] = lines[-1].replace(lines[-1].split(",")[5], "abc")
    path = write("\n".join(lines).encode("latin-1"))
    with pytest.raises(InputError, match=r"AOD_675nm holds 1 values .* in line 6007"):
        read_aeronet(path)
    assert not recwarn.list
