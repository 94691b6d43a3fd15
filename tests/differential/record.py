"""Keeps the reference's transcripts as text, short enough to read and to store.

What is usual for a kind of event or answer is told once, in `usual.txt`: the fields that more than
half of them have with the same value. Each transcript then shows only what is not usual; `no x`
means that a usual field is missing. Starts, polls and completions that went as usual are left out, and `2-4 WorkflowTask` stands for the usual Scheduled, Started
and Completed. `scheduled_event_id: -1` in `usual.txt` means the event before.
Event fields `workflow_task_completed_event_id` name the last WorkflowTaskCompleted and are left out.
"""

import collections
import os
import re

WORKFLOW_TASK = re.compile(r"(\d+) WorkflowTaskScheduled, \d+ WorkflowTaskStarted, (\d+) WorkflowTaskCompleted")
ID = re.compile(r"<id \d+>")
BARE_ID = ("request_id", "namespace_id", "original_execution_run_id", "first_execution_run_id", "new_execution_run_id")
NAME_IN_LINK = re.compile(r"workflow_id: '[^']*'")


ABBREVIATIONS = (
    ("temporal.api.errordetails.v1.", ""), ("temporal.api.failure.v1.", ""), ("temporal.api.update.v1.", ""),
    ("workflow_execution_info.", "info."), ("workflow_extended_info.", "extended."), ("pending_activities", "activities"),
    ("application_failure_info", "application"), ("update_workflow.update_ref.workflow_execution", "update.of"),
    ("update_ref.workflow_execution", "of"), ("indexed_fields", "fields"),
)

# Scenarios that say the same of each call, told in NOTES.md.
MONOTONOUS = {"s1_1_bad_input." + name for name in (
    "unknown_namespace", "empty_namespace", "unknown_workflow", "overlong_workflow_id", "task_tokens", "bad_run_id", "empty_workflow_id")} | {
    "s2_11_start.policies_that_contradict"}

# Calls that are left out when their answer is the usual one; the history tells of them.
SILENT = ("> Start", "> Poll", "> RespondWorkflowTaskCompleted", "> RespondActivityTaskCompleted")

# What a poll brings and the history tells as well.
ORDINARY = ("task_token", "workflow_execution", "workflow_type", "workflow_namespace", "previous_started_event_id",
            "started_event_id", "history", "scheduled_time", "started_time", "current_attempt_scheduled_time",
            "activity_type", "activity_id", "input", "schedule_to_", "start_to_", "heartbeat_timeout", "retry_policy")


def write(folder, transcripts):
    """Writes one file for each section, and `usual.txt`."""
    os.makedirs(folder, exist_ok=True)
    usual = _usual(transcripts)
    with open(os.path.join(folder, "usual.txt"), "w") as out:
        for kind in sorted(usual):
            out.write(f"{kind} {{{', '.join(f'{key}: {value}' for key, value in usual[kind].items())}}}\n")
    sections = collections.defaultdict(list)
    for name, (blocks, _) in transcripts.items():
        if name in MONOTONOUS:
            continue
        sections[name.split(".")[0]].append(f"## {name}\n" + "\n".join(compact(blocks, usual)) + "\n\n")
    for section, texts in sections.items():
        with open(os.path.join(folder, section + ".txt"), "w") as out:
            out.writelines(texts)


def compact(blocks, usual):
    """A transcript with one line for each answer or event."""
    out, refusal = [], None
    for block in blocks:
        out.append(_title(block[0]))
        told = len(out)
        for kind, head, fields in _items(block):
            if fields.get("failure.message", "").strip("'\"") == refusal:
                fields["failure.message"] = "as answered"
            refusal = next(iter(fields.values()), "") if next(iter(fields), "").startswith("!") else refusal
            shown = [f"{key}: {value}" if value else key for key, value in fields.items()
                     if usual.get(kind, {}).get(key) != _general(key, value, head)]
            shown += [f"no {key}" for key in usual.get(kind, {}) if key not in fields]
            if head and not shown and out[-1].startswith("  ") and out[-1].endswith(","):
                out[-1] += f" {head},"
            elif head:
                out.append(f"  {head}" + (f" {{{', '.join(shown)}}}" if shown else ","))
            elif shown:
                out.append("  " + ", ".join(shown))
        if len(out) == told and block[0].startswith(SILENT):
            out.pop()
    return [_shorten(line) for line in out]


def _shorten(line):
    for long, short in ABBREVIATIONS:
        line = line.replace(long, short)
    return WORKFLOW_TASK.sub(r"\1-\2 WorkflowTask", line).rstrip(",")


def _usual(transcripts):
    counts, totals = collections.defaultdict(collections.Counter), collections.Counter()
    order = collections.defaultdict(dict)
    for blocks, _ in transcripts.values():
        for block in blocks:
            for kind, head, fields in _items(block):
                totals[kind] += 1
                for key, value in fields.items():
                    counts[kind][key, _general(key, value, head)] += 1
                    order[kind].setdefault(key)
    usual = {}
    for kind, total in totals.items():
        common = {key: value for (key, value), count in counts[kind].items() if 2 * count > total and total > 3}
        if common:
            usual[kind] = {key: common[key] for key in order[kind] if key in common}
    return usual


def _items(block):
    """The parts of a block: (kind, head, fields); an event each for a history, one for an answer."""
    if block[0].startswith("="):
        items = []
        for line in block[1:]:
            if line.startswith("    ") and items:
                _add(items[-1][2], line)
            elif line.strip()[:1].isdigit():
                items.append((line.split()[1], line.strip(), {}))
            else:
                items.append(("", line.strip(), {}))
        return items
    fields = {}
    for line in block[1:]:
        _add(fields, line)
    if block[0].startswith("> Poll"):
        fields = {key: value for key, value in fields.items() if not key.startswith(ORDINARY)}
    if not fields:
        return []
    refused = next(iter(fields)).startswith("!")
    return [("" if refused else block[0][2:].split("(")[0], "", fields)]


def _add(fields, line):
    key, _, value = line.strip().partition(": ")
    while key in fields:
        key += "'"
    if key != "workflow_task_completed_event_id":
        fields[key] = value


def _general(key, value, head):
    """A value as it is compared with the usual one: ids lose their numbers, event ids become relative."""
    last = key.split(".")[-1]
    if last == "link":
        value = NAME_IN_LINK.sub("workflow_id", value)
    if not head or last in BARE_ID:
        return ID.sub("<id>", value)
    if last.endswith("event_id") and value.isdigit():
        return str(int(value) - int(head.split()[0]))
    return value


def _title(text):
    """A block's title without what most calls have in common."""
    for usual in ("workflow_id=wf~, ", "workflow_type=type, ", "task_queue=q~", "workflow_execution=wf~, ",
                  "execution=('wf~', '')", "_command_attributes", "workflow_execution=('wf~', ''), ",
                  ", query={'query_type': 'q', 'query_args': 'arg'}"):
        text = text.replace(usual, "")
    return text if len(text) < 110 else text[:110] + "...)"
