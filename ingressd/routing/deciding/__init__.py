"""One question each about a request, which the data plane and explain ask alike."""
