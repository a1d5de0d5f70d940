"""GSI-Sim: the embedded simulator."""
