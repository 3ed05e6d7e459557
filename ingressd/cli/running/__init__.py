"""The program while it serves: its parts put together, its signals, its end."""
