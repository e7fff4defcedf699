"""What every reader says of a file that it cannot read: which file, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from helpers import reader_samples as samples

from aeroforcing.core.errors import InputError
from aeroforcing.observations.readers.aeronet import read_aeronet
from aeroforcing.observations.readers.aerosol_models import read_gocart, read_merra2
from aeroforcing.observations.readers.isccp import read_isccp
from aeroforcing.observations.readers.misr import read_misr
from aeroforcing.observations.readers.modis import read_modis


class Kind(NamedTuple):
    """A reader, a good file of it, and the same with a changed layout."""

    read: Callable[[Path], xr.Dataset]
    name: str
    good: Callable[[Path], Path]
    changed: Callable[[Path], Path]
    of_changed: str  # what is said of the changed one
    is_text: bool = False


def _written(content: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


def _netcdf(dataset: xr.Dataset) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        dataset.to_netcdf(path)
        return path

    return write


def _clouds(name: str = "cloud_fraction") -> xr.Dataset:
    types = ["cumulus", "stratus", "altocumulus", "nimbostratus", "cirrus", "cirrostratus",
             "deep_convective"]  # fmt: skip
    axes = {"month": np.arange(1, 13), "cloud_type": types, "lat": np.arange(-75.0, 80.0, 30.0),
            "lon": np.arange(8) * 45.0}  # fmt: skip
    values = np.full([len(axis) for axis in axes.values()], 0.05)
    return xr.Dataset({name: (tuple(axes), values)}, axes)


def _modis(path: Path) -> Path:
    return samples.modis(path, samples.modis_stored())


def _modis_on_another_grid(path: Path) -> Path:
    return samples.modis(path, samples.modis_stored()[:, :20])


def _misr(path: Path) -> Path:
    values = np.full((6, 12, 9, 4, 6), 0.2, "f4")
    return samples.hdf4(path, {"Optical depth average": (values, {"_FillValue": -9999.0})})


def _misr_with_other_bands(path: Path) -> Path:
    values = np.full((6, 12, 9, 5, 6), 0.2, "f4")
    return samples.hdf4(path, {"Optical depth average": (values, {"_FillValue": -9999.0})})


def _misr_with_other_labels(path: Path) -> Path:
    return samples.misr_grouped(path, bands=["446", "558", "672", "867"])


GEOS = samples.model_grid({"TOTEXTTAU": 0.2})
LEVELS = GEOS.expand_dims(lev=3)
KINDS = {
    "aeronet": Kind(
        read_aeronet, "site.lev20",
        _written(samples.many_days()),
        _written(samples.many_days().replace(b"AOD_675nm", b"AOD_675").replace(b"AOD_870nm", b"X")),
        "no column holds aod at wavelengths on both sides of 550 nm", is_text=True,
    ),
    "modis": Kind(
        read_modis, "MOD08_M3.A2005182.061.hdf", _modis, _modis_on_another_grid,
        "its axes YDim and XDim 18 and 36 values; its layout has changed",
    ),
    "misr, HDF4": Kind(
        read_misr, "MISR_AM1_CGAS_DEC_2016_F15_0031.hdf", _misr, _misr_with_other_bands,
        "an axis of length 5 is not known; its layout has changed",
    ),
    "misr, netCDF": Kind(
        read_misr, "MISR_AM1_CGAS_MAR_2005_F15_0032.nc", samples.misr_grouped,
        _misr_with_other_labels, "one that begins with 'green' is expected. Its layout has changed",
    ),
    "merra2": Kind(
        read_merra2, "MERRA2_300.tavgM_2d_aer_Nx.200507.nc4", _netcdf(GEOS), _netcdf(LEVELS),
        "has the dimension lev",
    ),
    "gocart": Kind(
        read_gocart, "gocart.nc", _netcdf(GEOS.rename(TOTEXTTAU="od550aer")), _netcdf(LEVELS),
        "has the dimension lev",
    ),
    "isccp": Kind(
        read_isccp, "types.nc", _netcdf(_clouds()),
        _netcdf(_clouds().assign_coords(cloud_type=np.arange(7))),
        "the axis cloud_type has no labels",
    ),
}  # fmt: skip


@pytest.fixture(params=list(KINDS))
def kind(request) -> Kind:
    if request.param in ("modis", "misr, HDF4"):
        pytest.importorskip("pyhdf.SD")
    return KINDS[request.param]


def said(kind: Kind, path: Path) -> str:
    """The message about a file, which begins with its name and is not long."""
    with pytest.raises(InputError) as caught:
        kind.read(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and len(message) < 1000
    return message


def test_the_good_file_is_read(kind, tmp_path):
    assert kind.read(kind.good(tmp_path / kind.name)).sizes


def test_no_file_a_folder_and_an_empty_file(kind, tmp_path):
    path = tmp_path / kind.name
    assert "there is no such file" in said(kind, path)
    path.mkdir()
    assert "not a file" in said(kind, path)
    path.rmdir()
    path.write_bytes(b"")
    assert "the file is empty" in said(kind, path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_a_truncated_file(kind, tmp_path, share):
    path = kind.good(tmp_path / kind.name)
    content = path.read_bytes()
    length = int(share * len(content))
    if kind.is_text:  # in the midst of a line, for whole lines alone are a file
        length = content.rfind(b"\n", 0, length) + 30
    path.write_bytes(content[:length])
    words = said(kind, path)
    assert any(word in words for word in ("truncated", "damaged", "no AERONET header"))


@pytest.mark.parametrize("seed", range(3))
def test_rubbish(kind, tmp_path, seed):
    path = tmp_path / kind.name
    path.write_bytes(np.random.default_rng(seed).bytes(5000))
    expected = "control characters" if kind.is_text else "not a netCDF file"
    assert expected in said(kind, path)


def test_another_product(kind, tmp_path):
    """A text in place of a grid, and another grid in place of each."""
    path = tmp_path / kind.name
    other = KINDS["aeronet"] if not kind.is_text else KINDS["merra2"]
    other.good(path)
    assert ("control characters" if kind.is_text else "not a netCDF file") in said(kind, path)
    if not kind.is_text:
        _netcdf(_clouds("other"))(path)
        assert "none of the variables" in said(kind, path)


def test_a_changed_layout(kind, tmp_path):
    assert kind.of_changed in said(kind, kind.changed(tmp_path / kind.name))
