"""What is kept of what happened: counters, and a line for each request."""
