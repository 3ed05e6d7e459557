"""What is measured: ingressd, its peers, and the backend that all of them lead to.

Each has one worker, keeps connections to the backend open, adds the same X-Forwarded-* headers,
X-Real-IP and X-Request-ID, streams bodies both ways, resumes no TLS session, and writes no access
log. One module for each program: its settings, and the command that starts it.
"""
