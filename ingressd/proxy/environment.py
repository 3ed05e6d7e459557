"""What the filters of all routes share: the worker's settings and its owners of state."""

from __future__ import annotations

from msgspec import Struct

from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.clock import Clock
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.inquiry.inquiries import Inquiries
from ingressd.proxy.limiting.usage import Usage
from ingressd.proxy.mirroring.copies import Copies
from ingressd.proxy.passwords.checker import PasswordChecker
from ingressd.proxy.settings import ProxySettings
from ingressd.proxy.upstream.pod_tls import SecurityStore
from ingressd.proxy.upstream.pool import Pool


class Environment(Struct, frozen=True):
    """The surroundings of a route. State that must outlive a change of the table belongs here."""

    settings: ProxySettings
    current: CurrentTable
    pool: Pool
    clock: Clock
    usage: Usage
    passwords: PasswordChecker
    inquiries: Inquiries
    files: TemporaryFiles
    copies: Copies
    securities: SecurityStore
