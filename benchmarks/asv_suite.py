"""The benchmarks as classes of airspeed velocity (asv): `asv run` tracks them over the history.

Methods named `time_*` are timed by asv, `track_*` return the number that is tracked, `peakmem_*`
are measured for their memory.
"""

from __future__ import annotations

import aeroforcing as af
from benchmarks.analog import analog_forcing
from benchmarks.cases import CLEAR, cpu_seconds, error_law, make_case
from benchmarks.deterministic import available, column_forcing, disort, two_stream
from benchmarks.scaling import column_milliseconds, column_of


class Columns:
    """Columns of the built-in map: the solver of the maps and its rivals."""

    params = ([0.05, 0.3, 1.0], [CLEAR, "all"])
    param_names = ("aod", "sky")
    count = 4
    photons = (32, 128, 512)
    analog_photons = 20_000

    def setup(self, aod: float, sky: str) -> None:
        """Make the columns and compile."""
        self.case = make_case(aod=aod, count=self.count)
        self.solver = self.case.solver(photons=64, sky=sky)
        self.solver.solve(slice(0, self.count))
        column_forcing(self.case, 0, sky=CLEAR, solver=two_stream)
        analog_forcing(self.case, 0, sky=CLEAR, photons=1)

    def time_map_solver(self, aod: float, sky: str) -> None:
        """Columns at 64 photons per cell of AOD 0.1."""
        self.solver.solve(slice(0, self.count))

    def time_two_stream(self, aod: float, sky: str) -> None:
        """The same columns by two streams."""
        for cell in range(self.count):
            column_forcing(self.case, cell, sky=sky, solver=two_stream)

    def track_ms_for_0_3_watts(self, aod: float, sky: str) -> float:
        """Cost per column of a standard error of 0.3 W m-2 [ms]."""
        return error_law(self.case, sky=sky, photons=self.photons).milliseconds_at(0.3)

    def track_analog_ms_for_0_3_watts(self, aod: float, sky: str) -> float:
        """The same by analog Monte Carlo [ms]."""
        duration, (_, error) = cpu_seconds(
            lambda: analog_forcing(self.case, 0, sky=sky, photons=self.analog_photons)
        )
        return 1e3 * duration * float((error.max() / 0.3) ** 2)


class Disort:
    """One column by discrete ordinates."""

    params = ([4, 8, 16],)
    param_names = ("streams",)

    def setup(self, streams: int) -> None:
        """Make the column; asv skips what raises NotImplementedError here."""
        if not available("nanodisort"):
            raise NotImplementedError("nanodisort is not installed")
        self.case = make_case(aod=0.3, count=1)

    def time_disort(self, streams: int) -> None:
        """All hours and g-points, with and without aerosol, in clear sky."""
        column_forcing(self.case, 0, sky=CLEAR, solver=disort(streams=streams))


class Scaling:
    """Cost against layers and cloud states."""

    params = ([15, 30, 60], [0, 7])
    param_names = ("layers", "states")

    def track_column_ms(self, layers: int, states: int) -> float:
        """Processor time of one column of 256 samples [ms]."""
        return column_milliseconds(column_of(layers=layers, states=states))


class Maps:
    """Small maps."""

    grid = "T21"
    photons = 16

    def time_map(self) -> None:
        """A month, clear and all-sky, on all processors."""
        af.grid_forcing(grid=self.grid, months=[7], photons=self.photons)

    def peakmem_map(self) -> None:
        """The same, for its memory."""
        self.time_map()
