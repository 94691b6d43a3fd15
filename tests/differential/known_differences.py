"""Differences that are intended: whole scenarios, and single lines that are alike for clients."""

import fnmatch
import re

# Scenario -> reason.
KNOWN = {
    "s2_10_reset.same_request_again": "a repeated reset request is answered with the run that it made; the reference makes another one",
    "s2_18_routing_by_sets.a_first_task_that_waits": "a first task that waits while the first version set is made moves to its workers; the reference often forgets it",
    "s2_19_schedules.grouped_by_state": "a grouping by any boolean is accepted, and a count tells its groups",
    "s2_20_batch_types.queries_that_mean_nothing": "a batch operation whose query means nothing is refused at once; the reference's fails afterwards, and tells nobody why",
    "s2_20_batches.details_and_headers_are_passed_on": "the details of a termination and the header of a signal reach the workflow; the reference drops them",
    "s2_21_lists.groups_of_keywords": "a count may be grouped by any keyword, integer or boolean",
    "s2_21_lists.ordered": "a list may be ordered by any attribute but texts",
    "s2b_limits_sizes.heartbeats_with_the_next_task": "a heartbeating task that is timed out: the next one goes to whoever polls, the reference starts it for a worker that it refuses",
    "s2_5_activity_operators.reset_while_running": "a worker that has an attempt which is reset may still report on it; the reference forgets the attempt's number and lets it time out",
    "s2_9_updates_aborted.bad_messages": "a message without a body makes the reference lose its speculative task, which then times out unstarted; ours stays with the worker until its own timeout",
}

# Scenarios, what a line has, what stands for it on both sides (None drops the line), reason.
LINES = (
    ("s2_18_versioning_rules.*", r"provided conflict token '\[.*\]' does not match existing one '\[.*\]'$", "<stale token>",
     "tokens tell when rules were changed, and their bytes are in the text"),
    ("s2_18_routing_by_rules.resets", r"build_id_redirect_counter: 1$", None,
     "a first task that is assigned anew is not redirected; the reference counts it if a worker polls before the task is written down, which on a busy machine it does"),
    ("s2_18_*", r"routing_config_update_state: (IN_PROGRESS|COMPLETED)$", "routing_config_update_state: <either>",
     "the reference tells its queues of a routing one after the other; here it holds at once"),
    ("s2_20_batches.over_http", r"type: (\*|application/json)$", "type: <json>", "as below"),
    ("s2_20_batch_activities.standalone_ones_over_http", r"type: (\*|application/json)$", "type: <json>", "as below"),
    ("s6_http_*", r"type: (\*|application/json)$", "type: <json>",
     "the reference calls its JSON `*`; ours names the type, as clients expect"),
    ("s1_3_task_queues.*", r"requests_per_second: (4000|100000)\.0$", "requests_per_second: <system>",
     "tasks of a queue are dispatched as fast as workers take them; four partitions of 1000 a second are not imitated"),
    ("s1_3_task_queues.*", r"rate_per_second: (4000|100000)\.0$", "rate_per_second: <system>", "as above"),
    ("s2_22_*", r"requests_per_second: (4000|100000)\.0$", "requests_per_second: <system>", "as above"),
    ("s2_22_rates.one_by_one", r"\.(rate_limiting_active|tasks_dispatch_rate): .*$", None,
     "the reference says for good that a queue was limited, ours for half a minute; its rates lag behind"),
    ("s1_3_task_queues.partitions", r"_task_queue_partitions\[[1-9]\]\.", None, "a queue has one partition, so that tasks come in order"),
    ("s1_3_namespaces.cluster_info", r"history_shard_count: (1|16384)$", "history_shard_count: <shards>", "shards are cheap here"),
    ("s2_5_activities.cancel_requested_during_backoff", r"current_retry_interval: (60s|<jittered>)$",
     "current_retry_interval: <60s>", "the policy's interval itself; the reference tells what lies between two readings of its clock"),
    ("s2_17_workers.turned_off", r"! NOT_FOUND: (Namespace <id \d+> is not found\.|Worker w1~ not found)$", "! NOT_FOUND: <none>",
     "a worker that is not there is told to be so, even in a namespace that never had one"),
    ("s2_17_workers.turned_off", r"detail: temporal.api.errordetails.v1.(NamespaceNotFoundFailure|NotFoundFailure)$", "detail: <none>", "as above"),
    ("s2_17_workers.turned_off", r"detail.namespace: '<id \d+>'$", None, "as above"),
    ("s2_17_workers.bad_queries", r"! (UNKNOWN: something went wrong, please retry \(<hash>\)|INVALID_ARGUMENT: malformed query: .* near 'select')$",
     "! <a whole statement>", "a whole statement is refused as any other text that is no condition"),
    ("s2_14_workflow_pause.activities_wait", r"current_retry_interval: (3s|<jittered>)$", "current_retry_interval: <3s>", "as above"),
    ("s2_20_batch_activities.[ko]*", r"pending_activities\[0\]\.current_retry_interval: <jittered>$", None,
     "an activity that no one has tried and that waits for its jitter: the reference tells the years since 1970"),
    ("s2_20_batch_activities.attempts_are_reset", r"current_retry_interval: (60s|<jittered>)$", "current_retry_interval: <60s>", "as above"),
    ("s2_5_activity_operators.*", r"current_retry_interval: (60s|<jittered>)$", "current_retry_interval: <60s>", "as above"),
    ("s2_5_activity_operators.*", r"^  (schedule_to_close|start_to_close|heartbeat)_timeout: .*$", "  <timeout>",
     "a worker is told the timeouts that an operator has set; the reference tells those of the scheduled event and keeps to the new ones"),
    ("s2_5_activity_operators.fatal_failure_of_the_paused", r"TemporalPauseInfo", None,
     "the attribute goes with the paused activity; the reference leaves it when the activity fails or is canceled"),
    ("s2_5_activity_operators.paused_activity_canceled", r"TemporalPauseInfo", None, "as above"),
    ("s1_3_task_queues.activity_commands", r"^  (schedule_to_close|start_to_close|heartbeat)_timeout: .*$", "  <timeout>", "as above"),
    ("s2_5_activity_operators.every_option", r"pending_activities\[0\]\.expiration_time: <time>$", None,
     "the end of a schedule-to-close timeout that an operator has set; the reference tells and keeps the old one"),
    ("s2_20_batch_activities.wrong_options", r"pending_activities\[0\]\.expiration_time: <time>$", None, "as above"),
    ("s2_21_visibility.custom_attributes", r"# OwnDatetime = '<time>': \[.*\]$", "# OwnDatetime = '<time>': <either>",
     "equality of instants works; in the reference's SQLite store it never holds"),
    ("s2_21_visibility.pages", r"! (UNKNOWN: something went wrong, please retry \(<hash>\)|INVALID_ARGUMENT: Invalid NextPageToken\.)$",
     "! <bad page token>", "a bad page token is told to be bad"),
    ("s6_nexus_http.bad_paths", r"type: (\*|application/json)$", "type: <json>", "as above"),
    ("s2_16_standalone_nexus.*", r"search_attributes(: \{\}|\.indexed_fields\[TemporalNamespaceDivision\]: .*)$", None,
     "a number of the reference's own that keeps its rows apart"),
    ("s2_16_standalone_nexus.lists", r"! (UNKNOWN: something went wrong, please retry \(<hash>\)|INVALID_ARGUMENT: Invalid NextPageToken\.)$",
     "! <bad page token>", "as above"),
    ("s2_random_lives.*", r"request_id_infos\[<id \d+>\]\.event_id: [12]$", "request_id_infos: <the started event>",
     "the started event; for a run that a signal-with-start began, the reference tells its signal's event"),
    ("s2_15_standalone_activities.*", r"indexed_fields\[TemporalNamespaceDivision\]", None,
     "how the reference keeps activities apart from workflows is not told"),
    ("s2_15_standalone_activities.bad_operations", r"! (UNKNOWN: something went wrong, please retry \(<hash>\)|INVALID_ARGUMENT: Invalid NextPageToken\.)$",
     "! <bad page token>", "as below"),
    ("s2_19_schedules.listed_and_counted", r"! (UNKNOWN: something went wrong, please retry \(<hash>\)|INVALID_ARGUMENT: Invalid NextPageToken\.)$",
     "! <bad page token>", "as above"),
    ("s2_23_updates.remote_clusters", r"! (INTERNAL|FAILED_PRECONDITION): Unable to delete cluster info", "! <own cluster>",
     "the own cluster can't be removed, which is no internal error"),
    ("s2_23_updates.remote_clusters", r"! UNAVAILABLE: Unable connect to remote cluster (\S+) with error: .*$",
     "! UNAVAILABLE: <no connection>", "this cluster connects to no other one, and says so"),
    ("s2_19_schedules.deleted_and_made_again", r"! NOT_FOUND: (schedule not found|workflow execution already completed|workflow not found for ID: .*)$",
     "! NOT_FOUND: <gone>", "a deleted schedule is gone; the reference's is a closed workflow until its retention is over"),
)


def settled(name, blocks):
    """A transcript with the lines replaced that may differ."""
    rules = [(re.compile(regex), text) for pattern, regex, text, _ in LINES if fnmatch.fnmatch(name, pattern)]
    return [[line for line in (_settle(line, rules) for line in block) if line is not None] for block in blocks]


def _settle(line, rules):
    for regex, text in rules:
        if regex.search(line):
            return None if text is None else regex.sub(text, line)
    return line
