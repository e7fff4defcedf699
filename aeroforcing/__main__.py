"""`python -m aeroforcing` and the command `aeroforcing`: begins, and ends without a traceback.

Nothing is imported before an interruption can be caught but what the interpreter has loaded.
"""

import os
import sys


def main() -> int:
    """Run the command with the arguments of the process; returns the exit code."""
    try:
        from aeroforcing.runs.interruptions import end_at_interruptions

        end_at_interruptions()
        from aeroforcing.cli.main import main as run

        return run()
    except KeyboardInterrupt:  # before it is caught
        print("aeroforcing: error: interrupted", file=sys.stderr, flush=True)
        os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
