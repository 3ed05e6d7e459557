"""Header fields that are changed on their way: of answers to clients, and of requests to pods.

Values are texts with variables (see :mod:`ingressd.routing.variables`), except where it says that
they are not; a field that is set to nothing is removed. Names are never those of fields that
ingressd writes itself.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class FieldAction(Enum):
    """SET replaces every field of the name, ADD leaves those there are, REMOVE takes them away."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"


class FieldEdit(Struct, frozen=True, gc=False, omit_defaults=True):
    """One change of the fields with this name. ``is_literal``: the value has no variables."""

    action: FieldAction
    name: str
    value: str = ""
    is_literal: bool = False


class Substitution(Struct, frozen=True, gc=False):
    """``new`` stands in the place of ``old``; both are texts with variables."""

    old: str
    new: str


class AnswerFields(Struct, frozen=True, omit_defaults=True):
    """What becomes of the fields of answers.

    Of pods' answers alone: ``hidden`` are left out, and so is Server with ``hides_server``;
    ``cookie_domain`` and ``cookie_path`` change attributes of cookies, and ``location`` the start
    of Location and of the URL in Refresh, where both its texts are given. Of every answer
    ``custom`` are set as they are written, and then ``edits`` are made.
    """

    hidden: tuple[str, ...] = ()
    hides_server: bool = False
    cookie_domain: Substitution | None = None
    cookie_path: Substitution | None = None
    location: Substitution = Substitution("", "")
    custom: tuple[tuple[str, str], ...] = ()
    edits: tuple[FieldEdit, ...] = ()


class PodFields(Struct, frozen=True, omit_defaults=True):
    """What becomes of the fields that pods get, in this order: ``original_uri`` sets X-Original-URI
    to what the client asked for, ``prefix`` (with groups of the route's expression) is
    X-Forwarded-Prefix of a rewritten request, and ``edits`` are made.
    """

    original_uri: bool = False
    prefix: str = ""
    edits: tuple[FieldEdit, ...] = ()


NO_ANSWER_FIELDS = AnswerFields()
NO_POD_FIELDS = PodFields()
