"""Run as a script in a process of its own: reads data sets of an HDF4 file, writes them as npz.

The HDF4 library ends the process on some damaged files, and that must not be the user's session.
Imports nothing of the package, so that it starts quickly.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import numpy as np
from pyhdf.SD import SD, SDC


def physical_values(selected: Any) -> np.ndarray:
    """A data set in physical values, missing ones as NaN.

    Stored numbers mean scale_factor (stored - add_offset), as the MODIS and MISR products define
    it; this differs from netCDF.
    """
    attributes = selected.attributes()
    stored = np.asarray(selected.get())
    scale = float(attributes.get("scale_factor", 1.0))
    offset = float(attributes.get("add_offset", 0.0))
    values = scale * (stored.astype(float) - offset)
    if "_FillValue" in attributes:
        values[stored == np.asarray(attributes["_FillValue"]).astype(stored.dtype)] = np.nan
    return values


def main(path: str, wanted: list[str]) -> None:
    """Write the wanted data sets that the file has, and what else is needed to judge it."""
    file = SD(path, SDC.READ)
    present = list(file.datasets())
    values = {name: physical_values(file.select(name)) for name in wanted if name in present}
    metadata = str(file.attributes().get("CoreMetadata.0", ""))
    about = json.dumps({"data_sets": present, "metadata": metadata})
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=np.array(about), **values)
    sys.stdout.buffer.write(buffer.getvalue())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
