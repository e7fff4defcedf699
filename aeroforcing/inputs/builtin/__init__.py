"""The built-in inputs: aerosol, atmosphere, clouds and surface of the package's own data.

Read `fields`, which puts them together, and `data/README.md`, which says what they are made of.
"""
