"""The pod side: keep-alive connections per endpoint, and which endpoint takes a request."""
