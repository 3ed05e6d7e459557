"""The ConfigMap of ingress-nginx (``--configmap``): a table of rows, as for annotations.

Every key of ingress-nginx 1.15 has its row in ``rows/``. To honour another one: its row, and the
field of :class:`ingressd.routing.global_policy.GlobalPolicy`, or of what annotations begin with,
that it sets.
"""
