#!/usr/bin/env python3
"""Says which part of the server's CPU goes where, from the samples that `perf script` lists.

    perf script --no-inline -F comm,ip,sym -i perf.data | cpu_shares.py --json docs/reference/profile.json

See docs/guide/profile.md for the recording. A sample belongs to the first rule that a frame on its stack matches, from
the innermost outwards; what the kernel of the system does belongs to the call that asked for it.
"""

import argparse
import collections
import json
import re
import sys

# In this order: the first that is found anywhere on the stack decides.
RULES = (
    ("page faults", r"asm_exc_page_fault|exc_page_fault|handle_mm_fault"),
    ("journal: write and fsync", r"fdatasync|fsync|ext4_sync|ksys_write|__libc_write|vfs_write"),
    ("network: system calls", r"tcp_|sock_|inet_|__send|__recv|do_epoll|epoll_wait|eventfd|sys_recv|sys_send"),
    ("idle and scheduling", r"futex|schedule_|__schedule|do_sched_yield|nanosleep"),
)
# The innermost frame that matches one of these decides otherwise.
ROOMS = (
    ("allocation", r"^_?mi_|^<?mimalloc|^memset|^__memset"),
    ("decode", r"prost.*(merge|decode)|DecodeBuf|::decode"),
    ("encode", r"prost.*(encode|len)|::encoded_len|::encode"),
    ("kernel: step and fold", r"longhaul_kernel"),
    ("engine", r"fjall|lsm_tree|crossbeam_skiplist|byteview|^<?crossbeam"),
    ("embedded store", r"longhaul_store"),
    ("history", r"longhaul_history"),
    ("matching", r"longhaul_matching"),
    ("frontend", r"longhaul_frontend"),
    ("metrics", r"^<?metrics"),
    ("gRPC: h2, hyper, tonic", r"^<*(h2|hyper|hyper_util|tonic|http|http_body|tower|axum|tonic_prost|matchit|percent_encoding)::|longhaul_proto::generated"),
    ("tokio", r"^<*tokio::"),
)
REST = "not attributed"


def samples(lines):
    """Thread and frames, the innermost first."""
    thread, frames = None, []
    for line in lines:
        if line[:1].isspace() and line.strip():
            frames.append(line.strip().split(" ", 1)[-1])
        elif line.strip():
            if thread:
                yield thread, frames
            thread, frames = line.strip(), []
    if thread:
        yield thread, frames


def component(frames):
    for name, pattern in RULES:
        if any(re.search(pattern, frame) for frame in frames):
            return name
    for frame in frames:
        for name, pattern in ROOMS:
            if re.search(pattern, frame):
                return name
    return REST


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json")
    options = parser.parse_args()
    parts, committer, total = collections.Counter(), 0, 0
    for thread, frames in samples(sys.stdin):
        parts[component(frames)] += 1
        committer += thread.startswith("store-committ")
        total += 1
    total = max(total, 1)
    shares = {name: round(count / total, 4) for name, count in parts.most_common()}
    for name, share in shares.items():
        print(f"{share * 100:5.1f} %  {name}")
    print(f"{committer / total * 100:5.1f} %  of all on the committing thread; {total} samples")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"samples": total, "committer": round(committer / total, 4), "components": shares}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
