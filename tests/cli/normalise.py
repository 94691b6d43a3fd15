"""Replaces what two runs can never share (ids, times, sizes, versions) by names, and leaves the rest alone."""

import json
import re

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d| \+0000 UTC)?"
UNIT = r"(ns|µs|us|ms|s|m|h)"
RELATIVE = r"\b(now|(in )?(a|an|\d+) (second|minute|hour)s?( ago| from now)?|(a few|less than a) seconds? (ago|from now))"

TEXT_RULES = [
    (re.compile(UUID), "<uuid>"),
    (re.compile(r"(?<!0001-)" + TIME), "<time>"),
    (re.compile(RELATIVE), "<relative>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\b\d+@[\w.-]+"), "<identity>"),
    (re.compile(r"((?:HistorySize|RunTime|Duration|StateTransitionCount) +)\S.*"), r"\1<varies>"),
    (re.compile(r"((?:ServerVersion|ClusterId|PersistenceStore|VisibilityStore|HistoryShardCount) +)\S.*"), r"\1<varies>"),
    (re.compile(rf"\b\d+(\.\d+)?{UNIT}( s)?\b(?! *$)"), "<duration>"),
    (re.compile(r"-?\b\d+\.\d+(e[+-]?\d+)?\b"), "<number>"),
    (re.compile(r"-[0-9a-f]{32}\b"), "-<hex>"),
    # Which tasks the Python SDK finds waiting is a matter of moments.
    (re.compile(r'"Stack for (?:<|\\u003c)Task.*"'), '"<stack>"'),
    (re.compile(r"^((?:taskId|historySizeBytes): )\d+", re.M), r"\1<varies>"),
    # The last column of a list of workers: how long nothing was heard of it.
    (re.compile(r"^( *<uuid> +Running .*<relative> +)\S+ *$", re.M), r"\1<duration>"),
]

# Fields whose value differs from run to run or from build to build. Their presence is still compared.
VARIES = {
    "accessTime",
    "address",
    "approximateBacklogAge",
    "backlogIncreaseRate",
    "clusterId",
    "currentHostCpuUsage",
    "currentHostMemUsage",
    "durationMillis",
    "elapsedSinceLastHeartbeat",
    "executionDuration",
    "historyShardCount",
    "historySizeBytes",
    "httpAddress",
    "identity",
    "lastAccessTime",
    "longPollToken",
    "last_access_time",
    "ownerHostName",
    "persistenceStore",
    "ratePerSecond",
    "requestId",
    "runtime",
    "serverVersion",
    "stackTrace",
    "startToCloseTimeout",
    "stateSizeBytes",
    "stateTransitionCount",
    "taskId",
    "tasksAddRate",
    "tasksDispatchRate",
    "totalProcessedTasks",
    "totalStickyCacheHit",
    "visibilityStore",
}
# Which of these fields are present depends on timing, so their presence is not compared either.
DROPPED = {"binaryChecksum", "workerVersion", "sdkMetadata", "meteringMetadata", "scaledRate"}


def text(raw: str, tag: str) -> str:
    """One text answer: columns keep their order, not their width."""
    out = raw.replace(tag, "<tag>")
    out = re.sub(r"\x1b\[[0-9;]*m", "", out)
    for pattern, name in TEXT_RULES:
        out = pattern.sub(name, out)
    lines = [re.sub(r" {2,}", "  ", line.strip()) for line in out.splitlines()]
    lines = [re.sub(r"^(UNVERSIONED  \w+  \d+)  .*", r"\1  <rates>", line) for line in lines]
    return "\n".join(_sort_runs([line for line in lines if not line.startswith("sdkMetadata.")])).strip()


def _sort_runs(lines: list[str]) -> list[str]:
    """Sorts neighbouring rows of the task queue tables, which the program prints in a random order."""
    out: list[str] = []
    for line in lines:
        at = len(out)
        while line.startswith("UNVERSIONED ") and at > 0 and out[at - 1].startswith("UNVERSIONED ") and out[at - 1] > line:
            at -= 1
        out.insert(at, line)
    return out


def structure(raw: str, tag: str):
    """One JSON answer, or several in a row."""
    decoder, values, at = json.JSONDecoder(), [], 0
    while at < len(raw):
        if raw[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(raw, at)
        values.append(_value(value, tag))
    return values


def _value(value, tag: str):
    if isinstance(value, dict):
        return {
            _string(k, tag): "<varies>" if k in VARIES and v not in ("", None) else _value(v, tag)
            for k, v in sorted(value.items())
            if k not in DROPPED
        }
    if isinstance(value, list):
        values = [_value(v, tag) for v in value]
        if values and all(isinstance(v, dict) and "taskQueueType" in v for v in values):
            values.sort(key=lambda v: (v["taskQueueType"], v.get("identity", "")))
        return values
    return _string(value, tag) if isinstance(value, str) else value


def _string(value: str, tag: str) -> str:
    if value.startswith("Stack for <Task"):
        return "<stack>"
    out = value.replace(tag, "<tag>")
    out = re.sub(UUID, "<uuid>", out)
    out = re.sub(r"(?<!0001-)^" + TIME + "$", "<time>", out) if not value.startswith("0001-") else out
    out = re.sub(r"-[0-9a-f]{32}\b", "-<hex>", out)
    return re.sub(r"\b\d+@[\w.-]+", "<identity>", out)
