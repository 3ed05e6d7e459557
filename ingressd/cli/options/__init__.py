"""The flags of the commands, by subject, with what they mean worked out."""
