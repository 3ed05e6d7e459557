"""The data plane of one worker. A request passes it like this:

``client`` accepts and parses it, ``handler`` matches it (``index``) and runs the ``filters`` of its
route's ``plan``, ``relaying`` finds a pod (``upstream``) and brings its answer back, and
``observing`` keeps what is to be known of it.

Knows only ``routing``: nothing here may assume that the controller is in its process.
"""
