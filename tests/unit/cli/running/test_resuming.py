from __future__ import annotations

import os

import pytest

from ingressd.cli.running.resuming import FORCE_POLLING, resume
from ingressd.sources.manifests import ManifestSource

LIMITS = (
    OSError(
        'OS file watch limit reached. about ["/etc"] (Error { kind: MaxFilesWatch, paths: [] })'
    ),
    RuntimeError("Error creating recommended watcher: Too many open files (os error 24)"),
)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> ManifestSource:
    monkeypatch.setenv(FORCE_POLLING, "")
    return ManifestSource(["."])


@pytest.mark.parametrize("error", LIMITS)
def test_without_file_watches_it_polls_and_says_what_to_do(
    error: Exception, source: ManifestSource, caplog: pytest.LogCaptureFixture
) -> None:
    assert resume(source, error) is source
    assert os.environ[FORCE_POLLING] == "1"
    (said,) = caplog.messages
    assert "fs.inotify.max_user_watches" in said
    assert FORCE_POLLING in said


def test_any_other_failure_changes_nothing_about_how_files_are_watched(
    source: ManifestSource, caplog: pytest.LogCaptureFixture
) -> None:
    assert resume(source, OSError("gone")) is source
    assert not os.environ[FORCE_POLLING]
    assert not caplog.messages
