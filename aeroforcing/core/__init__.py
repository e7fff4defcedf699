"""The words that all packages share: names, units, dates, checks, netCDF in and out.

Read `constants`, `variables` (what the package writes) and `canonical` (what it accepts) first,
then `calendar` and `netcdf`. `compiled` says how numba compiles, `resources` where data files are.
"""
