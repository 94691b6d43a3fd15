"""Each operator of the query language with each type of search attribute (section 2.21)."""

from harness import Refusal, scenario
from scenarios.s2_13_metadata import number


def json(text):
    return {"metadata": {"encoding": b"json/plain"}, "data": text.encode()}


ROWS = {
    "low~": {"OwnKeyword": "alpha", "OwnText": "quick brown fox", "OwnInt": number(-2, b"Int"),
             "OwnDouble": number(-0.5, b"Double"), "OwnBool": number("false", b"Bool"),
             "OwnDatetime": "2026-01-01T00:00:00Z", "OwnList": json('["a"]')},
    "high~": {"OwnKeyword": "beta", "OwnText": "lazy dog", "OwnInt": number(40, b"Int"),
              "OwnDouble": number(2.25, b"Double"), "OwnBool": number("true", b"Bool"),
              "OwnDatetime": "2026-06-01T12:00:00.5Z", "OwnList": json('["a", "b c"]')},
    "none~": {},
}
ALL = "WorkflowId IN ('low~', 'high~', 'none~')"

# Two literals of each type: one that a row has, one between the rows' values. Not so for instants: one that is equal
# is neither equal nor unequal in the reference's store.
LITERALS = {
    "OwnKeyword": ("'alpha'", "'b'"), "OwnInt": ("40", "0"), "OwnDouble": ("2.25", "1"), "OwnBool": ("true", "false"),
    "OwnDatetime": ("'2026-07-01T00:00:00Z'", "'2026-03-01T00:00:00Z'"), "OwnList": ("'a'", "'b c'"),
    "OwnText": ("'brown'", "'dog fox'"), "WorkflowType": ("'type'", "'s'"), "StartTime": ("0", "'2020-01-01T00:00:00Z'"),
    "CloseTime": ("0", "'2020-01-01T00:00:00Z'"), "ExecutionStatus": ("'Running'", "'Failed'"),
    "HistoryLength": ("3", "0"), "ExecutionDuration": ("'1h'", "60000000000"), "TemporalSchedulePaused": ("true", "false"),
}


def ask(t, *conditions):
    """Notes which rows each condition selects, or the refusal."""
    for name, values in ROWS.items():
        t.quiet("StartWorkflowExecution", workflow_id=name, workflow_type="type", task_queue="q~", request_id=f"r{name}",
                **({"search_attributes": values} if values else {}))
    t.until("CountWorkflowExecutions", lambda answer: answer.count == len(ROWS), query=ALL)
    for condition in conditions:
        answer = t._wait(t.begin("ListWorkflowExecutions", query=f"{ALL} AND ({condition})"))
        if isinstance(answer, Refusal):
            t.block(f"# {condition}", t._refusal_lines(answer))
        else:
            names = sorted(item.execution.workflow_id for item in answer.executions)
            t.note(f"{condition}: {names}")


def compared(name):
    one, other = LITERALS[name]
    operators = ("=", "!=", "<", "<=", ">", ">=")
    return [f"{name} {operator} {literal}" for operator in operators for literal in (one, other)]


def ranges(name):
    one, other = LITERALS[name]
    return [f"{name} IN ({one}, {other})", f"{name} NOT IN ({one})", f"{name} BETWEEN {other} AND {one}",
            f"{name} NOT BETWEEN {other} AND {one}", f"{name} IN ()", f"{name} BETWEEN {one}"]


def others(name):
    one, other = LITERALS[name]
    return [f"{name} STARTS_WITH {one}", f"{name} NOT STARTS_WITH {other}", f"{name} IS NULL", f"{name} IS NOT NULL",
            f"NOT {name} = {one} OR {name} IS NULL", f"{name} LIKE {one}", f"{name} = NULL", f"{name} IS TRUE"]


def register(kind, name, conditions):
    def run(t):
        ask(t, *conditions)

    run.__name__ = f"{kind}_{name}"
    scenario(run)


for attribute in LITERALS:
    register("compared", attribute, compared(attribute))
    register("ranges", attribute, ranges(attribute))
    register("others", attribute, others(attribute))


@scenario
def combined(t):
    ask(t, "OwnInt = 40 AND OwnBool = true", "OwnInt = 40 OR OwnKeyword = 'alpha'", "NOT (OwnInt = 40 OR OwnInt IS NULL)",
        "NOT NOT OwnInt = 40", "(((OwnInt = 40)))", "OwnInt = 40 AND OwnInt = -2", "OwnInt IN (40, -2, 7) AND OwnList = 'a'",
        "not OwnKeyword starts_with 'al' and OwnInt > 0", "OwnInt = 40 OR OwnInt = -2 AND OwnBool = true",
        "`OwnInt`=40", "OwnInt=-2", "OwnInt = 4e1", "OwnDouble = 225e-2", "OwnKeyword = \"alpha\"")


@scenario
def wrong_literals(t):
    ask(t, "OwnKeyword = 5", "OwnKeyword = true", "OwnInt = 'x'", "OwnInt = true", "OwnDouble = 'x'", "OwnBool = 1",
        "OwnBool = 'true'", "OwnDatetime = 'x'", "OwnDatetime = true", "OwnList = 5", "OwnText = 5", "OwnText = ''",
        "OwnKeyword = OwnText", "OwnInt = 99999999999999999999")


@scenario
def divisions(t):
    ask(t, "TemporalNamespaceDivision IS NULL", "TemporalNamespaceDivision = 'x'", "NamespaceDivision IS NULL",
        "TemporalNamespaceDivision IS NOT NULL")


@scenario
def predefined(t):
    ask(t, "BuildIds IS NULL", "TemporalChangeVersion = 'v'", "ChangeVersion IS NULL", "BinaryChecksums = 'x'",
        "BatcherUser IS NULL", "TemporalScheduledById IS NULL", "ScheduledStartTime IS NULL", "TemporalPauseInfo IS NULL",
        "TemporalReportedProblems IS NULL", "TemporalWorkerDeployment IS NULL", "TemporalExternalPayloadCount IS NULL",
        "ScheduleId = 'low~'", "TemporalWorkflowId = 'low~'", "RootWorkflowId = 'low~'", "ParentRunId IS NULL",
        "RootRunId IS NOT NULL", "ParentWorkflowId = 'x'", "TaskQueue = 'q~'", "TaskQueue STARTS_WITH 'q-'")
