"""Passwords of users that ingressd checks itself, without keeping other requests waiting."""
