"""Objects in, routing model out: class, rules, upstreams, certificates, conflicts, annotations.

An Ingress is compiled on its own first (``ingresses``, with ``annotations``), then what all of them
claim of one host (``hosts``); beside that Service ports (``services``) and ``certificates``.

Every function here is pure and works on the smallest unit that can change on its own (one Ingress,
one host, one upstream, one certificate), so that the controller recompiles only what an event
touches.
What is wrong with an object comes back as findings beside the result, never as a log line.
"""
