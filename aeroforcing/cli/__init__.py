"""The command line; nothing of the science is imported before a verb runs.

Read `main`, then `options` (the same on the command line and in TOML files); each verb is a module
of `commands`.
"""
