"""One column as a user describes it: atmosphere, aerosols, clouds and surface.

Read `column`, then its parts: `atmosphere`, `aerosols` with `vertical_profiles`, `sky` and
`surface`.
"""
