"""The verbs of the command line, one module each; nothing here is imported by the science."""
