"""Byte-level fuzzing of the data plane: streams from a seed, what must hold, and what broke it.

``python -m support.fuzzing --seconds 60 --seed 1`` runs it; a failing stream is made small and kept
in ``tests/fuzz/cases``.
"""
