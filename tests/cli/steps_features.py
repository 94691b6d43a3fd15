"""Steps of features that have commands of their own: batches, activities, Nexus, deployments, workers."""

from steps import BOTH, read, step

# Batches
for number in range(3):
    step(f"batch start {number}", f"workflow start --type Box -t nobody-{{tag}} -w many-{number}-{{tag}} --memo batch=1")
for number in range(3):
    step(f"batch found {number}", f"workflow list --query \"WorkflowId = 'many-{number}-{{tag}}'\"", until=("many-", 1))
read("batch describe unknown", "batch describe --job-id nothing-{tag}")
step("batch terminate unknown", "batch terminate --job-id nothing-{tag} --reason why", BOTH)
step("batch signal", "workflow signal --name add -i 1 --query \"WorkflowId STARTS_WITH 'many-' AND TaskQueue = 'nobody-{tag}'\" --reason signal-{tag} --yes")
step("batch signal waits", "batch list", until=("COMPLETED", 1))
step("batch cancel", "workflow cancel --query \"WorkflowId = 'many-1-{tag}'\" --reason cancel-{tag} --yes")
step("batch cancel waits", "batch list", until=("COMPLETED", 2))
step("batch options", "workflow update-options --versioning-override-behavior auto_upgrade --query \"WorkflowId = 'many-2-{tag}'\" --reason options-{tag} --yes")
step("batch options waits", "batch list", until=("COMPLETED", 3))
step("batch reset", "workflow reset --query \"WorkflowId = 'echo-{tag}'\" --type FirstWorkflowTask --reason reset-{tag} --yes")
step("batch reset waits", "batch list", until=("COMPLETED", 4))
step("batch terminate workflows", "workflow terminate --query \"TaskQueue = 'nobody-{tag}' AND WorkflowType = 'Box'\" --reason terminate-{tag} --yes")
step("batch terminate waits", "batch list", until=("COMPLETED", 5))
step("batch delete", "workflow delete --query \"WorkflowId = 'many-0-{tag}'\" --reason delete-{tag} --yes")
step("batch delete waits", "batch list", until=("COMPLETED", 6))
step("batch of nothing", "workflow terminate --query \"WorkflowId = 'nobody-{tag}'\" --reason none-{tag} --yes", BOTH)
step("batch with a query and an id", "workflow terminate --query \"WorkflowId = 'x'\" -w x --reason none-{tag} --yes")
read("batch list", "batch list", ("COMPLETED", 6))
read("batch list one", "batch list --limit 1")
read("batch terminated workflow", "workflow describe -w many-2-{tag}")
read("batch deleted workflow", "workflow describe -w many-0-{tag}")
# The reference starts this job, and it is listed as failed: so it comes behind the lists.
step("batch with a bad query", "workflow terminate --query \"Nope = 'x'\" --reason none-{tag} --yes", BOTH)

# Activities that stand alone
step("activity start", "activity start --type double -t {queue} -a act-{tag} -i 4 --start-to-close-timeout 30s --static-summary short")
read("activity result", "activity result -a act-{tag}")
read("activity describe", "activity describe -a act-{tag}")
step("activity execute", "activity execute --type double -t {queue} -a exec-{tag} -i 5 --start-to-close-timeout 30s", BOTH)
step("activity execute failing", "activity execute --type refuse -t {queue} -a refuse-{tag} --start-to-close-timeout 30s --retry-maximum-attempts 1", BOTH)
step("activity start again", "activity start --type double -t {queue} -a act-{tag} -i 4 --start-to-close-timeout 30s --id-reuse-policy RejectDuplicate")
step("activity start without timeouts", "activity start --type double -t {queue} -a none-{tag} -i 4")
step("activity waits", "activity start --type double -t nobody-{tag} -a waits-{tag} -i 4 --start-to-close-timeout 30s")
step("activity waits too", "activity start --type double -t nobody-{tag} -a waits-2-{tag} -i 4 --start-to-close-timeout 30s")
read("activity list", "activity list --query \"ActivityId = 'act-{tag}'\"", ("act-", 1))
read("activity list bad query", "activity list --query \"Nope = 'x'\"")
read("activity count", "activity count --query \"ActivityId = 'act-{tag}'\"")
step("activity pause", "activity pause -a waits-{tag} --reason lunch", BOTH)
read("activity describe paused", "activity describe -a waits-{tag}")
step("activity unpause", "activity unpause -a waits-{tag} --reason back", BOTH)
step("activity reset", "activity reset -a waits-{tag}", BOTH)
step("activity options", "activity update-options -a waits-{tag} --start-to-close-timeout 50s", BOTH)
step("activity cancel", "activity cancel -a waits-{tag} --reason enough")
step("activity terminate", "activity terminate -a waits-2-{tag} --reason enough")
read("activity describe terminated", "activity describe -a waits-2-{tag}")
step("activity delete", "activity delete -a exec-{tag}")
for command in ("cancel", "terminate", "delete", "describe", "result", "pause --reason r", "unpause", "reset", "update-options --start-to-close-timeout 5s"):
    step(f"activity {command.split()[0]} unknown", f"activity {command} -a nothing-{{tag}}", BOTH)

# Activities of workflows
step("activity of a workflow", "workflow start --type Waits -t {queue} -w waits-{tag}")
step("activity of a workflow is there", "workflow describe -w waits-{tag}", until=("nobody-activity", 1))
for command in ("pause --reason lunch", "update-options --start-to-close-timeout 50s", "reset", "unpause"):
    step(f"workflow activity {command.split()[0]}", f"activity {command} -w waits-{{tag}} -a nobody-activity", BOTH)
    read(f"workflow activity after {command.split()[0]}", "workflow describe -w waits-{tag}")
for command in ("pause --reason lunch", "update-options --start-to-close-timeout 50s", "reset", "unpause"):
    step(f"workflow activity {command.split()[0]} unknown", f"activity {command} -w waits-{{tag}} -a nothing", BOTH)
    step(f"workflow activity {command.split()[0]} of nobody", f"activity {command} -w nobody-{{tag}} -a nothing")
step("workflow activity complete", "activity complete -w waits-{tag} -a nobody-activity --result 7")
read("result of waits", "workflow result -w waits-{tag}")
step("activity fail of a closed workflow", "activity fail -w waits-{tag} -a nobody-activity --reason late")

# Nexus
step("nexus endpoint create", "operator nexus endpoint create --name endpoint-{tag} --target-namespace default --target-task-queue {queue} --description made")
step("nexus endpoint create again", "operator nexus endpoint create --name endpoint-{tag} --target-namespace default --target-task-queue {queue}", BOTH)
step("nexus endpoint create nowhere", "operator nexus endpoint create --name nowhere-{tag} --target-namespace nowhere-{tag} --target-task-queue {queue}")
step("nexus endpoint create bad name", "operator nexus endpoint create --name 'a b' --target-namespace default --target-task-queue {queue}")
read("nexus endpoint get", "operator nexus endpoint get --name endpoint-{tag}", ("endpoint-", 1))
read("nexus endpoints", "operator nexus endpoint list")
step("nexus endpoint update", "operator nexus endpoint update --name endpoint-{tag} --target-url http://localhost:1/x --unset-description", BOTH)
read("nexus endpoint get updated", "operator nexus endpoint get --name endpoint-{tag}", ("localhost", 1))
step("nexus operation start", "nexus operation start --endpoint endpoint-{tag} --service s --operation o --operation-id op-{tag}", BOTH)
step("nexus operation execute", "nexus operation execute --endpoint endpoint-{tag} --service s --operation o --operation-id op-{tag}", BOTH)
# How far the attempts of a running one have come is a matter of moments: it is described in the differential suite.
step("nexus operation describe unknown", "nexus operation describe --operation-id nothing-{tag}", BOTH)
for command in ("result", "cancel", "terminate"):
    step(f"nexus operation {command}", f"nexus operation {command} --operation-id op-{{tag}}", BOTH)
read("nexus operation list", "nexus operation list")
read("nexus operation count", "nexus operation count")
step("nexus endpoint delete", "operator nexus endpoint delete --name endpoint-{tag}", BOTH)
step("nexus endpoint get deleted", "operator nexus endpoint get --name endpoint-{tag}", BOTH)
step("nexus endpoint update unknown", "operator nexus endpoint update --name nothing-{tag} --target-namespace default --target-task-queue {queue}")
step("nexus endpoint delete unknown", "operator nexus endpoint delete --name nothing-{tag}")

# Workers
read("worker list", "worker list --query \"TaskQueue = '{queue}'\"", ("queue-", 1))
read("worker count", "worker count --query \"TaskQueue = 'nobody-{tag}'\"")
read("worker list bad query", "worker list --query \"Nope = 'x'\"")
read("worker describe unknown", "worker describe --worker-instance-key nothing-{tag}")

# Deployments of workers
step("deployment create", "worker deployment create --name d-{tag}", BOTH)
read("deployment describe", "worker deployment describe --name d-{tag}")
read("deployment list", "worker deployment list", ("d-", 1))
step("deployment create version", "worker deployment create-version --deployment-name d-{tag} --build-id one", BOTH)
read("deployment describe version", "worker deployment describe-version --deployment-name d-{tag} --build-id one")
step("deployment metadata", "worker deployment update-version-metadata --deployment-name d-{tag} --build-id one --metadata colour=\\\"red\\\"", BOTH)
step("deployment compute config", "worker deployment update-version-compute-config --deployment-name d-{tag} --build-id one --remove", BOTH)
step("deployment manager", "worker deployment manager-identity set --deployment-name d-{tag} --manager-identity boss -y", BOTH)
step("deployment manager unset", "worker deployment manager-identity unset --deployment-name d-{tag} -y", BOTH)
step("deployment current", "worker deployment set-current-version --deployment-name d-{tag} --build-id one --allow-no-pollers -y", BOTH)
step("deployment ramping", "worker deployment set-ramping-version --deployment-name d-{tag} --build-id one --percentage 5 --allow-no-pollers -y", BOTH)
read("deployment describe current", "worker deployment describe --name d-{tag}")
step("deployment delete with versions", "worker deployment delete --name d-{tag}")
step("deployment delete current version", "worker deployment delete-version --deployment-name d-{tag} --build-id one")
step("deployment no current", "worker deployment set-current-version --deployment-name d-{tag} --unversioned --ignore-missing-task-queues --allow-no-pollers -y")
step("deployment delete version", "worker deployment delete-version --deployment-name d-{tag} --build-id one --skip-drainage")
step("deployment delete", "worker deployment delete --name d-{tag}")
for command in ("describe --name nothing-{tag}", "describe-version --deployment-name nothing-{tag} --build-id one",
                "set-current-version --deployment-name nothing-{tag} --build-id one -y",
                "set-ramping-version --deployment-name nothing-{tag} --build-id one --percentage 5 -y",
                "delete-version --deployment-name nothing-{tag} --build-id one", "delete --name nothing-{tag}",
                "update-version-metadata --deployment-name nothing-{tag} --build-id one --metadata a=1",
                "manager-identity set --deployment-name nothing-{tag} --self -y", "manager-identity unset --deployment-name nothing-{tag} -y"):
    step(f"deployment {command.split(' --')[0]} unknown", f"worker deployment {command}", BOTH)
