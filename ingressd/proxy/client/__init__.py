"""The client side: sockets and TLS, connections, requests, and the answers we give ourselves."""
