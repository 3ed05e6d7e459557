"""Compares the CPU time that one request costs ingressd and its peers; see README.md here."""
