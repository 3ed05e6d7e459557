"""Where objects come from: manifest files, or a Kubernetes API server.

A source yields batches of :mod:`ingressd.sources.events` and keeps nothing but what it needs to
tell an addition from a change. It knows ``resources`` and nothing above. Only
``sources.kubernetes`` may import kubernetes_asyncio.
"""
