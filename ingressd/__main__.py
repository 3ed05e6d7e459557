"""``python -m ingressd`` is ``ingressd``."""

from __future__ import annotations

from ingressd.cli.main import main

if __name__ == "__main__":
    main()
