"""Annotations are one syntax for policy: a table of rows, each a name, a parser and a policy field.

Every annotation of ingress-nginx has its row in ``rows/``. To honour another one: its row, its
field in :mod:`ingressd.routing.policy`, its filter in the data plane. Everything else
(documentation, findings, ``check``) is derived from the row.
"""
