"""Nexus endpoints: created, shown, changed, removed, listed (section 1.4)."""

from harness import scenario
from nexus import endpoint, remove, spec, worker_target

UNKNOWN = "11111111-2222-3333-4444-555555555555"


@scenario
def life(t):
    made = t.must("CreateNexusEndpoint", spec=spec(description="what it is for")).endpoint
    t.call("GetNexusEndpoint", id=made.id)
    t.call("ListNexusEndpoints", name="ep~")
    changed = t.must("UpdateNexusEndpoint", id=made.id, version=made.version,
                     spec=spec("other~", target=worker_target("q2~"))).endpoint
    t.call("GetNexusEndpoint", id=made.id)
    t.call("ListNexusEndpoints", name="ep~")
    t.call("ListNexusEndpoints", name="other~")
    t.call("UpdateNexusEndpoint", id=made.id, version=made.version, spec=spec("other~"))
    t.call("DeleteNexusEndpoint", id=made.id, version=made.version)
    t.call("DeleteNexusEndpoint", id=made.id, version=changed.version)
    t.call("GetNexusEndpoint", id=made.id)
    t.call("DeleteNexusEndpoint", id=made.id, version=changed.version)
    t.call("ListNexusEndpoints", name="other~")


@scenario
def external_target(t):
    made = t.must("CreateNexusEndpoint", spec=spec(target={"external": {"url": "http://example.com/nexus"}})).endpoint
    t.call("GetNexusEndpoint", id=made.id)
    t.call("UpdateNexusEndpoint", id=made.id, version=made.version, spec=spec(target=worker_target()))
    t.call("DeleteNexusEndpoint", id=made.id, version=made.version + 1)


@scenario
def taken_names(t):
    one = endpoint(t)
    two = endpoint(t, "two~")
    t.call("CreateNexusEndpoint", spec=spec())
    t.call("UpdateNexusEndpoint", id=two.id, version=two.version, spec=spec("two~"))
    t.call("UpdateNexusEndpoint", id=one.id, version=0, spec=spec("one~"))
    remove(t, one)
    t.call("DeleteNexusEndpoint", id=two.id, version=0)
    t.call("DeleteNexusEndpoint", id=two.id, version=two.version + 1)


@scenario
def bad_specs(t):
    t.call("CreateNexusEndpoint")
    t.table("CreateNexusEndpoint", {}, [{"spec": row} for row in (
        {}, {"name": "ep~"}, {"target": worker_target()},
        {"name": "ep~", "target": {}},
        spec("1a"), spec("a-"), spec("a_b"), spec("-"), spec("é"), spec("a" * 201), spec("a.b"), spec("a"*200 + "!"),
        spec(target=worker_target("")), spec(target=worker_target("q~", "")), spec(target=worker_target("", "")),
        spec(target=worker_target("q~", "nobody~")), spec(target=worker_target("q" * 1001)),
        spec(target=worker_target("/_sys/q")),
        spec(target={"external": {}}), spec(target={"external": {"url": "ftp://example.com"}}),
        spec(target={"external": {"url": "example.com"}}), 
        spec(target={"external": {"url": "http://" + "a" * 5000}}), spec(target={"external": {"url": ":"}}),
        spec(target={"external": {"url": "https://user:secret@example.com:1/a?b=c#d"}}, name="1"),
        spec(description={"metadata": {"encoding": b"json/plain"}, "data": b"x" * 20001}),
        spec("1", description={"metadata": {"encoding": b"json/plain"}, "data": b"x" * 30001}, target={}),
        spec("1", target=worker_target("", "")), spec("", target={"external": {"url": "ftp://x"}}),
    )])


@scenario
def bad_changes(t):
    made = endpoint(t)
    t.table("UpdateNexusEndpoint", {}, [
        {}, {"id": made.id}, {"id": made.id, "version": made.version}, {"id": made.id, "version": made.version, "spec": {}},
        {"id": "nonsense", "version": 1, "spec": spec()}, {"id": UNKNOWN, "version": 1, "spec": spec("new~")},
        {"id": UNKNOWN, "version": 0, "spec": spec("new~")}, {"version": 1, "spec": spec("1", target={})},
        {"id": made.id, "version": -1, "spec": spec()}, {"id": made.id, "version": 9, "spec": spec()},
        {"id": made.id, "version": made.version, "spec": spec(target=worker_target("q~", "nobody~"))},
    ])
    t.table("DeleteNexusEndpoint", {}, [
        {}, {"id": "nonsense"}, {"id": UNKNOWN}, {"id": UNKNOWN, "version": 1}, {"version": 1},
        {"id": made.id, "version": -1}, {"id": made.id, "version": 7}])
    t.table("GetNexusEndpoint", {}, [{}, {"id": "nonsense"}, {"id": UNKNOWN}, {"id": made.id}])


@scenario
def bad_lists(t):
    t.table("ListNexusEndpoints", {}, [
        {"name": "nobody~"}, {"name": "nobody~", "page_size": -1}, {"name": "nobody~", "page_size": 1001},
        {"page_size": 1001}, {"page_size": -1}, {"name": "a" * 300},
        {"next_page_token": UNKNOWN.encode(), "page_size": 1, "name": "nobody~"},
    ])


@scenario
def pages(t):
    """Every endpoint comes once, in the order of ids, whatever the size of a page."""
    made = [endpoint(t, f"page{number}~") for number in range(5)]
    found, token, sizes = [], b"", []
    while True:
        page = t.quiet("ListNexusEndpoints", page_size=2, next_page_token=token)
        found += [each.id for each in page.endpoints]
        sizes.append(len(page.endpoints) <= 2)
        token = page.next_page_token
        if not token:
            break
    t.note(f"each once: {sorted(set(found)) == sorted(found)}, all: {all(each.id in found for each in made)}, "
           f"small pages: {all(sizes)}, in order: {found == sorted(found)}")
    for each in made:
        remove(t, each)


@scenario
def target_of_a_deletion(t):
    """A namespace that an endpoint leads to can't be deleted."""
    t.quiet("RegisterNamespace", namespace="target~", workflow_execution_retention_period=86400)
    t.until("DescribeNamespace", lambda answer: True, namespace="target~")
    made = endpoint(t, target=worker_target("q~", "target~"))
    t.call("DeleteNamespace", namespace="target~")
    remove(t, made)
    t.quiet("DeleteNamespace", namespace="target~")
