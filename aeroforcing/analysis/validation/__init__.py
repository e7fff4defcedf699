"""Comparisons with exact solutions, the AeroCom experiment, AERONET and a two-stream code."""
