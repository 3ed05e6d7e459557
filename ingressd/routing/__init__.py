"""The compiled routing model, how a request is matched against it, and why.

``model`` and ``policy`` are the data, ``matcher`` finds the route, ``deciding`` asks what its
policy makes of a request, ``explaining`` says so in words.

Everything here is frozen data and pure functions; it is also what travels to a worker (see
:mod:`ingressd.routing.delta`). The data plane knows this package and nothing of Kubernetes, so
nothing here imports ``resources``, asyncio, sockets or a template engine.
"""
