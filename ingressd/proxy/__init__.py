"""The data plane of one worker. A request passes it like this:

``client`` accepts and parses it, ``handler`` matches it (``index``) and runs the filters of its
route's ``plan``, ``forwarding`` finds a pod (``upstream``) and an ``exchange`` relays the answer.

Knows only ``routing``: nothing here may assume that the controller is in its process.
"""
