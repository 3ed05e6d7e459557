"""A request on its way to a pod and the answer on its way back: tried, held, paced, cut short."""
