"""A worker whose memory runs out: how that shows, and what is refused and given back then."""
