"""The Kubernetes objects that ingressd reads, and what it says about them.

Here live frozen structs for the fields we use, their decoding from JSON and YAML, the legacy forms
of Ingress, and :class:`~ingressd.resources.finding.Finding`. Everything is pure: no I/O, no clock,
no asyncio. Anybody above may import it, except ``proxy``, which knows only ``routing``.
"""
