"""
Months and seasons
==================

Panels share their colours. `panels` takes "seasons", "months", or any of these by name.
"""

import aeroforcing as af

inputs = af.builtin_inputs("T42")
axes = af.output.plot_maps(inputs.aod, panels="seasons")
