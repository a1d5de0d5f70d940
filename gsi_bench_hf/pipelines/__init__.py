"""What edits an image: the ladder of weightless editors, and wrappers."""
