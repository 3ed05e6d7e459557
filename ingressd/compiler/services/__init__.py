"""One Service port: the upstream that requests are sent to, and how fields name it."""
