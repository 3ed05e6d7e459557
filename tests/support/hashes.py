"""Hashes of the password ``secret``, in every form that nginx reads."""

from __future__ import annotations

PASSWORD = b"secret"

_BCRYPT = b"$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
OF_SECRET = {
    "plain": b"{PLAIN}secret",
    "sha": b"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "ssha": b"{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
    "apr1": b"$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/",
    "md5": b"$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
    "bcrypt-2a": b"$2a" + _BCRYPT,
    "bcrypt-2b": b"$2b" + _BCRYPT,
    "bcrypt-2x": b"$2x" + _BCRYPT,
    "bcrypt-2y": b"$2y" + _BCRYPT,
    "sha256": b"$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.",
    "sha256-rounds": b"$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7",
    "sha512": b"$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ"
    b"/1GM/O6IND4WQhG.",
    "des": b"abNANd1rDfiNc",
    "bsdi": b"_J9..abcd/H6HLCcf7nw",
}
