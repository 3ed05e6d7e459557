"""What a large cluster costs ingressd: start, memory, changes, workers, and idle connections.

All of it happens in a network namespace of its own, because pods need addresses that are not
loopback: nothing leaves it, and nothing of it is left behind.
"""
