"""What an output says of the program that made it, where everything finds it without a library."""

__version__ = "0.1.0"

CONFIG_ATTRIBUTE = "aeroforcing_config"  # of a file: the options of the run that made it
