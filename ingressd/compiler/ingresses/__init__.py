"""One Ingress on its own: whose it is, its rules, and what it claims of each host."""
