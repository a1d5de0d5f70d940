"""GSI-Bench for Hugging Face."""
