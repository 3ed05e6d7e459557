"""The loop that turns events into deltas: the object store, its indexes, dirty keys, publishing.

State of the control plane lives here and nowhere else. Importable by ``admin``, ``workers`` and
``cli``; no worker process imports it.
"""
