"""The CPU time that one request costs each proxy, measured in turns, and how they compare."""
