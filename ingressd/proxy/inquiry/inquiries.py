"""All that the questions of a worker share, whichever route they are about."""

from __future__ import annotations

from ingressd.proxy.inquiry.courier import Courier
from ingressd.proxy.inquiry.memory import DecisionMemory
from ingressd.proxy.inquiry.names import FindEndpoints, none_known


class Inquiries:
    """Who carries questions, and the decisions so far. It outlives changes of the table."""

    def __init__(self, find_endpoints: FindEndpoints = none_known) -> None:
        self.courier = Courier(find_endpoints)
        self.memory = DecisionMemory()

    async def close(self) -> None:
        """Close every connection."""
        await self.courier.close()
