"""Tells how two transcripts differ."""

import difflib


def flatten(blocks):
    return [line for block in blocks for line in block]


def difference(theirs, ours):
    """A readable diff of two transcripts, or the empty string."""
    a, b = flatten(theirs), flatten(ours)
    if a == b:
        return ""
    out, last_head = [], None
    for tag, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        head = _head(a, a0)
        if head != last_head:
            out += head
            last_head = head
        out += [f"    - {line}" for line in a[a0:a1]] + [f"    + {line}" for line in b[b0:b1]]
    return "\n".join(out)


def first(theirs, ours):
    """The first differing line, for a table."""
    a, b = flatten(theirs), flatten(ours)
    for index, line in enumerate(a):
        other = b[index] if index < len(b) else "nothing"
        if line != other:
            return f"`{line.strip()[:120]}` but ours `{other.strip()[:120]}`"
    return "" if len(a) == len(b) else f"nothing more, but ours `{b[len(a)].strip()[:120]}`"


def _head(lines, index):
    """The call, and the event inside it, to which a line belongs."""
    out, indent = [], 99
    for at in range(min(index, len(lines) - 1), -1, -1):
        depth = len(lines[at]) - len(lines[at].lstrip())
        if depth < indent and at < index:
            out.insert(0, "    . " + lines[at])
            indent = depth
        if depth == 0 and at < index:
            break
    return out
