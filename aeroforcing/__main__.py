"""`python -m aeroforcing` is the command `aeroforcing`."""

from __future__ import annotations

import sys

from aeroforcing.cli import main

if __name__ == "__main__":
    sys.exit(main())
