"""GSI-Sim: the embedded simulator."""

GENERATOR_VERSION = "2"
"""Names the data: another version gives other rows. Raised with every change to assets, renderer or generator that shows in a row."""
