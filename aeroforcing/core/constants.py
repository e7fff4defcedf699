"""Physical constants in SI units."""

from __future__ import annotations

EARTH_RADIUS = 6.371e6  # m, sphere of the same volume
SOLAR_CONSTANT = 1361.0  # W m-2 at 1 AU (Kopp and Lean 2011, doi:10.1029/2010GL045777)
SUN_TEMPERATURE = 5772.0  # K, effective temperature (IAU 2015 resolution B3)
GRAVITY = 9.80665  # m s-2
AVOGADRO = 6.02214076e23  # mol-1
GAS_CONSTANT = 8.314462618  # J mol-1 K-1
DOBSON_UNIT = 2.6867e20  # molecules m-2
MOLAR_MASS_DRY_AIR = 0.028964  # kg mol-1
MOLAR_MASS_WATER = 0.018016  # kg mol-1
MOLAR_MASS_OZONE = 0.047998  # kg mol-1
MOLAR_MASS_CO2 = 0.044009  # kg mol-1
MOLAR_MASS_CH4 = 0.016043  # kg mol-1
MOLAR_MASS_N2O = 0.044013  # kg mol-1
HEAT_CAPACITY_DRY_AIR = 3.5 * GAS_CONSTANT / MOLAR_MASS_DRY_AIR  # J kg-1 K-1, of diatomic gas
SECONDS_PER_DAY = 86400.0
PLANCK = 6.62607015e-34  # J s
LIGHT_SPEED = 2.99792458e8  # m s-1
BOLTZMANN = 1.380649e-23  # J K-1

REFERENCE_WAVELENGTH = 550.0  # nm, at which AOD, SSA and asymmetry parameter are given
DAYS_PER_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # the 365-day year

LONGEST_PERIOD = max(DAYS_PER_MONTH)
