"""Asking a service whether a request may pass: the question, who carries it, what is remembered."""
