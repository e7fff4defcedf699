"""The version of the package, where everything below the command line finds it."""

__version__ = "0.1.0"
