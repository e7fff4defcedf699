"""Pack the coastline: `python data/make/coastline.py SOURCE_FOLDER DATA_FOLDER`.

SOURCE_FOLDER holds ne_110m_coastline.shp and its companions (Natural Earth, 1:110 million, public
domain). The lines are kept as they are, rounded to 0.01 degree, far below their detail.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from cartopy.io.shapereader import BasicReader

STEP = 0.01  # degrees


def lines(source: Path) -> list[np.ndarray]:
    """The points (longitude, latitude) of each line [degrees]."""
    geometries = BasicReader(source).geometries()
    return [np.asarray(part.coords) for shape in geometries for part in _parts(shape)]


def _parts(shape) -> list:  # type: ignore[no-untyped-def]
    """The single lines of a shape."""
    return list(getattr(shape, "geoms", [shape]))


def main(source: Path, target: Path) -> None:
    """Write coastline.npz: all points one after the other, and where each line begins."""
    parts = lines(source / "ne_110m_coastline.shp")
    points = np.rint(np.concatenate(parts) / STEP).astype(np.int16)
    starts = np.cumsum([0, *(len(part) for part in parts)]).astype(np.int32)
    path = target / "coastline.npz"
    np.savez_compressed(path, points=points, starts=starts, step=STEP)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {len(parts)} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
