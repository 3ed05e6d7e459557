"""Where clients go who have to sign in; the data plane and explain share this."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from ingressd.routing.policy import ExternalAuth
from ingressd.routing.variables import Template, parse_template

SIGNIN_STATUS = 302

_WHERE_FROM = "$pass_access_scheme://$http_host$escaped_request_uri"


def signin_template(auth: ExternalAuth) -> Template:
    """The URL, with where the client comes from as a parameter, unless it says that itself. Raises
    ValueError as ``parse_template`` does."""
    query = parse_qs(urlsplit(auth.signin).query, keep_blank_values=True)
    if any(query.get(auth.signin_parameter, [])[:1]):
        return parse_template(auth.signin)
    begun = f"{auth.signin}&" if query else f"{auth.signin.removesuffix('?')}?"
    return parse_template(f"{begun}{auth.signin_parameter}={_WHERE_FROM}")
