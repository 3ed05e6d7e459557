"""What may answer a request before it is proxied, or change it: one filter for each policy field.

A filter is built once per route, from the policy, and only where the policy asks for it: a plain
route has none. Their order is that of :func:`ingressd.proxy.plan.build_plan`, nowhere else.
"""
