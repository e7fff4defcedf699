"""Absorption as other people have it: absorption AOD and its Angstrom exponent."""

from __future__ import annotations

import xarray as xr

from aeroforcing.core.variables import stamp


def with_absorption(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with absorption beside SSA and co-albedo exponent (Chung 2012, Table 1).

    `aaod` = (1 - `ssa`) `aod` and `absorption_angstrom` = `angstrom` + `coalbedo_angstrom`, each
    where the dataset has both terms (doi:10.5772/50248).

    Parameters
    ----------
    dataset
        Variables by their canonical names.

    Returns
    -------
    A new Dataset; what it holds already is computed anew.
    """
    bare = dataset.drop_attrs()
    absorption = {}
    if {"aod", "ssa"} <= set(dataset.data_vars):
        absorption["aaod"] = (1 - bare["ssa"]) * bare["aod"]
    if {"angstrom", "coalbedo_angstrom"} <= set(dataset.data_vars):
        absorption["absorption_angstrom"] = bare["angstrom"] + bare["coalbedo_angstrom"]
    return dataset.assign({n: stamp(array.rename(n)) for n, array in absorption.items()})
