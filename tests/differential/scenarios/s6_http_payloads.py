"""Payloads in shorthand, both ways, and what of them can't be read (section 6)."""

import base64
import json

from harness import scenario


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def payload(data, encoding="json/plain", **metadata):
    names = {name: encoded(value) for name, value in metadata.items()}
    return {"metadata": {"encoding": encoded(encoding), **names}, "data": encoded(data)}


def there_and_back(t, *inputs):
    """Signals with each input, and reads each event in shorthand and spelt out."""
    t.http("POST", "workflows/wf~", {"workflowType": {"name": "type"}, "taskQueue": {"name": "q~"}, "requestId": "r~"})
    for value in inputs:
        text = value if isinstance(value, str) else json.dumps(value)
        t.http("POST", "workflows/wf~/signal/s", f'{{"input":{text}}}')
        t.http("GET", "workflows/wf~/history-reverse?maximumPageSize=1")
        t.http("GET", "workflows/wf~/history-reverse?maximumPageSize=1&noPayloadShorthand")


@scenario
def values(t):
    there_and_back(t, [1], ["text"], [True, False], [None], [{"b": {"z": 1, "a": "<&>"}}], [[1, [2]]], [""], [{}])


@scenario
def numbers(t):
    there_and_back(t, "[1.0]", "[0.1,1e21,1e20,123456789.125,-0,1e-7,1e-6,-1.50]", "[{\"a\":[1e2,1E+2,-0.0,9007199254740991]}]")


@scenario
def texts(t):
    there_and_back(t, r'["\u2028<&>\u0000\ud83d\ude00\b\f\n\t\"\\\/\u007f\u00e9"]', '[{"a":1,"a":2}]')


@scenario
def lists(t):
    there_and_back(t, "null", [], "{}", '{"payloads":null}', '{"payloads":[{"x":1},null]}', "5", '{"x":1}')


@scenario
def spelt_out(t):
    there_and_back(t, [payload("{}")], [payload('{"b": 1, "a": 2}')], [payload("data", "binary/plain")],
                   [payload("[1]"), payload("data", "binary/plain"), payload('"x"')],
                   [payload('{"b":1}', "json/plain", type="Keyword")], [{"metadata": {"encoding": encoded("binary/null")}}],
                   [{"metadata": {"encoding": encoded("binary/null"), "x": "YQ=="}, "data": ""}])


@scenario
def almost_spelt_out(t):
    there_and_back(t, [{"metadata": {"a": 5}}], [{"metadata": {}, "data": "e30="}], [{"metadata": {"encoding": "YQ=="}}],
                   [{"metadata": {"encoding": "YQ=="}, "data": "e30=", "more": 1}], [{"metadata": {"encoding": "!!"}, "data": "e30="}],
                   [{"data": "e30="}], [{"metadata": {"a": "YQ=="}, "data": "e30="}], [{"metadata": None}],
                   [{"metadata": {"encoding": "anNvbi9wbGFpbg"}, "data": "e30"}])


@scenario
def messages(t):
    there_and_back(t, [{"_protoMessageType": "a.B", "x": 1}], [{"_protoMessageType": 5}], [{"_protoMessageType": None}],
                   [{"_protoMessageType": 1.5}], [{"_protoMessageType": {}}], [{"_protoMessageType": ""}],
                   [payload('{"z":1,"a":2}', "json/protobuf", messageType="a.B")], [payload("{}", "json/protobuf")])


@scenario
def unreadable_data(t):
    there_and_back(t, [payload("{bad")], [payload("")], [payload("1 2")], [payload("[1e400]")],
                   [payload("[1]", "json/protobuf", messageType="a.B")])


@scenario
def without_shorthand(t):
    there_and_back(t, [1])
    for body in ('{"input":[1]}', '{"input":{"payloads":[{"x":1}]}}', '{"input":{"payloads":[{"data":"!!"}]}}',
                 '{"input":{"payloads":[{"data":"e30="}]}}'):
        t.http("POST", "workflows/wf~/signal/s", body, Content_Type="application/json+no-payload-shorthand")
    t.http("GET", "workflows/wf~/history-reverse?maximumPageSize=1", Accept="application/json+no-payload-shorthand")
    t.http("GET", "workflows/wf~/history-reverse?maximumPageSize=1", Accept="application/json+pretty+no-payload-shorthand")


@scenario
def failures(t):
    t.http("POST", "workflows/wf~", {"workflowType": {"name": "type"}, "taskQueue": {"name": "q~"}, "requestId": "r~",
           "continuedFailure": {"message": "m", "applicationFailureInfo": {"type": "x", "details": [1, {"a": 2}]},
                                "encodedAttributes": {"message": "hidden"}, "cause": {"message": "inner", "canceledFailureInfo": {}}},
           "lastCompletionResult": ["last"]})
    t.http("GET", "workflows/wf~/history?maximumPageSize=1&pretty")
