"""Speed of aeroforcing, measured where it is claimed; run `python -m benchmarks.maps`."""
