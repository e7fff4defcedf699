"""
The difference of two runs
==========================

What does it matter that carbon absorbs? Two runs that differ in one input share their random
numbers, so that their difference is known far better than either.
"""

import aeroforcing as af

inputs = af.builtin_inputs("T21", months=[7])
half = inputs.ssa + 0.5 * (1 - inputs.ssa)  # half as much absorption

run = {"grid": None, "months": [7], "photons": 64, "sky": "clear"}
base = af.grid_forcing(inputs, **run)
scattering = af.grid_forcing(inputs.assign(ssa=half.assign_attrs(inputs.ssa.attrs)), **run)
ax = af.plot_map(
    scattering.forcing_toa_cs,
    reference=base.forcing_toa_cs,
    title="Half as much absorption: change of the clear-sky forcing at the top",
)
