"""A Kubernetes API server as the source of objects.

``api`` is the one way to it, for writers of status, leases and Events too; ``credentials`` is the
only module here that imports kubernetes_asyncio, and only a program that connects imports it.
"""
