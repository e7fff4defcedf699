"""How chunks of a run are solved and kept; nothing here knows what an aerosol is.

Read `chunks` (the words), `threads` and `workers` (who solves), `parts` and `fingerprint` (what an
interrupted run goes on from) and `netcdf_slabs` (how the result gets into one file).
"""
