"""What HTTP requests are refused, with which status and in which words (section 6)."""

from harness import scenario

SIGNAL = "workflows/wf~/signal/s"


def bodies(t, *texts):
    for text in texts:
        t.http("POST", SIGNAL, text)


@scenario
def codes(t):
    start = {"workflowType": {"name": "type"}, "taskQueue": {"name": "q~"}}
    t.http("POST", "workflows/wf~", {**start, "requestId": "r~"})
    t.http("POST", "workflows/wf~", {**start, "requestId": "other~"})
    t.http("POST", "workflows/", start)
    t.http("POST", "workflows/wf2~", {"workflowType": {"name": "type"}})
    t.http("GET", "workflows/nope~")
    t.http("GET", "/api/v1/namespaces/nope~/workflows/wf~")
    t.http("GET", "workflows/wf~?pretty&execution.runId=x")
    t.http("GET", "workflows/nope~?pretty&noPayloadShorthand")


@scenario
def malformed_json(t):
    bodies(t, "{bad", '{"a"}', '{"a":}', '{"a":1 "b"}', '{"a":1,}', "{,", '"x', r'"\q"', r'"\u12g4"', "-", "1.", "1e", "tru", "x", "}",
           "{1:2}", '"a\nb"', "1.a", "-a", "1ea", '{"input":[1]', '{"input":[1 2]}', '{"input":[nul]}', "{'a':1}", '{"a":\u00e9}',
           "\n{\n  \"identity\": tru}", "[1,\t]")


@scenario
def values_of_other_types(t):
    bodies(t, "[]", '"x"', "true", "null", "3", "01", "[1]x", '{"nope":1}', '{"@type":"x"}', '{"identity":1.50}', '{"identity":{"a":1}}',
           '{"identity":true}', '{"workflowExecution":[]}', '{"links":{}}', '{"links":[null]}', '{"header":{"fields":[]}}',
           '{"workflowExecution":{"workflowId":1}}', '{"skipGenerateWorkflowTask":1}',
           '{"links":[{"workflowEvent":{"eventRef":{"eventId":"x"}}}]}', '{"links":[{"workflowEvent":{"eventRef":{"eventId":1.5}}}]}')


@scenario
def doubled_fields(t):
    bodies(t, '{"identity":"a","identity":"b"}', '{"header":{"fields":{"h":1,"h":2}}}', '{"requestId":"a","request_id":"b"}',
           '{"links":[{"workflowEvent":{"eventRef":{"eventId":"5"},"requestIdRef":{}}}]}')


@scenario
def escapes(t):
    bodies(t, r'{"identity":"\ud800"}', r'{"identity":"\ud800\ud800"}', r'{"identity":"\ud800aaaaaaaa"}', '{"identity":\n  "\u00e9", "no":1}')


@scenario
def numbers(t):
    for text in ('{"priority":{"priorityKey":"1"}}', '{"priority":{"priorityKey":1.5}}', '{"priority":{"priorityKey":1.0}}',
                 '{"priority":{"priorityKey":99999999999}}', '{"priority":{"priorityKey":"x"}}', '{"priority":{"priorityKey":" 1"}}',
                 '{"retryPolicy":{"backoffCoefficient":"abc"}}', '{"retryPolicy":{"backoffCoefficient":"2.5"}}',
                 '{"retryPolicy":{"backoffCoefficient":"NaN"}}', '{"requestEagerExecution":"true"}', '{"requestEagerExecution":1}'):
        t.http("POST", "workflows/wf~", text)


@scenario
def durations(t):
    for text in ("x", "5", "1", "1.5s", "-1s", "1.0000000001s", "s", ".5s", "1.s", "+1s", "1e3s", "315576000001s"):
        t.http("POST", "workflows/wf~", f'{{"workflowRunTimeout":"{text}"}}')
    t.http("POST", "workflows/wf~", '{"workflowTaskTimeout":5}')
    t.http("POST", "workflows/wf~", '{"workflowTaskTimeout":{"seconds":5}}')


@scenario
def paths(t):
    for path in ("/", "/api/v1", "/api/v1/nonsense", "/api/v1/namespaces/default/", "/namespaces/default", "/livezz", "/api/v2/system-info",
                 "/api/v1/namespaces/a%2Fb/workflows", "/api/v1/namespaces/default/workflows:foo", "/api/v1/swagger.json"):
        t.http("GET", path)
    t.http("GET", "workflows/wf%20x~")
    t.http("GET", "workflows/wf:x~")


@scenario
def verbs(t):
    for verb in ("PUT", "DELETE", "PATCH", "OPTIONS", "POST"):
        t.http(verb, "workflows")
    t.http("POST", "/api/v1/system-info", "{}")
    t.http("PUT", "/nonsense")


@scenario
def forms(t):
    form = "application/x-www-form-urlencoded"
    t.http("POST", "workflow-count", "query=WorkflowId%3D%22nobody~%22", Content_Type=form)
    t.http("POST", "workflows/nope~", "", Content_Type=form, X_HTTP_Method_Override="GET")


@scenario
def too_large(t):
    t.http("POST", SIGNAL, '{"identity":"' + "a" * 4_300_000 + '"}')
    t.http("POST", SIGNAL, '{"input":["' + "a" * 3_000_000 + '"]}')


@scenario
def headers(t):
    t.http("GET", "workflows/nope~", Client_Name="temporal-go", Client_Version="0.1")
    t.http("GET", "workflows/nope~", Grpc_Metadata_Client_Name="temporal-go", Grpc_Metadata_Client_Version="9.0.0")
    t.http("GET", "workflows/nope~", Grpc_Timeout="bad")
    t.http("GET", "workflows/nope~", Authorization="Bearer x", Grpc_Metadata_Anything="y")
    t.http("GET", "workflows/nope~", Accept="application/json+pretty")
    t.http("GET", "workflows/nope~", Accept="text/html, application/json+pretty;q=0.9")
    t.http("POST", "workflows/nope~/cancel", "{}", Content_Type="text/plain")


@scenario
def more_than_one_value(t):
    bodies(t, "{} {}", "{}]", "  ", "\n")
