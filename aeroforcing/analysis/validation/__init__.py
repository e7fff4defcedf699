"""Comparisons with exact solutions, the AeroCom experiment, AERONET and a two-stream code."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
