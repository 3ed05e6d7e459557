"""What OpenSSL can do with clients' certificates, and Python's ssl module does not pass on.

A handshake with a bad certificate has to succeed, so that its client can be told why it gets 400.
Python leaves no way to ask for that: here the library is called that Python is linked with. Where
it is linked into Python itself its functions are hidden, and nothing of this can be had.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

VERIFIED: Final = 0
"""The result of a verification that found nothing wrong (``X509_V_OK``), or had nothing to do."""

_NO_SESSIONS = (44, 0)  # SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF
_RFC2253 = 0x1110317  # XN_FLAG_RFC2253
_MAX_NAME = 16 * 1024

_VerifyCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_go_on: Final = _VerifyCallback(lambda is_good, store: 1)  # OpenSSL holds a pointer to it


class HiddenOpenSslError(Exception):
    """Python does not show the OpenSSL that it uses."""


class _Library:
    """The functions that are called; names are OpenSSL's."""

    def __init__(self) -> None:
        pointer, integer, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        long = ctypes.c_long
        self.set_verify = _function("SSL_CTX_set_verify", None, pointer, integer, _VerifyCallback)
        self.get_mode = _function("SSL_CTX_get_verify_mode", integer, pointer)
        self.set_depth = _function("SSL_CTX_set_verify_depth", None, pointer, integer)
        self.control = _function("SSL_CTX_ctrl", long, pointer, integer, long, pointer)
        self.load_names = _function("SSL_load_client_CA_file", pointer, text)
        self.set_names = _function("SSL_CTX_set_client_CA_list", None, pointer, pointer)
        self.result = _function("SSL_get_verify_result", long, pointer)
        self.result_text = _function("X509_verify_cert_error_string", text, long)
        self.decode = _function("d2i_X509", pointer, pointer, pointer, long)
        self.free = _function("X509_free", None, pointer)
        self.subject = _function("X509_get_subject_name", pointer, pointer)
        self.issuer = _function("X509_get_issuer_name", pointer, pointer)
        self.memory = _function("BIO_s_mem", pointer)
        self.new_stream = _function("BIO_new", pointer, pointer)
        self.free_stream = _function("BIO_free", integer, pointer)
        self.read = _function("BIO_read", integer, pointer, pointer, integer)
        number = ctypes.c_ulong
        self.print = _function("X509_NAME_print_ex", integer, pointer, pointer, integer, number)


def forgive(context: ssl.SSLContext, authorities: str, depth: int) -> None:
    """Let handshakes succeed whatever certificate the client shows; ``result_of`` tells of it.

    ``authorities`` is a path of PEM certificates, whose names the client is told (RFC 8446 section
    4.2.4), ``depth`` bounds the authorities between theirs and the client's. No session can be
    resumed. Raises HiddenOpenSslError.
    """
    library = _library()
    address = _pointer(context, 0)
    if library.get_mode(address) != context.verify_mode:
        raise HiddenOpenSslError("this Python keeps its OpenSSL objects elsewhere")
    library.set_verify(address, int(context.verify_mode), _go_on)
    library.set_depth(address, depth)
    library.control(address, *_NO_SESSIONS, None)
    names = library.load_names(authorities.encode())
    if names:
        library.set_names(address, names)


def result_of(connection: ssl.SSLObject) -> int:
    """What the verification of the client's certificate came to, VERIFIED or an error's number.

    Of a context that is forgiving.
    """
    return int(_library().result(_pointer(connection._sslobj, 1)))  # type: ignore[attr-defined]


def result_text(result: int) -> str:
    """The words for an error's number."""
    return str(_library().result_text(result).decode())


def names_in(certificate: bytes) -> tuple[str, str]:
    """Subject and issuer of a DER certificate as RFC 2253 writes them: the last part first."""
    library = _library()
    with _decoded(library, certificate) as decoded:
        subject, issuer = library.subject(decoded), library.issuer(decoded)
        return _printed(library, subject), _printed(library, issuer)


@cache
def _library() -> _Library:
    try:
        return _Library()
    except (AttributeError, OSError) as error:
        raise HiddenOpenSslError(f"this Python hides its OpenSSL: {error}") from None


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(ctypes.CDLL(_ssl.__file__), name)
    function.restype, function.argtypes = result, arguments
    return function


def _pointer(owner: object, position: int) -> int | None:
    """A pointer in the C structure of an object of CPython's ``_ssl``: that of a context begins
    with its SSL_CTX, that of a connection with a Python object and its SSL."""
    size = ctypes.sizeof(ctypes.c_void_p)
    start = id(owner) + object.__basicsize__ + position * size
    return ctypes.c_void_p.from_address(start).value


@contextmanager
def _decoded(library: _Library, certificate: bytes) -> Iterator[int]:
    begin = ctypes.c_char_p(certificate)
    decoded = library.decode(None, ctypes.byref(begin), len(certificate))
    if not decoded:
        raise ValueError("not a certificate")
    try:
        yield decoded
    finally:
        library.free(decoded)


def _printed(library: _Library, name: int) -> str:
    stream = library.new_stream(library.memory())
    try:
        library.print(stream, name, 0, _RFC2253)
        content = ctypes.create_string_buffer(_MAX_NAME)
        size = library.read(stream, content, _MAX_NAME)
        return content.raw[: max(size, 0)].decode("ascii", "replace")
    finally:
        library.free_stream(stream)
