"""Photons through one column: plain arrays and compiled functions, the Monte Carlo of the package.

Read `paths` first (the estimator), with `medium` (what photons travel in) and `events` (what
happens to them); then `adjoint` (expectations as zero-mean corrections), `integrals` (one integral
over day, hour, spectrum, cloud and path) and `estimates` (means and standard errors).
`derivatives` gives the radiative kernels, `level_paths` and `level_integrals` fluxes at every
level.
"""
