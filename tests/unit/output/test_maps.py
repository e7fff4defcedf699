"""Maps and curves: what is written, coloured, hatched and where, without a screen or a network."""

from __future__ import annotations

import socket

import cartopy.crs as ccrs
import numpy as np
import pytest
import xarray as xr
from helpers.forcing_samples import sample_forcing
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh

from aeroforcing.core.errors import InputError
from aeroforcing.core.variables import flag_attributes
from aeroforcing.grids.grid import gaussian_grid
from aeroforcing.output.colors import DIVERGING
from aeroforcing.output.labels import estimate, folded, label_of, units_of
from aeroforcing.output.map_fields import area_mean, map_field
from aeroforcing.output.map_frame import coast_around, coastline
from aeroforcing.output.maps import plot_map, plot_maps
from aeroforcing.output.sweeps import plot_sweep
from aeroforcing.output.zonal_means import plot_zonal_means

FORCING = sample_forcing()
TOA, TOA_ERROR = FORCING["forcing_toa"], FORCING["forcing_toa_stderr"]


@pytest.fixture(autouse=True)
def offline_without_a_screen(monkeypatch):
    """Nothing may connect or show; figures are closed afterwards."""

    def refuse(*_, **__):
        raise AssertionError("a figure must neither connect nor show")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(plt, "show", refuse)
    yield
    plt.close("all")


def only(axes, kind):
    (found,) = [artist for artist in axes.collections if isinstance(artist, kind)]
    return found


def lines_of(axes, gid):
    (found,) = [a for a in axes.collections if isinstance(a, LineCollection) and a.get_gid() == gid]
    return found


def bar_of(axes):
    return only(axes, QuadMesh).colorbar


def flags(months: int = 2) -> xr.DataArray:
    """A flag with the values -1, 0 and 2, of which the last does not occur."""
    grid = gaussian_grid("T21")
    values = np.zeros((months, grid.sizes["lat"], grid.sizes["lon"]), dtype=np.int8)
    values[:, :5] = -1
    coords = {"month": np.arange(1, months + 1), "lat": grid["lat"], "lon": grid["lon"]}
    attributes = flag_attributes({"missing": -1, "primary": 0, "background_2": 2})
    return xr.DataArray(values, coords, ("month", "lat", "lon"), "source", attributes)


def test_a_flag_has_a_colour_for_each_value_and_no_mean():
    axes = plot_map(flags(), month=2)
    assert axes.get_title() == "Field that the value comes from\nFebruary"
    bar = bar_of(axes)
    labels = [label.get_text() for label in bar.ax.get_xticklabels()]
    assert labels == ["missing", "primary", "background 2"]
    cells = only(axes, QuadMesh)
    colors = [tuple(cells.cmap(cells.norm(value))) for value in (-1, 0, 2)]
    assert len(set(colors)) == 3
    assert len(plot_maps(flags(), panels="months")) == 2
    with pytest.raises(InputError, match="of which there is no mean; choose a month"):
        plot_map(flags())


# ---- maps ---------------------------------------------------------------------------------------


def test_a_map_says_what_it_shows():
    axes = plot_map(TOA, stderr=TOA_ERROR)
    heading, subtitle = axes.get_title().split("\n")
    assert heading == "Total aerosol direct radiative effect at the top of the atmosphere, all-sky"
    mean, error = area_mean(map_field(TOA, stderr=TOA_ERROR))
    assert subtitle == f"annual mean, global mean {estimate(mean, error, units='W m$^{-2}$')}"
    label = bar_of(axes).ax.get_xlabel()
    assert label == "W m$^{-2}$   (hatched: within 2 standard errors of zero)"


def test_what_has_no_unit_is_named_at_the_colour_bar():
    axes = plot_map(FORCING["aod"].where(FORCING["lat"] > 0))
    label = bar_of(axes).ax.get_xlabel()
    assert label == "aerosol optical depth at 550 nm   (grey: no value)"


def test_levels_are_labelled_and_given_ones_are_used():
    axes = plot_map(TOA, levels=[-3, -1, 1, 3])
    np.testing.assert_array_equal(only(axes, QuadMesh).norm.boundaries, [-3, -1, 1, 3])
    ticks = [text.get_text() for text in bar_of(axes).ax.get_xticklabels()]
    assert ticks == ["−3", "−1", "1", "3"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("robinson", ccrs.Robinson),
        ("equalearth", ccrs.EqualEarth),
        ("mollweide", ccrs.Mollweide),
        ("platecarree", ccrs.PlateCarree),
    ],
)
def test_projections(name, kind):
    axes = plot_map(TOA, projection=name)
    assert type(axes.projection) is kind
    np.testing.assert_allclose(
        axes.get_extent(), axes.projection.x_limits + axes.projection.y_limits
    )


@pytest.mark.parametrize("projection", ["robinson", "equalearth", "platecarree"])
@pytest.mark.parametrize("extent", [None, (120, 240, -40, 40), (-30, 60, 0, 60)])
def test_cells_reach_the_edges_and_none_wraps_around(projection, extent):
    axes = plot_map(TOA, projection=projection, extent=extent, stderr=TOA_ERROR)
    corners = only(axes, QuadMesh).get_coordinates()
    limits = axes.projection.x_limits
    equator = corners[corners.shape[0] // 2, :, 0]
    np.testing.assert_allclose(equator[[0, -1]], limits, rtol=1e-6)
    assert (np.diff(equator) > 0.0).all()
    np.testing.assert_allclose(corners[[0, -1], 0, 1], axes.projection.y_limits, rtol=1e-6)
    for artist in (only(axes, PolyCollection), lines_of(axes, "coast"), lines_of(axes, "grid")):
        widths = [np.ptp(path.vertices[:, 0]) for path in artist.get_paths()]
        steps = [np.abs(np.diff(path.vertices[:, 0])).max() for path in artist.get_paths()]
        assert max(steps) < 0.1 * (limits[1] - limits[0])
        assert max(widths) > 0.0


def test_a_region_across_the_date_line():
    axes = plot_map(TOA, projection="platecarree", extent=(150, 210, -30, 30))
    assert "regional mean" in axes.get_title()
    west, east, south, north = axes.get_extent(ccrs.PlateCarree(central_longitude=180))
    np.testing.assert_allclose((west, east, south, north), (-30, 30, -30, 30), atol=1e-6)


def test_cells_within_two_errors_of_zero_are_hatched():
    axes = plot_map(TOA, month=1, stderr=TOA_ERROR)
    shown = map_field(TOA, month=1, stderr=TOA_ERROR)
    unsure = np.abs(shown.values) < 2.0 * shown.stderr
    cut_in_two = int(unsure.sel(lon=180.0).sum())  # those on the date line
    hatching = only(axes, PolyCollection)
    assert len(hatching.get_paths()) == int(unsure.sum()) + cut_in_two
    assert hatching.get_hatch()


def test_without_errors_nothing_is_hatched():
    axes = plot_map(TOA)
    assert not [artist for artist in axes.collections if isinstance(artist, PolyCollection)]
    assert "hatched" not in bar_of(axes).ax.get_xlabel()


def test_a_difference_is_named_and_has_colours_around_zero():
    axes = plot_map(FORCING["aod"], reference=FORCING["aod"] * 0.5)
    assert axes.get_title().startswith("Difference: aerosol optical depth")
    cells = only(axes, QuadMesh)
    assert cells.norm.boundaries[0] >= 0.0
    assert cells.cmap.name == DIVERGING
    difference = map_field(FORCING["aod"]).values * 0.5
    np.testing.assert_allclose(np.nanmax(cells.get_array()), float(difference.max()))
    both = only(plot_map(FORCING["aod"], reference=0.1 + 0.0 * FORCING["aod"]), QuadMesh)
    assert min(both.cmap(both.norm(0.0))[:3]) > 0.9


def test_a_colour_map_is_that_of_the_user():
    assert only(plot_map(TOA, cmap="PuOr"), QuadMesh).cmap.name == "PuOr"
    panels = plot_maps(TOA, panels=[1, 7], cmap="PuOr")
    assert {only(one, QuadMesh).cmap.name for one in panels} == {"PuOr"}


def test_all_levels_are_labelled_where_there_is_room():
    wide = plot_map(TOA, levels=range(-7, 8))
    assert len(bar_of(wide).ax.get_xticklabels()) == 15
    long = plot_map(TOA, levels=np.arange(-7, 8) / 800.0)
    assert len(bar_of(long).ax.get_xticklabels()) < 15


def test_axes_of_the_user_are_used():
    figure = plt.figure()
    axes = figure.add_subplot(1, 2, 2, projection=ccrs.PlateCarree(central_longitude=150))
    assert plot_map(TOA, ax=axes) is axes
    assert len(figure.axes) == 2


def test_seasons_and_months_share_their_levels():
    axes = plot_maps(FORCING["forcing_surface"], stderr=FORCING["forcing_surface_stderr"])
    assert [one.get_title().split(":")[0] for one in axes] == ["DJF", "MAM", "JJA", "SON"]
    norms = [only(one, QuadMesh).norm.boundaries for one in axes]
    assert all((norm == norms[0]).all() for norm in norms)
    assert (
        axes[0].figure.get_suptitle().startswith("Total aerosol direct radiative effect at the s")
    )
    months = plot_maps(TOA.isel(time=[0, 6]), panels="months")
    assert [one.get_title().split(":")[0] for one in months] == ["January", "July"]
    mixed = plot_maps(TOA, panels=[7, "annual"])
    assert [one.get_title().split(":")[0] for one in mixed] == ["July", "annual mean"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"projection": "mercator"}, "known are robinson, equalearth, mollweide, platecarree"),
        ({"extent": (10, 5, 0, 10)}, "the west below the east"),
        ({"extent": (0, 10, -100, 10)}, "extent="),
        ({"reference": TOA.isel(lat=slice(1, None))}, "not on the same cells"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        plot_map(TOA, **settings)


def test_axes_without_a_projection_are_refused():
    with pytest.raises(InputError, match="no map projection"):
        plot_map(TOA, ax=plt.figure().add_subplot())
    with pytest.raises(InputError, match="no map projection"):
        plot_maps(TOA, panels=[1], ax=[plt.figure().add_subplot()])


def test_axes_that_cannot_hold_the_globe_are_refused():
    with pytest.raises(InputError, match="projection Orthographic, which has no place"):
        plot_map(TOA, ax=plt.axes(projection=ccrs.Orthographic()))


def test_panels_go_into_the_axes_of_the_user():
    projection = {"projection": ccrs.PlateCarree()}
    figure, own = plt.subplots(1, 2, subplot_kw=projection)
    drawn = plot_maps(TOA, panels=[1, 7], ax=list(own))
    assert list(drawn) == list(own)
    assert figure.get_suptitle() == ""
    with pytest.raises(InputError, match="2 axes for 4 panels"):
        plot_maps(TOA, ax=list(own))


def test_a_title_can_be_left_to_a_caption():
    axes = plot_map(TOA, title="")
    assert axes.get_title().startswith("annual mean, global mean")


def test_a_title_is_broken_to_the_width_of_the_map():
    small = plt.figure(figsize=(4, 3)).add_subplot(projection=ccrs.Robinson())
    lines = plot_map(TOA, ax=small).get_title().split("\n")
    assert len(lines) == 3
    assert " ".join(lines[:2]) == plot_map(TOA).get_title().split("\n")[0]


def test_the_levels_of_a_region_suit_it():
    everywhere, desert = plot_map(TOA), plot_map(TOA, extent=(0, 20, 10, 30))
    bounds = [only(axes, QuadMesh).norm.boundaries for axes in (everywhere, desert)]
    assert bounds[1][-1] > 1.2 * bounds[0][-1]


def labels_of(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("projection", ["robinson", "platecarree"])
def test_lines_of_the_grid_are_labelled(projection):
    latitudes = ["60°S", "30°S", "0°", "30°N", "60°N"]
    axes = plot_map(TOA, projection=projection)
    assert labels_of(axes) == [*latitudes, "180°", "90°W", "0°", "90°E", "180°"]
    region = plot_map(TOA, projection=projection, extent=(150, 230, -10, 40))
    assert labels_of(region)[:3] == ["10°S", "0°", "10°N"]
    assert {"180°", "160°W", "140°W"} <= set(labels_of(region))


def test_where_parallels_are_curved_there_are_lines_without_labels():
    axes = plot_map(TOA, ax=plt.axes(projection=ccrs.NorthPolarStereo()))
    assert labels_of(axes) == []
    assert lines_of(axes, "grid")


@pytest.mark.parametrize(("panels", "message"), [("weeks", "known are"), ([], "empty")])
def test_wrong_panels_are_refused(panels, message):
    with pytest.raises(InputError, match=message):
        plot_maps(TOA, panels=panels)


def test_the_coast_is_that_of_the_continents():
    lines = coastline()
    points = np.concatenate(lines)
    assert (np.abs(points) <= (180.0, 90.0)).all()
    assert max(np.abs(np.diff(line[:, 0])).max() for line in lines) < 20.0
    for place in ((18.4, -34.2), (-5.6, 36.0), (-67.3, -55.6), (80.3, 13.1)):
        assert np.hypot(*(points - place).T).min() < 1.5


@pytest.mark.parametrize("centre", [0.0, 37.5, 180.0, -90.0])
def test_the_coast_is_whole_around_any_meridian(centre):
    lines = coast_around(centre)
    assert all((np.abs(line[:, 0] - centre) <= 180.0).all() for line in lines)
    segments = sum(len(line) - 1 for line in lines)
    assert segments == sum(len(line) - 1 for line in coastline())
    assert max(np.abs(np.diff(line[:, 0])).max() for line in lines) < 20.0


# ---- curves -------------------------------------------------------------------------------------


def line_sweep(*, clouds: bool = False) -> xr.Dataset:
    ssa = np.array([0.8, 0.9, 1.0])
    names = [f"forcing_{level}" for level in ("toa", "atmosphere", "surface")]
    names += [f"{name}_cs" for name in names] if clouds else []
    fields = {name: ("ssa", 9.0 - 10.0 * ssa) for name in names}
    fields |= {f"{name}_stderr": ("ssa", np.full(3, 0.25)) for name in names}
    critical = {"critical_ssa": 0.9, "critical_ssa_stderr": 0.01}
    return xr.Dataset({**fields, **critical}, {"ssa": ssa}, {"base": "AOD 0.1, 21°N"})


def test_curves_have_labels_bands_and_the_critical_value():
    axes = plot_sweep(line_sweep())
    assert axes.get_xlabel() == "aerosol single scattering albedo at 550 nm"
    assert axes.get_ylabel() == "aerosol forcing [W m$^{-2}$]"
    assert axes.get_title() == "AOD 0.1, 21°N"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [
        "top of the atmosphere", "atmosphere", "surface", "critical SSA 0.90 ± 0.01",
    ]  # fmt: skip
    band = axes.collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((-1.5, 1.5))
    assert any(line.get_ydata()[0] == 0.0 for line in axes.lines)


def test_clear_sky_is_dashed():
    axes = plot_sweep(line_sweep(clouds=True))
    styles = {line.get_label(): line.get_linestyle() for line in axes.lines}
    assert styles["surface"] == "-"
    assert styles["surface, clear sky"] == "--"


def test_a_plane_has_its_zero_line_and_colour_bar():
    values = np.array([[-2.0, 1.0], [-1.0, 2.0]])
    plane = xr.Dataset(
        {"forcing_toa": (("scale_height", "latitude"), values)},
        {"scale_height": [1000.0, 2000.0], "latitude": [0.0, 30.0]},
    )
    axes = plot_sweep(plane)
    assert axes.get_xlabel() == "latitude [°N]"
    assert axes.get_ylabel() == "scale height of the aerosol extinction [m]"
    assert "[W m$^{-2}$]" in axes.figure.axes[1].get_ylabel()
    assert len(axes.collections) == 2


def test_curves_go_into_the_axes_of_the_user():
    axes = plt.figure().add_subplot()
    assert plot_sweep(line_sweep(), ax=axes) is axes
    assert plot_zonal_means(FORCING, ax=axes) is axes


def test_what_is_no_sweep_is_refused():
    with pytest.raises(InputError, match="no sweep"):
        plot_sweep(xr.Dataset({"aod": ("ssa", [1.0])}))
    with pytest.raises(InputError, match="no sweep"):
        plot_sweep(FORCING)
    with pytest.raises(InputError, match="it has forcing_toa, forcing_atmosphere"):
        plot_sweep(line_sweep(), variable="rsut")


def test_zonal_means_are_means_along_latitudes():
    axes = plot_zonal_means(FORCING, month=1)
    assert axes.get_title() == "Zonal mean aerosol forcing, January"
    curves = {line.get_label(): line for line in axes.lines}
    expected = FORCING["forcing_surface_cs"].isel(time=0).mean("lon")
    np.testing.assert_allclose(curves["surface, clear sky"].get_ydata(), expected)
    with pytest.raises(InputError, match="no forcing"):
        plot_zonal_means(FORCING[["aod"]])


# ---- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (-1.974, 0.011, "−1.97 ± 0.01"),
        (-1.974, 0.0013, "−1.974 ± 0.001"),
        (12.34, 0.6, "12.34 ± 0.60"),
        (0.1335, np.nan, "0.134"),
        (340.3, np.nan, "340"),
        (0.0, np.nan, "0.00"),
    ],
)
def test_estimates_in_words(mean, error, text):
    assert estimate(mean, error) == text


def test_labels_and_units():
    assert label_of("aod") == "aerosol optical depth at 550 nm"
    assert label_of("precipitable_water") == "precipitable water [kg m$^{-2}$]"
    assert units_of("unknown") == ""
    assert folded("aaa, bbb, ccc", width=8) == "aaa, bbb,\nccc"


@pytest.mark.parametrize("title", [r"$\frac{1}{$", "$x^{$ of 100 $", r"$\tau$ of $x"])
def test_a_title_that_is_no_mathematics_is_text(title, tmp_path):
    axes = plot_map(TOA.rename("a$b^{$"), title=title)
    assert axes.get_title().startswith(title.replace("$", r"\$"))
    axes.figure.savefig(tmp_path / "map.png")


def test_a_title_may_hold_mathematics():
    assert plot_map(TOA, title=r"$\tau_{550}$").get_title().startswith(r"$\tau_{550}$")
