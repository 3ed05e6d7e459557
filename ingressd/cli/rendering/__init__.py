"""Text for people: what the commands know, for a terminal or as Markdown."""
