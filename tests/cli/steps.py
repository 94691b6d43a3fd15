"""The commands to compare, in order. Both servers see the same list, so later steps build on earlier ones.

In a command `{tag}` is a random word, the same for both servers and new in each run, `{queue}` is the task queue that the
test's worker serves, and `{folder}` is a folder of its own for each server.
"""

import shlex
from dataclasses import dataclass

BOTH = ("text", "json")
ALL = ("text", "json", "jsonl")


@dataclass(frozen=True)
class Step:
    name: str
    command: str
    formats: tuple = ("text",)
    until: tuple | None = None
    """(word, n): repeat until the answer has the word n times, for what is promised only eventually."""

    def argv(self, tag: str, queue: str, folder: str) -> list[str]:
        command = self.command.replace("{tag}", tag).replace("{queue}", queue).replace("{folder}", folder)
        return shlex.split(command)


STEPS: list[Step] = []


def step(name: str, command: str, formats: tuple = ("text",), until: tuple | None = None) -> None:
    STEPS.append(Step(name, command, formats, until))


def read(name: str, command: str, until: tuple | None = None) -> None:
    """A command that changes nothing: compared in every form of output."""
    step(name, command, ALL, until)


# Starting
step("start", "workflow start --type Box -t {queue} -w box-{tag} --memo colour=\"red\" --static-summary short")
read("start uses the running one", "workflow start --type Box -t {queue} -w box-{tag}")
step("start refuses the running one", "workflow start --type Box -t {queue} -w box-{tag} --fail-existing", BOTH)
step("start conflict policy fail", "workflow start --type Box -t {queue} -w box-{tag} --id-conflict-policy Fail")
step("start without type", "workflow start -t {queue} -w x-{tag}")
step("start with a bad policy", "workflow start --type Box -t {queue} --id-reuse-policy Sometimes")
step("start unknown search attribute", "workflow start --type Box -t {queue} -w x-{tag} --search-attribute Nope=1")
step("start in unknown namespace", "workflow start --type Box -t {queue} -w x-{tag} -n nowhere-{tag}")
step("start waits for nobody", "workflow start --type Echo -t nobody-{tag} -w waiting-{tag} -i 1")
step("start by cron", "workflow start --type Echo -t nobody-{tag} -w cron-{tag} --run-timeout 60s --memo a=1")

# Executing
step("execute", "workflow execute --type Echo -t {queue} -w echo-{tag} -i '{\"a\":[1,null]}'")
step("execute json", "workflow execute --type Echo -t {queue} -w echo-json-{tag} -i 1 -i two", ("json",))
step("execute json with history", "workflow execute --type Double -t {queue} -w detail-{tag} -i 4 --detailed", ("json",))
step("execute activity", "workflow execute --type Double -t {queue} -w double-{tag} -i 21")
step("execute failing", "workflow execute --type Fail -t {queue} -w fail-{tag}")
step("execute failing json", "workflow execute --type Fail -t {queue} -w fail-json-{tag}", ("json",))
step("execute failing activity", "workflow execute --type Refused -t {queue} -w refused-{tag}")
step("execute parent", "workflow execute --type Parent -t {queue} -w parent-{tag}")
step("execute timing out", "workflow execute --type Box -t {queue} -w slow-{tag} --run-timeout 1s")
step("reuse refused", "workflow start --type Echo -t {queue} -w echo-{tag} --id-reuse-policy RejectDuplicate")

# Results
for which in ("echo", "double", "fail", "refused", "slow"):
    read(f"result of {which}", f"workflow result -w {which}-{{tag}}")
read("result of unknown", "workflow result -w nobody-{tag}")

# Signals and queries
step("signal", "workflow signal -w box-{tag} --name add -i '\"one\"'")
step("signal json", "workflow signal -w box-{tag} --name add -i 2", ("json",))
step("signal unknown workflow", "workflow signal -w nobody-{tag} --name add", BOTH)
step("signal closed workflow", "workflow signal -w echo-{tag} --name add", BOTH)
read("query", "workflow query -w box-{tag} --type all")
read("query closed", "workflow query -w slow-{tag} --type all")
read("query unknown type", "workflow query -w box-{tag} --type nothing")
read("query that fails", "workflow query -w box-{tag} --type broken")
read("query unknown workflow", "workflow query -w nobody-{tag} --type all")
read("query rejected", "workflow query -w slow-{tag} --type all --reject-condition not_open")
step("signal with start", "workflow signal-with-start --type Box -t {queue} -w sws-{tag} --signal-name add --signal-input 1")

# Updates
step("update", "workflow update execute -w box-{tag} --name put --update-id u-{tag} -i 3", BOTH)
step("update rejected", "workflow update execute -w box-{tag} --name put --update-id v-{tag} -i '\"\"'")
step("update unknown name", "workflow update execute -w box-{tag} --name nothing --update-id w-{tag} -i 1")
step("update start", "workflow update start -w box-{tag} --name put --update-id s-{tag} -i 4 --wait-for-stage accepted")
read("update result", "workflow update result -w box-{tag} --update-id s-{tag}")
read("update describe", "workflow update describe -w box-{tag} --update-id u-{tag}")
step("update unknown workflow", "workflow update execute -w nobody-{tag} --name put -i 1")
read("query after updates", "workflow query -w box-{tag} --type all")

# Looking
for which in ("box", "echo", "double", "fail", "refused", "parent", "slow", "waiting"):
    read(f"describe {which}", f"workflow describe -w {which}-{{tag}}")
read("describe raw", "workflow describe -w echo-{tag} --raw")
read("describe unknown", "workflow describe -w nobody-{tag}")
for which in ("box", "echo", "double", "fail", "refused", "parent", "slow"):
    read(f"show {which}", f"workflow show -w {which}-{{tag}}")
step("show detailed", "workflow show -w double-{tag} --detailed")
read("show unknown", "workflow show -w nobody-{tag}")
read("list by id", "workflow list --query \"WorkflowId = 'echo-{tag}'\"", ("echo-", 1))
read("list completed", "workflow list --query \"ExecutionStatus = 'Completed'\"", ("detail-", 1))
read("list failed", "workflow list --query \"ExecutionStatus = 'Failed'\"", ("refused-", 1))
read("list running", "workflow list --query \"ExecutionStatus = 'Running'\"", ("sws-", 1))
read("list one", "workflow list --query \"WorkflowType = 'Echo'\" --limit 1")
read("list nothing", "workflow list --query \"WorkflowId = 'nobody-{tag}'\"")
read("list bad query", "workflow list --query \"WorkflowId = = 'x'\"")
read("list unknown attribute", "workflow list --query \"Nope = 'x'\"")
read("count", "workflow count --query \"WorkflowType = 'Box'\"")
read("count groups", "workflow count --query \"GROUP BY ExecutionStatus\"")
read("count bad query", "workflow count --query \"GROUP BY\"")

# Updates with a start
step("start update with start", "workflow start-update-with-start --type Box -t {queue} -w uws-{tag} --update-name put --update-id a-{tag} "
     "--update-input 1 --update-wait-for-stage accepted --id-conflict-policy UseExisting")
step("execute update with start", "workflow execute-update-with-start --type Box -t {queue} -w uws-{tag} --update-name put --update-id b-{tag} "
     "--update-input 2 --id-conflict-policy UseExisting", BOTH)
step("execute update with start rejected", "workflow execute-update-with-start --type Box -t {queue} -w uws-{tag} --update-name put --update-id c-{tag} "
     "--update-input '\"\"' --id-conflict-policy UseExisting")
step("execute update with start unknown name", "workflow execute-update-with-start --type Box -t {queue} -w uws-{tag} --update-name nothing "
     "--update-id d-{tag} --update-input 2 --id-conflict-policy UseExisting")
step("execute update with start refused", "workflow execute-update-with-start --type Box -t {queue} -w uws-{tag} --update-name put --update-id e-{tag} "
     "--update-input 2 --id-conflict-policy Fail")
read("metadata", "workflow metadata -w uws-{tag}")
read("metadata unknown", "workflow metadata -w nobody-{tag}")
read("stack", "workflow stack -w uws-{tag}")
step("trace", "workflow trace -w parent-{tag} --no-fold")
step("trace unknown", "workflow trace -w nobody-{tag}")

# Options, pauses, resets with options
step("options auto upgrade", "workflow update-options -w uws-{tag} --versioning-override-behavior auto_upgrade", BOTH)
step("show with options", "workflow show -w uws-{tag}")
read("describe with options", "workflow describe -w uws-{tag}")
step("options pinned without a version", "workflow update-options -w uws-{tag} --versioning-override-behavior pinned")
step("options pinned to an unknown version", "workflow update-options -w uws-{tag} --versioning-override-behavior pinned "
     "--versioning-override-deployment-name nothing-{tag} --versioning-override-build-id 1")
step("options unset", "workflow update-options -w uws-{tag} --versioning-override-behavior unspecified")
step("options unknown workflow", "workflow update-options -w nobody-{tag} --versioning-override-behavior auto_upgrade", BOTH)
step("options closed workflow", "workflow update-options -w echo-{tag} --versioning-override-behavior auto_upgrade")
step("pause", "workflow pause -w uws-{tag} --reason lunch", BOTH)
step("pause unknown", "workflow pause -w nobody-{tag} --reason lunch", BOTH)
step("unpause", "workflow unpause -w uws-{tag} --reason back", BOTH)
step("unpause unknown", "workflow unpause -w nobody-{tag} --reason back", BOTH)
step("reset with options", "workflow reset with-workflow-update-options -w double-{tag} --type FirstWorkflowTask --reason again "
     "--versioning-override-behavior auto_upgrade")
read("result after reset with options", "workflow result -w double-{tag}")
step("reset with options unknown", "workflow reset with-workflow-update-options -w nobody-{tag} --type FirstWorkflowTask --reason again "
     "--versioning-override-behavior auto_upgrade")
step("reset unknown", "workflow reset -w nobody-{tag} --type LastWorkflowTask --reason again", BOTH)
step("reset to no event", "workflow reset -w echo-{tag} --event-id 2 --reason again", BOTH)
step("reset to an unknown build", "workflow reset -w echo-{tag} --type BuildId --build-id nothing-{tag} --reason again")

# Ending
step("cancel", "workflow cancel -w sws-{tag}")
read("result of cancelled", "workflow result -w sws-{tag}")
step("cancel unknown", "workflow cancel -w nobody-{tag}", BOTH)
step("cancel closed", "workflow cancel -w echo-{tag}")
step("terminate", "workflow terminate -w waiting-{tag} --reason enough")
read("result of terminated", "workflow result -w waiting-{tag}")
read("describe terminated", "workflow describe -w waiting-{tag}")
step("terminate unknown", "workflow terminate -w nobody-{tag}", BOTH)
step("terminate closed", "workflow terminate -w echo-{tag}", BOTH)
step("reset", "workflow reset -w echo-{tag} --type FirstWorkflowTask --reason again")
read("result after reset", "workflow result -w echo-{tag}")
step("stop", "workflow signal -w box-{tag} --name stop")
read("result of box", "workflow result -w box-{tag}")
read("stack of closed", "workflow stack -w nobody-{tag}")
step("delete", "workflow delete -w fail-json-{tag}")
read("describe deleted", "workflow describe -w fail-json-{tag}")
step("delete unknown", "workflow delete -w nobody-{tag}", BOTH)

# Activities by id
step("activity complete unknown", "activity complete --activity-id a -w nobody-{tag} --result 1")
step("activity fail unknown", "activity fail --activity-id a -w nobody-{tag}")

# Task queues
read("task queue", "task-queue describe -t {queue}")
read("task queue nobody serves", "task-queue describe -t empty-{tag}")
read("task queue legacy", "task-queue describe -t {queue} --legacy-mode")
read("task queue partitions", "task-queue list-partition -t {queue}")

read("task queue config", "task-queue config get -t {queue} --task-queue-type workflow")
step("task queue config set", "task-queue config set -t {queue} --task-queue-type activity --queue-rps-limit 500 --queue-rps-limit-reason busy "
     "--fairness-key-rps-limit-default 50 --fairness-key-weight first=2.0", BOTH)
read("task queue config after", "task-queue config get -t {queue} --task-queue-type activity")
step("task queue config unset", "task-queue config set -t {queue} --task-queue-type activity --queue-rps-limit default "
     "--fairness-key-weight-clear-all")
step("task queue config of workflows", "task-queue config set -t {queue} --task-queue-type workflow --queue-rps-limit 5", BOTH)
read("build ids", "task-queue get-build-ids -t {queue}")
read("build id reachability", "task-queue get-build-id-reachability -t {queue} --build-id one")
step("build id default", "task-queue update-build-ids add-new-default -t {queue} --build-id one", BOTH)
step("build id compatible", "task-queue update-build-ids add-new-compatible -t {queue} --build-id two --existing-compatible-build-id one")
step("build id promote set", "task-queue update-build-ids promote-set -t {queue} --build-id one")
step("build id promote", "task-queue update-build-ids promote-id-in-set -t {queue} --build-id one")
read("versioning rules", "task-queue versioning get-rules -t {queue}")
for rule in ("insert-assignment-rule --build-id one -y", "replace-assignment-rule --build-id one --rule-index 0 -y", "delete-assignment-rule --rule-index 0 -y",
             "add-redirect-rule --source-build-id one --target-build-id two -y", "replace-redirect-rule --source-build-id one --target-build-id two -y",
             "delete-redirect-rule --source-build-id one -y", "commit-build-id --build-id one -y"):
    step(f"versioning {rule.split()[0]}", f"task-queue versioning {rule} -t {{queue}}", BOTH)
# Workers
read("workers of nobody", "worker list -q \"TaskQueue = 'nobody-{tag}'\"")
step("workers by a bad query", "worker list -q \"TaskQueue =\"", BOTH)
read("count of workers of nobody", "worker count -q \"TaskQueue = 'nobody-{tag}'\"")
step("worker unknown", "worker describe --worker-instance-key none-{tag}", BOTH)

# Operator
read("namespace describe", "operator namespace describe -n default")
read("namespace list", "operator namespace list")
read("namespace describe unknown", "operator namespace describe -n nowhere-{tag}")
step("namespace create", "operator namespace create -n made-{tag} --retention 48h --description made --email a@b.c")
step("namespace create again", "operator namespace create -n made-{tag} --retention 48h", BOTH)
step("namespace create bad retention", "operator namespace create -n short-{tag} --retention 1m")
read("namespace describe made", "operator namespace describe -n made-{tag}", ("made-", 1))
step("namespace update", "operator namespace update -n made-{tag} --description changed --retention 72h")
read("namespace describe changed", "operator namespace describe -n made-{tag}", ("changed", 1))
read("cluster health", "operator cluster health")
read("cluster describe", "operator cluster describe")
read("cluster describe detail", "operator cluster describe --detail")
read("cluster system", "operator cluster system")
read("cluster list", "operator cluster list")
step("search attribute create", "operator search-attribute create --name Colour{tag} --type Keyword")
step("search attribute create again", "operator search-attribute create --name Colour{tag} --type Keyword")
read("search attribute list", "operator search-attribute list", ("Colour", 1))
step("search attribute remove unknown", "operator search-attribute remove --name Nope --yes")
step("start with search attribute", "workflow start --type Echo -t {queue} -w sa-{tag} -i 1 --search-attribute 'Colour{tag}=\"red\"'")
read("list by search attribute", "workflow list --query \"Colour{tag} = 'red'\"", ("sa-", 1))
step("cluster upsert unreachable", "operator cluster upsert --frontend-address 127.0.0.1:1", BOTH)
step("cluster remove unknown", "operator cluster remove --name nothing-{tag}", BOTH)
step("namespace delete", "operator namespace delete -n made-{tag} --yes")
step("namespace delete unknown", "operator namespace delete -n nowhere-{tag} --yes", BOTH)
step("namespace update unknown", "operator namespace update -n nowhere-{tag} --description no")

# Schedules
step("schedule create", "schedule create -s s-{tag} --interval 24h --type Echo -t {queue} -w sched-{tag} -i 1 --paused --notes asleep")
step("schedule create again", "schedule create -s s-{tag} --interval 24h --type Echo -t {queue} -w sched-{tag}")
step("schedule create bad calendar", "schedule create -s bad-{tag} --calendar '{\"hour\":\"99\"}' --type Echo -t {queue}")
step("schedule create bad cron", "schedule create -s bad-{tag} --cron 'not cron' --type Echo -t {queue}", BOTH)
read("schedule list", "schedule list", ("s-", 1))
read("schedule list long", "schedule list --long", ("s-", 1))
read("schedule describe", "schedule describe -s s-{tag}")
step("schedule update", "schedule update -s s-{tag} --calendar '{\"year\":\"2090\",\"hour\":\"3\"}' --type Echo -t {queue} -w sched-{tag} --paused --notes changed")
read("schedule describe updated", "schedule describe -s s-{tag}")
step("schedule update unknown", "schedule update -s nothing-{tag} --interval 1h --type Echo -t {queue}")
read("schedule matching times", "schedule list-matching-times -s s-{tag} --start-time 2090-01-01T00:00:00Z --end-time 2090-01-04T00:00:00Z")
read("schedule matching times unknown", "schedule list-matching-times -s nothing-{tag} --start-time 2090-01-01T00:00:00Z --end-time 2090-01-02T00:00:00Z")
step("schedule trigger", "schedule trigger -s s-{tag}")
step("schedule trigger unknown", "schedule trigger -s nothing-{tag}", BOTH)
step("schedule backfill", "schedule backfill -s s-{tag} --start-time 2089-01-01T00:00:00Z --end-time 2089-01-02T00:00:00Z --overlap-policy Skip")
step("schedule backfill unknown", "schedule backfill -s nothing-{tag} --start-time 2089-01-01T00:00:00Z --end-time 2089-01-02T00:00:00Z")
step("schedule toggle", "schedule toggle -s s-{tag} --unpause --reason awake")
step("schedule toggle unknown", "schedule toggle -s nothing-{tag} --pause --reason why")
step("schedule delete", "schedule delete -s s-{tag}")
step("schedule delete unknown", "schedule delete -s nothing-{tag}", BOTH)
read("schedule describe unknown", "schedule describe -s nothing-{tag}")
