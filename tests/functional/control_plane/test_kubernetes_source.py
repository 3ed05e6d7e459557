"""List and watch on real sockets, against an API server that misbehaves on command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from support.api_server import API_OF, ApiDouble, Hang, Refusal, Reset, write_kubeconfig
from support.watching import FAST, Heard, listening, reached, shop

from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Added, Deleted, Modified, Synced
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.credentials import KubeconfigAccess
from ingressd.sources.kubernetes.envelopes import LAST_APPLIED
from ingressd.sources.kubernetes.kinds import Scope

WATCHED = ("ingresses", "ingressclasses", "services", "secrets", "endpointslices")


@pytest.fixture
async def heard(double: ApiDouble, api: ApiServer) -> AsyncIterator[Heard]:
    """A source in sync with a cluster of three Ingresses, all of it watched."""
    shop(double, "a", "b", "c")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        for plural in WATCHED:
            await double.watched(plural)
        yield heard


def named(heard: Heard, name: str) -> Ingress:
    found = heard.objects[ObjectKey("Ingress", "default", name)]
    assert isinstance(found, Ingress)
    return found


async def test_everything_is_listed_page_by_page_and_then_in_sync(
    double: ApiDouble, heard: Heard
) -> None:
    assert heard.names == {"a", "b", "c"}
    assert double.requests["list", "ingresses"] == 2
    assert [query["limit"] for query in double.queries["list", "ingresses"]] == ["2", "2"]
    assert double.queries["list", "secrets"][0]["fieldSelector"] == "type=kubernetes.io/tls"
    assert heard.findings == []
    assert {state.kind for state in heard.source.states} == {
        API_OF[plural][1] for plural in WATCHED
    }
    assert sum(isinstance(event, Synced) for batch in heard.batches for event in batch) == 1


async def test_a_watch_continues_the_list_and_asks_for_bookmarks(
    double: ApiDouble, heard: Heard
) -> None:
    (query,) = double.queries["watch", "ingresses"]
    assert query["resourceVersion"] == "103"
    assert query["allowWatchBookmarks"] == "true"
    assert 270 <= int(query["timeoutSeconds"]) <= 330
    assert heard.stale("Ingress") == 0.0


async def test_changes_arrive(double: ApiDouble, heard: Heard) -> None:
    shop(double, "d", "a")
    double.delete("ingresses", "b")
    await heard.until(lambda: len(heard.changes) == 3)
    added, modified, deleted = heard.changes
    assert isinstance(added, Added)
    assert isinstance(modified, Modified)
    assert deleted == Deleted(ObjectKey("Ingress", "default", "b"))
    assert heard.names == {"a", "c", "d"}


async def test_what_only_kubectl_needs_is_not_kept(double: ApiDouble, heard: Heard) -> None:
    annotations = {LAST_APPLIED: "{...}", "kept": "yes"}
    double.put("ingresses", "a", metadata={"annotations": annotations})
    await heard.until(lambda: bool(heard.changes))
    assert named(heard, "a").metadata.annotations == {"kept": "yes"}


async def test_a_watch_that_ends_goes_on_where_it_was(double: ApiDouble, heard: Heard) -> None:
    shop(double, "d")
    await heard.until(lambda: "d" in heard.names)
    double.end("ingresses")
    await double.watched("ingresses", 2)
    assert double.queries["watch", "ingresses"][1]["resourceVersion"] == "104"
    assert double.requests["list", "ingresses"] == 2


async def test_a_bookmark_moves_the_position(double: ApiDouble, heard: Heard) -> None:
    double.put("configmaps", "unrelated")
    double.bookmark("ingresses")
    double.end("ingresses")
    await double.watched("ingresses", 2)
    assert double.queries["watch", "ingresses"][1]["resourceVersion"] == "104"


@pytest.mark.parametrize("way", ["error event", "status"])
async def test_a_forgotten_position_brings_a_list_and_only_real_differences(
    double: ApiDouble, heard: Heard, way: str
) -> None:
    if way == "error event":
        double.error("ingresses", 410, "Expired")
    else:
        double.fail_always("watch", "ingresses", Reset())
        double.reset("ingresses")
        double.delete("ingresses", "b")
        shop(double, "c", "d")
        double.compact()
        double.fail_always("watch", "ingresses", None)
    await double.until(lambda: double.requests["list", "ingresses"] == 4)
    await double.watched("ingresses", 2)
    if way == "error event":
        assert heard.changes == []
        return
    await heard.until(lambda: "d" in heard.names)
    assert [type(event) for event in heard.changes] == [Modified, Added, Deleted]
    assert heard.names == {"a", "c", "d"}
    await heard.until(lambda: heard.findings == [])


async def test_an_expired_page_brings_the_whole_list_at_once(
    double: ApiDouble, api: ApiServer
) -> None:
    shop(double, "a", "b", "c")
    double.expire_continue()
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"a", "b", "c"}
    assert [query["limit"] for query in double.queries["list", "ingresses"]] == ["2", "2", "0"]


async def test_the_whole_list_at_once_has_a_time_of_its_own(
    double: ApiDouble, api: ApiServer
) -> None:
    shop(double, "a", "b", "c")
    page, hang = Refusal(410, "Expired"), Hang()
    double.fail("list", "ingresses", page, hang)
    timing = msgspec.structs.replace(FAST, whole_list=0.05)
    async with asyncio.timeout(5.0), listening(api, timing=timing) as heard:
        await heard.until(lambda: heard.codes == {"ApiUnreachable"})
        assert double.queries["list", "ingresses"][1]["limit"] == "0"
        await heard.until(lambda: heard.synced and heard.findings == [])


TOO_LARGE = "Timeout: Too large resource version: 103, current: 101"


@pytest.mark.parametrize(
    "ahead",
    [
        Refusal(504, "Timeout", message=TOO_LARGE),
        Refusal(504, "Timeout"),
        Refusal(410, "Expired"),
        None,
    ],
)
async def test_an_older_backup_of_etcd_brings_a_list(
    double: ApiDouble, api: ApiServer, ahead: Refusal | None
) -> None:
    """The version that "a" had before the backup was restored is given again, to another "a"."""
    shop(double, "a", "b", "c")
    async with listening(api, timing=msgspec.structs.replace(FAST, idle_timeout=0.05)) as heard:
        await heard.until(lambda: heard.synced)
        await double.watched("ingresses")
        double.fail_always("watch", "ingresses", Reset())
        double.reset("ingresses")
        double.restore(ahead)
        double.put("ingresses", "a", spec={"rules": [{"host": "other.test"}]})
        double.delete("ingresses", "b")
        double.fail_always("watch", "ingresses", None)
        await heard.until(lambda: "b" not in heard.names)
        assert named(heard, "a").spec.rules[0].host == "other.test"
        shop(double, "d")
        await heard.until(lambda: "d" in heard.names)


async def test_one_answer_is_enough_that_the_position_is_too_large(
    double: ApiDouble, heard: Heard
) -> None:
    double.fail("watch", "ingresses", Refusal(504, "Timeout", message=TOO_LARGE))
    double.end("ingresses")
    await double.watched("ingresses", 3)
    assert double.requests["list", "ingresses"] == 4


async def test_events_that_come_twice_or_late_change_nothing(
    double: ApiDouble, heard: Heard
) -> None:
    stale = double.put("ingresses", "a", spec={"rules": [{"host": "old.test"}]})
    double.put("ingresses", "a", spec={"rules": [{"host": "new.test"}]})
    line = msgspec.json.encode({"type": "MODIFIED", "object": stale}) + b"\n"
    double.line("ingresses", line)
    double.delete("ingresses", "b")
    double.line("ingresses", line)
    shop(double, "last")
    await heard.until(lambda: "last" in heard.names)
    assert len(heard.changes) == 4
    assert named(heard, "a").spec.rules[0].host == "new.test"


async def test_a_line_that_is_cut_is_read_again(double: ApiDouble, heard: Heard) -> None:
    double.line("ingresses", b'{"type":"DELETED","object":{"metadata":{"na')
    double.end("ingresses")
    shop(double, "d")
    await heard.until(lambda: "d" in heard.names)
    assert heard.names == {"a", "b", "c", "d"}
    assert double.requests["list", "ingresses"] == 2


async def test_garbage_is_resumed_after_and_garbage_again_brings_a_list(
    double: ApiDouble, heard: Heard
) -> None:
    double.line("ingresses", b"<html>\n")
    await double.watched("ingresses", 2)
    assert double.requests["list", "ingresses"] == 2
    double.line("ingresses", b'{"type":"ODD","object":{}}\n')
    await double.watched("ingresses", 3)
    assert double.requests["list", "ingresses"] == 4
    shop(double, "d")
    await heard.until(lambda: "d" in heard.names)


async def test_a_connection_that_is_reset_is_made_again(double: ApiDouble, heard: Heard) -> None:
    double.reset("ingresses")
    await double.watched("ingresses", 2)
    shop(double, "d")
    await heard.until(lambda: "d" in heard.names)
    assert double.requests["list", "ingresses"] == 2


async def test_a_stream_on_which_nothing_comes_is_opened_again(
    double: ApiDouble, api: ApiServer
) -> None:
    async with listening(api, timing=msgspec.structs.replace(FAST, idle_timeout=0.05)) as heard:
        await heard.until(lambda: heard.synced)
        await double.watched("ingresses", 2)
        shop(double, "d")
        await heard.until(lambda: "d" in heard.names)


async def test_retry_after_is_honoured(double: ApiDouble, api: ApiServer) -> None:
    double.fail("list", "ingresses", Refusal(429, "TooManyRequests", retry_after="1"))
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
    assert loop.time() - started >= 1.0
    assert double.requests["list", "ingresses"] == 2


async def test_a_server_that_is_busy_is_asked_again(double: ApiDouble, api: ApiServer) -> None:
    shop(double, "a")
    double.fail("list", "ingresses", *[Refusal(500, "InternalError")] * 3, Reset())
    double.fail("discover", "", Refusal(503), Reset())
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        await heard.until(lambda: heard.findings == [])
    assert heard.names == {"a"}


async def test_a_server_that_is_away_deletes_nothing_and_is_reported(
    double: ApiDouble, api: ApiServer
) -> None:
    shop(double, "a")
    double.fail_always("watch", "ingresses", Reset())
    async with listening(api) as heard:
        await heard.until(lambda: heard.codes == {"ApiUnreachable"})
        (finding,) = heard.findings
        assert finding.subject == ObjectKey("ApiServer", "", double.url)
        assert "Ingress stay as they were then" in finding.message
        assert heard.stale("Ingress") > 0.0
        assert heard.names == {"a"}
        shop(double, "b")
        double.fail_always("watch", "ingresses", None)
        await heard.until(lambda: heard.findings == [])
        assert heard.stale("Ingress") == 0.0
        await heard.until(lambda: "b" in heard.names)
    assert not any(isinstance(event, Deleted) for event in heard.changes)


async def test_a_watch_whose_answer_does_not_begin_is_an_outage(
    double: ApiDouble, tmp_path: Path
) -> None:
    double.fail_always("watch", "ingresses", Hang())
    access = KubeconfigAccess(str(write_kubeconfig(tmp_path, double.url)), None)
    async with reached(access, request_timeout=0.1) as api, listening(api) as heard:
        await heard.until(lambda: heard.codes == {"ApiUnreachable"})
        assert "no answer in time" in heard.findings[0].message
        assert heard.stale("Ingress") > 0.0
        double.fail_always("watch", "ingresses", None)
        await heard.until(lambda: heard.findings == [])


async def test_nothing_is_in_sync_while_a_kind_does_not_answer(
    double: ApiDouble, api: ApiServer
) -> None:
    shop(double, "a")
    double.fail("list", "services", Hang())
    async with listening(api) as heard:
        await heard.until(lambda: "a" in heard.names)
        for plural in set(WATCHED) - {"services"}:
            await double.watched(plural)
        assert not heard.synced


async def test_malformed_objects_keep_their_last_good_state(
    double: ApiDouble, heard: Heard
) -> None:
    double.put("ingresses", "a", spec={"rules": 5})
    double.put("ingresses", "new", spec={"rules": "x"})
    shop(double, "d")
    await heard.until(lambda: "d" in heard.names)
    assert heard.names == {"a", "b", "c", "d"}
    assert named(heard, "a").spec.rules[0].host == "a.test"
    assert {finding.subject.name for finding in heard.findings} == {"a", "new"}
    double.error("ingresses", 410, "Gone")
    await double.watched("ingresses", 2)
    assert heard.names == {"a", "b", "c", "d"}
    assert {finding.subject.name for finding in heard.findings} == {"a", "new"}
    shop(double, "a")
    double.delete("ingresses", "new")
    await heard.until(lambda: heard.findings == [])


async def test_a_malformed_object_in_the_first_list_costs_only_itself(
    double: ApiDouble, api: ApiServer
) -> None:
    shop(double, "a")
    double.put("ingresses", "odd", spec=[])
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"a"}
        assert [finding.subject.name for finding in heard.findings] == ["odd"]


async def test_an_older_server_has_endpoints(double: ApiDouble, api: ApiServer) -> None:
    double.has_slices = False
    double.put("endpoints", "web", subsets=[])
    double.put("endpointslices", "web-1")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        assert set(heard.objects) == {ObjectKey("Endpoints", "default", "web")}
        await double.watched("endpoints")
    assert double.requests["list", "endpointslices"] == 0


async def test_one_namespace_and_what_flags_name_beyond_it(
    double: ApiDouble, api: ApiServer
) -> None:
    for namespace in ("shop", "other"):
        double.put("services", f"web-{namespace}", namespace)
        double.put("secrets", f"tls-{namespace}", namespace, type="kubernetes.io/tls")
        double.put("configmaps", f"settings-{namespace}", namespace)
    scope = Scope("shop", "other/settings-other", "other/web-other", "other/tls-other")
    async with listening(api, scope) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {
            "web-shop", "tls-shop", "web-other", "tls-other", "settings-other",
        }  # fmt: skip
    labels = {query.get("labelSelector") for query in double.queries["list", "endpointslices"]}
    assert labels == {None, "kubernetes.io/service-name=web-other"}


async def test_an_object_made_anew_between_lists_is_modified(
    double: ApiDouble, heard: Heard
) -> None:
    double.fail_always("watch", "ingresses", Refusal(500))
    double.reset("ingresses")
    double.delete("ingresses", "a")
    double.put("ingresses", "a", metadata={"uid": "another"})
    double.compact()
    double.fail_always("watch", "ingresses", None)
    await heard.until(lambda: bool(heard.changes))
    assert [type(event) for event in heard.changes] == [Modified]
    assert named(heard, "a").metadata.uid == "another"
