"""Why a request ends where it ends, and what became of everything that did not take it."""
