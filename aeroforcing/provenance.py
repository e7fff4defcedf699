"""What an output file says about its own making."""

from __future__ import annotations

from datetime import UTC, datetime

import xarray as xr

from aeroforcing.core.netcdf import CONFIG_ATTRIBUTE
from aeroforcing.core.version import __version__

REFERENCES = "Chung (2012), doi:10.5772/50248"


def with_provenance(
    dataset: xr.Dataset, *, command: str, config: str, title: str, now: datetime | None = None
) -> xr.Dataset:
    """The dataset with the global attributes that tell how it was made.

    Parameters
    ----------
    dataset
        The result of a run; its own attributes are kept, an older `history` below the new line.
    command
        The exact command line.
    config
        The options of the run as TOML text, which `--config` reads back from the file.
    title
        What the file holds, where the dataset does not say it.
    now
        Time of the run, by default now.
    """
    time = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    history = [f"{time}: {command}", *filter(None, [dataset.attrs.get("history")])]
    about = {"title": title, "source": f"aeroforcing {__version__}", "references": REFERENCES}
    made = {"history": "\n".join(history), CONFIG_ATTRIBUTE: config}
    return dataset.assign_attrs(about | dataset.attrs | made)
