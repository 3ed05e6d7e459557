"""What ingressd costs: CPU per request beside its peers, and size with a large cluster; README.md.

``cpu``, ``memory``, ``programs``, ``options`` and ``table`` serve all rooms; ``proxies`` are what
is measured; ``ratios`` compares them; ``cluster`` makes clusters of any size; ``scale`` measures
with those.
"""
