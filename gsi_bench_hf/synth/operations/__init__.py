"""The edits, one module each."""
