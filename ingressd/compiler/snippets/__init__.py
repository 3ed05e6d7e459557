"""What snippets of nginx's configuration were meant to do, and what does it here: for advice only,
nothing of them is ever carried out."""
