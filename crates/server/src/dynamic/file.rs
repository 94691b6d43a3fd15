//! A file of dynamic configuration in the reference's form: `key: [{value: x, constraints: {namespace: n}}]`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use longhaul_runtime::{Scope, peers::TaskKind};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::Rules;

/// One value of a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    value: Spanned<Value>,
    #[serde(default)]
    constraints: Option<BTreeMap<String, Value>>,
}

/// Reads the text of the file at `path`.
pub(crate) fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("dynamic configuration {}", path.display()))
}

/// Reads `text`, the contents of the file at `path`. What is wrong is told with its line.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Rules> {
    let mut rules = Rules::default();
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(rules);
    }
    let keys: BTreeMap<String, Vec<Entry>> = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        anyhow!("{}:{line}: {}", path.display(), first_line(&error.to_string()))
    })?;
    for (key, entries) in &keys {
        for entry in entries {
            let place = format!("{}:{}", path.display(), entry.value.referenced.line());
            match scope(entry.constraints.as_ref()).with_context(|| place.clone())? {
                Ok(scope) => rules.add(&place, key, &entry.value.value, scope)?,
                Err(constraint) => {
                    let note =
                        format!("{place}: {key} can't be constrained by {constraint}; the value is not used");
                    rules.notes.insert(note);
                }
            }
        }
    }
    Ok(rules)
}

/// The scope that constraints describe, or the one that has no meaning here.
fn scope(constraints: Option<&BTreeMap<String, Value>>) -> Result<Result<Scope, String>> {
    let mut scope = Scope::default();
    for (name, value) in constraints.into_iter().flatten() {
        let text =
            || value.as_str().map(ToOwned::to_owned).ok_or_else(|| anyhow!("{name} is not a text: {value}"));
        match name.to_ascii_lowercase().as_str() {
            "namespace" => scope.namespace = Some(text()?),
            "taskqueuename" => scope.task_queue = Some(text()?),
            "tasktype" | "taskqueuetype" => scope.task_kind = Some(kind(value)?),
            "namespaceid" | "shardid" | "destination" | "historytasktype" | "chasmtasktype" => {
                return Ok(Err(name.clone()));
            }
            _ => bail!("{name} is not a constraint"),
        }
    }
    Ok(Ok(scope))
}

/// A kind of tasks, by name or number.
fn kind(value: &Value) -> Result<TaskKind> {
    match (value.as_str().map(str::to_ascii_lowercase).as_deref(), value.as_u64()) {
        (Some("workflow"), _) | (_, Some(1)) => Ok(TaskKind::Workflow),
        (Some("activity"), _) | (_, Some(2)) => Ok(TaskKind::Activity),
        (Some("nexus"), _) | (_, Some(3)) => Ok(TaskKind::Nexus),
        _ => bail!("{value} is not a kind of tasks: Workflow, Activity or Nexus"),
    }
}

/// The message itself, without the picture of the place that comes behind it.
fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or(text)
}
