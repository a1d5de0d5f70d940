"""The four metrics under both protocols, as pure functions."""
