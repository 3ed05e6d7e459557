"""Where templates are looked for: error pages in a worker, the dashboard in the supervisor.

Paths only, so that a process that renders nothing imports no template engine.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def template_folders(extra: str = "") -> list[Path]:
    """Existing template folders, the one that wins first.

    The order: ``extra`` (a flag's folder, "" for none), the copy inside an installed package, the
    ``templates`` folder of a checkout.
    """
    candidates = [_PACKAGE / "templates", _PACKAGE.parent / "templates"]
    if extra:
        candidates.insert(0, Path(extra))
    return [folder for folder in candidates if folder.is_dir()]
