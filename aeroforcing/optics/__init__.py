"""What light meets, by wavelength and band: aerosol, gases, clouds, surfaces, and the sun itself.

Read `spectral_laws` and `mixtures` for aerosol, `gas_table` and `gases` for the k-distribution, and
`sun` for the light that comes in.
"""

from aeroforcing.core.errors import public_names

__getattr__, __dir__, __all__ = public_names(__name__, __file__)
