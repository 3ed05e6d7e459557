from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from ingressd.proxy.client.pages import HTML, JSON, MEANINGS, TEXT, ErrorPages, Format, negotiate

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.fixture
def pages() -> ErrorPages:
    return ErrorPages()


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        (BROWSER, HTML),
        ("TEXT/HTML", HTML),
        ("application/json", JSON),
        ("application/problem+json", JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/plain, application/json", TEXT),
        ("*/*, application/json", JSON),
        ("text/html;q=0.5, application/json", JSON),
        ("text/html;q=0.5, application/json;q=0.4", HTML),
        ("text/html ; level=1 ; q=0.9, application/json;q=0.8", HTML),
        ("text/html;q=0, application/json;q=0.000", TEXT),
        ("text/html;q=2, application/json;q=0.1", JSON),
        ("text/html;q=, application/json;q=-1", TEXT),
        ("image/png", TEXT),
        (";;,,;q=1", TEXT),
        ("text/html, " * 100_000, HTML),
    ],
)
def test_negotiation(accept: str | None, expected: Format) -> None:
    assert negotiate(accept) == expected


@pytest.mark.parametrize("status", [*MEANINGS, 418, 451, 507, 599, 999])
@pytest.mark.parametrize("accept", [BROWSER, "application/json", None])
def test_every_status_has_a_page_in_every_format(
    pages: ErrorPages, status: int, accept: str | None
) -> None:
    content_type, body = pages.render(status, accept, "the-request-id")
    assert content_type == negotiate(accept).content_type
    assert str(status) in body.decode()
    assert "the-request-id" in body.decode()


def test_text_reads_well(pages: ErrorPages) -> None:
    assert pages.render(404, None, "r1") == (
        b"text/plain; charset=utf-8",
        b"404 Not Found\n\n"
        b"There is nothing at this address. Please check it for typing errors.\n\n"
        b"Request ID: r1\n",
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "401 Authorization Required"),
        (403, "403 Forbidden"),
        (405, "405 Not Allowed"),
        (408, "408 Request Time-out"),
        (413, "413 Request Entity Too Large"),
        (414, "414 Request-URI Too Large"),
        (416, "416 Requested Range Not Satisfiable"),
        (431, "431 Request Header Or Cookie Too Large"),
        (501, "501 Not Implemented"),
        (503, "503 Service Temporarily Unavailable"),
        (504, "504 Gateway Time-out"),
    ],
)
def test_statuses_are_called_as_nginx_calls_them(
    pages: ErrorPages, status: int, words: str
) -> None:
    assert pages.render(status, None, "r1")[1].decode().startswith(f"{words}\n")
    assert f"<title>{words}</title>" in pages.render(status, BROWSER, "r1")[1].decode()


def test_json_is_json_whatever_it_says(pages: ErrorPages) -> None:
    _, body = pages.render(503, "application/json", 'a"\n\\</script>', 'Details "here".')
    assert json.loads(body) == {
        "status": 503,
        "title": "Service Temporarily Unavailable",
        "detail": MEANINGS[503].explanation + ' Details "here".',
        "request_id": 'a"\n\\</script>',
    }


def test_html_escapes_what_comes_from_outside(pages: ErrorPages) -> None:
    _, body = pages.render(400, BROWSER, "<script>1</script>", "<b>&</b>")
    assert b"<script>" not in body
    assert b"&lt;b&gt;&amp;&lt;/b&gt;" in body


def test_html_needs_nothing_from_elsewhere(pages: ErrorPages) -> None:
    _, body = pages.render(404, BROWSER, "r1")
    for reference in (b"src=", b"href=", b"url(", b"@import"):
        assert reference not in body


def test_an_operators_template_wins_for_its_format(tmp_path: Path) -> None:
    (tmp_path / "error.html.j2").write_text("<p>{{ status }} sorry {{ request_id }}</p>")
    pages = ErrorPages(str(tmp_path))
    assert pages.render(404, BROWSER, "<r1>")[1] == b"<p>404 sorry &lt;r1&gt;</p>"
    assert pages.render(404, None, "r1")[1].startswith(b"404 Not Found")


@pytest.mark.parametrize(
    "template", ["{% if %}", "{{ 1 / 0 }}", "{{ missing.attribute }}", "{% include 'nowhere' %}"]
)
def test_a_broken_template_gives_way_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, template: str
) -> None:
    (tmp_path / "error.txt.j2").write_text(template)
    with caplog.at_level(logging.ERROR):
        pages = ErrorPages(str(tmp_path))
        for _ in range(3):
            assert pages.render(404, None, "r1")[1].startswith(b"404 Not Found\n\nThere is")
    assert len(caplog.records) == 1
    assert str(tmp_path / "error.txt.j2") in caplog.text


def test_without_any_template_there_is_still_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingressd.proxy.client.pages.template_folders", lambda extra: [tmp_path])
    assert ErrorPages().render(404, BROWSER, "r1") == (TEXT.content_type, b"404 Not Found\n")
