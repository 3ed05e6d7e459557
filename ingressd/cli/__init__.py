"""What a person types. Thin: parses flags, calls the rooms below, prints."""
