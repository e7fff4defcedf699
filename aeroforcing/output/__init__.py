"""Figures, tables and the report.

Read `map_fields` (what a map shows) and `maps`; `labels` and `colors` serve all figures, `contents`
and `report` describe a whole file.
"""
