"""The sides of the data plane on which it is hunted."""

from __future__ import annotations

from support.fuzzing.campaign import Front
from support.fuzzing.clients import client_side
from support.fuzzing.greetings import greeting_side
from support.fuzzing.pods import pod_side
from support.fuzzing.seeds import CLIENT, GREETING, POD

FRONTS = {
    "client": Front(client_side, CLIENT),
    "greeting": Front(greeting_side, GREETING),
    "pod": Front(pod_side, POD, lanes=64),  # some pods fall silent, and cost their timeout
}
