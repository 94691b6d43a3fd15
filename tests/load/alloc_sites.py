#!/usr/bin/env python3
"""Adds up the allocations that `perf script` lists by the code that asked for them.

    perf script --no-inline -F comm,event,trace,ip,sym -i perf.data | alloc_sites.py --workflows 100

See docs/guide/profile.md for the probes. A site is the nearest frame that is not the allocator, the standard library
or a container; the caller is the nearest frame of ours above it.
"""

import argparse
import collections
import re
import sys

SKIPPED = re.compile(
    r"^(mi_|_mi_|alloc::|<alloc::|core::|<core::|std::|<std::|hashbrown::|__rust|<T as |<\[|malloc|realloc|calloc|"
    r"<(&?str|u8|I|F|dyn ) as |<\(|bytes::|<bytes::)"
)
SIZE = re.compile(r"size=(\d+)")
ROOMS = (
    ("longhaul_store_embedded", "embedded store"),
    ("fjall|lsm_tree", "engine"),
    ("longhaul_history", "history"),
    ("longhaul_matching", "matching"),
    ("longhaul_kernel", "kernel"),
    ("longhaul_store", "store"),
    ("longhaul_frontend", "frontend"),
    ("prost|longhaul_proto", "prost: encode, decode"),
    ("metrics", "metrics"),
    ("h2|hyper|tonic|http|tower|axum", "gRPC"),
    ("tokio", "tokio"),
)


def samples(lines):
    """Event, size or None, and frames from the allocator outwards."""
    event, size, frames = None, None, []
    for line in lines:
        if line.startswith(("\t", "                ")):
            frames.append(line.strip().split(" ", 1)[-1])
        elif line.strip():
            if event:
                yield event, size, frames
            found = SIZE.search(line)
            event, size, frames = line.split()[1], int(found[1]) if found else None, []
    if event:
        yield event, size, frames


def short(name):
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    for _ in range(4):
        name = re.sub(r"<([^<>]*)>", lambda found: "" if " as " not in found[1] else found[1].split(" as ")[0], name)
    return name.replace("longhaul_", "").replace("::{{closure}}", "")[:96]


def is_ours(name):
    return "longhaul_" in name and "longhaul_proto::generated" not in name


def room(name):
    return next((room for pattern, room in ROOMS if re.match(rf"<*({pattern})", name)), "other")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workflows", type=float, default=1.0)
    parser.add_argument("--top", type=int, default=40)
    options = parser.parse_args()
    sites, callers, rooms = (collections.defaultdict(lambda: [0, 0]) for _ in range(3))
    total = [0, 0]
    for _, size, frames in samples(sys.stdin):
        kept = [frame for frame in frames if not SKIPPED.match(frame)] or ["?"]
        caller = next((frame for frame in kept if is_ours(frame)), kept[0])
        for table, key in ((sites, (short(kept[0]), short(caller))), (callers, short(caller)), (rooms, room(kept[0]))):
            table[key][0] += 1
            table[key][1] += size or 0
        total[0] += 1
        total[1] += size or 0

    def show(title, table, limit, order=0):
        print(f"\n{title}\n   calls   bytes  (of a workflow)")
        for key, (calls, size) in sorted(table.items(), key=lambda item: -item[1][order])[:limit]:
            name = key if isinstance(key, str) else key[0] if key[0] == key[1] else "   <-  ".join(key)
            print(f"{calls / options.workflows:8.1f} {size / options.workflows:8.0f}  {name}")

    print(f"in all: {total[0] / options.workflows:.0f} calls, {total[1] / options.workflows:.0f} bytes")
    show("by where the call comes from", rooms, 20)
    show("by the nearest function of ours", callers, options.top)
    show("by site", sites, options.top)
    show("by site, most bytes first", sites, options.top, order=1)


if __name__ == "__main__":
    main()
