"""One host: the claims of every Ingress on it, put together, and who wins."""
