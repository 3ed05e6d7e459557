"""How much each client has used of its limits: counted by all workers of a replica together."""
