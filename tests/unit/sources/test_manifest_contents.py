from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.finding import Severity
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported
from ingressd.sources.manifest_contents import MAX_FINDINGS, Contents, Holdings, read_contents


def services(*names: str, port: int = 80) -> bytes:
    return "---\n".join(
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f"spec: {{ports: [{{port: {port}}}]}}\n"
        for name in names
    ).encode()


def read(raw: bytes, last: Contents | None = None, name: str = "a.yaml") -> Contents:
    return read_contents(name, lambda: raw, last or Contents())


def names(contents: Contents) -> list[str]:
    return sorted(key.name for key in contents.objects)


def codes(contents: Contents) -> list[str]:
    return [finding.code for finding in contents.findings]


def told(events: list[Event]) -> list[str]:
    lines = []
    for event in events:
        match event:
            case Added(resource, origin) | Modified(resource, origin):
                lines.append(f"{type(event).__name__} {resource.key.name} {origin}")
            case Deleted(key):
                lines.append(f"Deleted {key.name}")
            case Reported(unit, findings):
                lines.append(f"Reported {unit} {[finding.code for finding in findings]}")
    return lines


def test_a_half_written_file_keeps_what_it_does_not_redefine() -> None:
    good = read(services("a", "b"))
    half = read(services("a", port=90) + b"---\napiVersion: v1\nkind: Serv", good)
    assert names(half) == ["a", "b"]
    assert len(codes(half)) == 1
    changed = half.objects[next(key for key in half.objects if key.name == "a")].resource
    assert changed.spec.ports[0].port == 90  # type: ignore[attr-defined]


def test_once_clean_again_it_is_exact() -> None:
    half = read(b"kind: [", read(services("a", "b")))
    assert names(half) == ["a", "b"]
    clean = read(services("b"), half)
    assert (names(clean), codes(clean)) == (["b"], [])


def test_a_refused_object_keeps_its_last_state_and_others_are_exact() -> None:
    refused = services("a").replace(b"port: 80", b'port: "80"')
    contents = read(refused, read(services("a", "b")))
    assert (names(contents), codes(contents)) == (["a"], ["InvalidField"])


def test_unreadable_files_keep_their_objects() -> None:
    def missing() -> bytes:
        raise PermissionError(13, "Permission denied")

    good = read(services("a"))
    for contents in (
        read(b"\xff\xfe\x00garbage", good),
        read(b"", good),
        read_contents("a.yaml", missing, good),
    ):
        assert (names(contents), codes(contents)) == (["a"], ["UnreadableFile"])


def test_a_file_of_comments_holds_nothing() -> None:
    contents = read(b"# all gone\n", read(services("a")))
    assert (names(contents), codes(contents)) == ([], [])


def test_an_empty_new_file_is_fine() -> None:
    assert read(b"") == Contents()


def test_changes_become_events_once() -> None:
    holdings = Holdings()
    assert told(holdings.replace({"a.yaml": read(services("a", "b"))}, {})) == [
        "Added a a.yaml, document 1",
        "Added b a.yaml, document 2",
    ]
    assert holdings.replace({"a.yaml": read(services("a", "b"))}, {}) == []
    changed = read(services("a") + b"---\n" + services("c", port=90))
    assert told(holdings.replace({"a.yaml": changed}, {})) == [
        "Deleted b",
        "Added c a.yaml, document 2",
    ]
    assert told(holdings.replace({"a.yaml": None}, {})) == ["Deleted a", "Deleted c"]
    assert holdings.names == frozenset()


def test_an_object_that_moves_between_files_is_not_deleted() -> None:
    holdings = Holdings()
    holdings.replace({"a.yaml": read(services("x"))}, {})
    moved = {"a.yaml": None, "b.yaml": read(services("x"), name="b.yaml")}
    assert holdings.replace(moved, {}) == []


def test_of_two_files_the_first_by_name_wins() -> None:
    holdings = Holdings()
    later = read(services("x", port=90), name="b.yaml")
    assert told(holdings.replace({"b.yaml": later}, {})) == ["Added x b.yaml"]
    assert told(holdings.replace({"a.yaml": read(services("x"))}, {})) == [
        "Modified x a.yaml",
        "Reported b.yaml ['DuplicateObject']",
    ]
    assert told(holdings.replace({"a.yaml": None}, {})) == [
        "Modified x b.yaml",
        "Reported b.yaml []",
    ]


def test_findings_are_reported_when_they_change_and_withdrawn() -> None:
    holdings = Holdings()
    broken = read(b"kind: [")
    assert told(holdings.replace({"a.yaml": broken}, {})) == ["Reported a.yaml ['InvalidDocument']"]
    assert holdings.replace({"a.yaml": broken}, {}) == []
    trouble = {"dir": broken.findings}
    assert told(holdings.replace({"a.yaml": None}, trouble)) == [
        "Reported a.yaml []",
        "Reported dir ['InvalidDocument']",
    ]
    assert told(holdings.replace({}, {})) == ["Reported dir []"]


@given(st.binary(max_size=120), st.binary(max_size=40))
def test_no_bytes_raise(raw: bytes, tail: bytes) -> None:
    good = read(services("a"))
    for text in (raw, services("a")[: len(raw)] + tail):
        contents = read(text, good)
        assert all(finding.message and finding.remedy for finding in contents.findings)


def test_what_was_never_read_has_no_last_objects() -> None:
    (first,) = read(b"\xff").findings
    assert first.message.endswith("nothing of it is used")
    (again,) = read(b"\xff", read(services("a"))).findings
    assert again.message.endswith("its last objects stay in use")


def test_findings_of_a_file_are_capped() -> None:
    contents = read("---\n".join(f"kind: Service{n}: x\n" for n in range(300)).encode())
    assert len(contents.findings) == MAX_FINDINGS + 1
    last = contents.findings[-1]
    assert (last.code, last.severity) == ("MoreFindings", Severity.ERROR)
    assert last.message.startswith("and 100 more")
