"""Make exact_layers.csv and exact_columns.csv: exact fluxes and forcings to validate against.

    python data/make/exact_fluxes.py SOURCE_FOLDER data

SOURCE_FOLDER holds mono_fluxes.csv (64-stream discrete ordinates) and broadband_fluxes.csv (32
streams on the RRTMGP gas optics of 224 g-points).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pandas as pd

LAYERS_HEADER = """\
# Exact monochromatic fluxes per incident horizontal flux: discrete ordinates, 64 streams, delta-M
# (nanodisort 0.3.0). Layers top first, separated by ";"; Henyey-Greenstein aerosol.
"""
COLUMNS_HEADER = """\
# Aerosol forcing of AFGL columns [W m-2]: discrete ordinates, 32 streams (nanodisort 0.3.0), summed
# over the 224 g-points of RRTMGP. AOD 0.2 at 550 nm, Angstrom exponent 1, g 0.7, uniform in 0-2 km;
# Lambertian albedo 0.2. toa_incident: flux on a horizontal plane at the top [W m-2].
"""
PICKED = (
    0,
    16,
    27,
    46,
    56,
    66,
    68,
    76,
    82,
    84,
    90,
)  # thin and thick, low and high sun, dark and bright
MIXED = {  # layers of the cases "ray1" and "mix2"
    "ray1": ("0", "0.25", "0", "1", "0.7"),
    "mix2": ("0;0.05", "0.15;0.10", "0;0.3", "0.9;0.9", "0.7;0.7"),
}
PAIRS = [
    ("tropical", 30.0, "abs"), ("tropical", 75.0, "scat"), ("midlatitude_summer", 30.0, "scat"),
    ("midlatitude_summer", 75.0, "abs"), ("subarctic_winter", 30.0, "abs"),
    ("subarctic_winter", 75.0, "scat"),
]  # fmt: skip


def layer_rows(source: Path) -> list[list[object]]:
    """Rows of exact_layers.csv."""
    table = pd.read_csv(source / "mono_fluxes.csv", comment="#")
    rows = []
    for row in table[table["id"].isin(PICKED)].itertuples():
        layers = MIXED.get(row.case) or ("0", "0", row.dtau, row.ssa.rstrip("0"), "0.7")
        fluxes = row.flux_up_toa, row.flux_down_sfc_total
        rows.append([*layers, row.albedo, row.mu0, *fluxes])
    return rows


def column_rows(source: Path) -> list[list[object]]:
    """Rows of exact_columns.csv."""
    table = pd.read_csv(source / "broadband_fluxes.csv", comment="#")
    exact = table[table["solver"] == "nanodisort-32str"]
    keyed = exact.set_index(["atmosphere", "sza_deg", "case"])
    rows = []
    for key in PAIRS:
        row = keyed.loc[key]
        ssa = {"abs": 0.8, "scat": 1.0}[key[2]]
        rows.append([ssa, *key[:2], row.toa_down, row.forcing_toa, row.forcing_sfc])
    return rows


def write(path: Path, header: str, names: str, rows: list[list[object]]) -> None:
    """Write a table with its comments."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(header)
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names.split())
        writer.writerows(rows)


def main() -> None:
    """Make both files."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    names = "tau_gas tau_rayleigh tau_aerosol ssa asymmetry surface_albedo cos_zenith"
    names += " flux_up_toa flux_down_surface"
    write(target / "exact_layers.csv", LAYERS_HEADER, names, layer_rows(source))
    names = "ssa atmosphere solar_zenith_angle toa_incident forcing_toa forcing_surface"
    write(target / "exact_columns.csv", COLUMNS_HEADER, names, column_rows(source))


if __name__ == "__main__":
    main()
