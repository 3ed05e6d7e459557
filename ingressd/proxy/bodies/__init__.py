"""Bodies that wait here until the other side is ready: read whole, or held for a slow client."""
