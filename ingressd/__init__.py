"""ingressd: a Kubernetes Ingress controller and L7 reverse proxy.

Packages read from top to bottom the way a change travels: ``cli`` -> ``workers``, ``admin`` ->
``controller``, ``proxy`` -> ``sources``, ``compiler`` -> ``resources``, ``routing``. Imports go
only in that direction; ``tests/unit/test_architecture.py`` holds it.
"""

__version__ = "0.1.0"
