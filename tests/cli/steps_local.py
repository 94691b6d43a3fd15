"""Steps of commands that work on files of the user alone: they have to work with a server of any make named beside them."""

from steps import BOTH, read, step

step("env set", "env set local.address 127.0.0.1:7233 --env-file {folder}/env.yaml")
step("env set by flags", "env set --env local -k namespace -v other --env-file {folder}/env.yaml")
read("env list", "env list --env-file {folder}/env.yaml")
read("env get", "env get local --env-file {folder}/env.yaml")
read("env get property", "env get local.namespace --env-file {folder}/env.yaml")
step("env get unknown", "env get nothing --env-file {folder}/env.yaml", BOTH)
step("env delete property", "env delete local.namespace --env-file {folder}/env.yaml")
step("env delete", "env delete local --env-file {folder}/env.yaml")
read("env list empty", "env list --env-file {folder}/env.yaml")

step("config set", "config set --prop namespace --value other --config-file {folder}/temporal.toml")
step("config set profile", "config set --profile second --prop address --value 127.0.0.1:1 --config-file {folder}/temporal.toml")
step("config set unknown", "config set --prop nothing --value x --config-file {folder}/temporal.toml", BOTH)
read("config list", "config list --config-file {folder}/temporal.toml")
read("config get", "config get --config-file {folder}/temporal.toml")
read("config get property", "config get --prop namespace --config-file {folder}/temporal.toml")
step("config delete", "config delete --prop namespace --config-file {folder}/temporal.toml")
step("config delete profile", "config delete-profile --profile second --config-file {folder}/temporal.toml")
read("config list after", "config list --config-file {folder}/temporal.toml")

step("history fixed", "workflow fix-history-json --source {folder}/history.json", BOTH)
step("history not there", "workflow fix-history-json --source {folder}/nothing.json")
