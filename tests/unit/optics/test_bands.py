"""The bands that arrays by band are over."""

from __future__ import annotations

import numpy as np
import pytest

import aeroforcing as af
from aeroforcing.columns.surface import visible_share


def test_bands_cover_the_solar_spectrum_once():
    bands = af.optics.shortwave_bands()
    assert bands.sizes == {"band": 14}
    order = np.argsort(bands.wavelength_min.values)
    low, high = bands.wavelength_min.values[order], bands.wavelength_max.values[order]
    assert low[1:] == pytest.approx(high[:-1], rel=1e-6)
    assert (low[0], high[-1]) == pytest.approx((200.0, 12195.0), rel=1e-3)
    assert float(bands.solar_fraction.sum()) == pytest.approx(1.0)
    assert bands.wavelength_min.values * bands.wavenumber_max.values == pytest.approx(
        np.full(14, 1e7)
    )


def test_half_of_the_sun_is_visible():
    bands = af.optics.shortwave_bands()
    assert (visible_share() * bands.solar_fraction).sum() == pytest.approx(0.48, abs=0.02)
