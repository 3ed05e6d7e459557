"""Secrets as the data plane needs them: certificates, and who gets which."""
