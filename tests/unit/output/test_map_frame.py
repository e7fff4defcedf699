"""The packed coastline is that of its source."""

from __future__ import annotations

import numpy as np
import pytest

from aeroforcing.output.map_frame import coastline


def test_the_coast_is_packed_as_it_was(shared):
    reader = pytest.importorskip("cartopy.io.shapereader")
    shapes = list(reader.BasicReader(shared("builtin/ne_110m_coastline.shp")).geometries())
    parts = [np.asarray(part.coords) for s in shapes for part in getattr(s, "geoms", [s])]
    packed = coastline()
    assert len(parts) == len(packed)
    for part, line in zip(parts, packed, strict=True):
        np.testing.assert_allclose(line, part, atol=0.00501)
