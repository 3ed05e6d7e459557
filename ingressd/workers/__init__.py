"""Worker processes, the supervisor that keeps them, and the channel between them."""
