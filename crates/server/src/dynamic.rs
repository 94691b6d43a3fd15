//! Dynamic configuration by the reference's keys: from a file that is read again while the server runs, and from the
//! command line. Keys without a meaning here are accepted with a line in the log, because SDKs and suites pass them to
//! every server they start.
//!
//! Of several values for one setting the most specific one counts, and of equally specific ones the first. The command
//! line wins over the file, and the file over the configuration file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use longhaul_runtime::{Live, Scope, Values, peers::TaskKind};
use serde_json::Value;

use crate::settings::{Per, Setting, Settings};

pub(crate) mod file;
mod known;
pub(crate) mod watch;

/// One value of one setting.
#[derive(Clone)]
pub(crate) struct Rule {
    setting: &'static Setting,
    scope: Scope,
    value: Value,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = {} in {:?}", self.setting.name, self.value, self.scope)
    }
}

/// Rules, and what is to be said of the keys that led to none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) notes: BTreeSet<String>,
}

impl Rules {
    /// Takes a value without constraints; `place` says where it stands, for people.
    pub(crate) fn general(&mut self, place: &str, key: &str, value: &Value) -> Result<()> {
        self.add(place, key, value, Scope::default())
    }

    /// Takes one value of a key.
    fn add(&mut self, place: &str, key: &str, value: &Value, scope: Scope) -> Result<()> {
        let Some(setting) = Setting::of_key(key) else {
            let note = if known::is_known(key) {
                format!("{key} has no meaning here and changes nothing")
            } else {
                format!("{key} is not a key of the reference and changes nothing")
            };
            self.notes.insert(note);
            return Ok(());
        };
        setting.set(&mut Settings::default(), key, value).with_context(|| place.to_owned())?;
        if !fits(setting.per, &scope) {
            self.notes.insert(format!("{place}: {key} is set per {}; the value is not used", setting.per));
            return Ok(());
        }
        self.rules.push(Rule { setting, scope, value: value.clone() });
        Ok(())
    }

    /// Reads `KEY=JSON` of the command line.
    pub(crate) fn argument(&mut self, pair: &str) -> Result<()> {
        let Some((key, text)) = pair.split_once('=') else {
            bail!("--dynamic-config-value {pair} is not of the form KEY=JSON");
        };
        let value = serde_json::from_str(text).with_context(|| {
            format!("--dynamic-config-value {key}: {text} is not JSON (strings need quotes)")
        })?;
        self.general("--dynamic-config-value", key, &value)
    }
}

/// Whether a setting can have a value of its own in such a scope.
fn fits(per: Per, scope: &Scope) -> bool {
    let by_queue = scope.task_queue.is_some() || scope.task_kind.is_some();
    match per {
        Per::Process => *scope == Scope::default(),
        Per::Namespace => !by_queue,
        // A kind of tasks without a queue is not told apart, as on the reference.
        Per::TaskQueue => !by_queue || scope.task_queue.is_some(),
    }
}

/// How specific a scope is: a task queue's name says more than a namespace's.
fn rank(scope: &Scope) -> u8 {
    u8::from(scope.namespace.is_some())
        + 2 * u8::from(scope.task_queue.is_some())
        + 4 * u8::from(scope.task_kind.is_some())
}

/// Whether a rule for `wide` counts for everything in `narrow`.
fn covers(wide: &Scope, narrow: &Scope) -> bool {
    fn part<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
        wide.is_none() || wide == narrow
    }
    part(wide.namespace.as_ref(), narrow.namespace.as_ref())
        && part(wide.task_queue.as_ref(), narrow.task_queue.as_ref())
        && part(wide.task_kind.as_ref(), narrow.task_kind.as_ref())
}

/// Where settings come from, the weakest first.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Defaults and the section `settings` of the configuration file.
    pub base: Settings,
    /// The file of dynamic configuration.
    pub(crate) file: Rules,
    /// The command line.
    pub(crate) arguments: Rules,
}

impl Layers {
    /// Takes a key of the configuration file, as its section `settings` does a name.
    pub fn keyed(&mut self, key: &str, value: &Value) -> Result<()> {
        match Setting::of_key(key) {
            Some(setting) => setting.set(&mut self.base, key, value),
            None => self.arguments.general("configuration file", key, value),
        }
    }

    /// The settings in a scope.
    pub(crate) fn within(&self, scope: &Scope) -> Settings {
        let mut settings = self.base.clone();
        for rules in [&self.file.rules, &self.arguments.rules] {
            // The strongest is applied last: the most specific, and of those the first.
            let mut covering: Vec<&Rule> =
                rules.iter().rev().filter(|rule| covers(&rule.scope, scope)).collect();
            covering.sort_by_key(|rule| rank(&rule.scope));
            for rule in covering {
                // Every rule was tried when it was read, so that it can't fail.
                let _ = rule.setting.set(&mut settings, rule.setting.name, &rule.value);
            }
        }
        settings.share();
        settings
    }

    /// The settings everywhere, ready to be put in force.
    pub(crate) fn everywhere(&self) -> Everywhere {
        let scopes = || self.file.rules.iter().map(|rule| &rule.scope);
        let namespaces: BTreeSet<&String> = scopes().filter_map(|scope| scope.namespace.as_ref()).collect();
        let kinds: BTreeSet<TaskKind> = scopes().filter_map(|scope| scope.task_kind).collect();
        let names: BTreeSet<&String> = scopes().filter_map(|scope| scope.task_queue.as_ref()).collect();
        let mut queues = Vec::new();
        for name in names {
            for namespace in namespaces.iter().map(|name| Some((*name).clone())).chain([None]) {
                for task_kind in kinds.iter().copied().map(Some).chain([None]) {
                    let namespace = namespace.clone();
                    queues.push(Scope { namespace, task_queue: Some(name.clone()), task_kind });
                }
            }
        }
        // The first scope that holds a queue counts for it.
        queues.sort_by_key(|scope| std::cmp::Reverse(rank(scope)));
        Everywhere {
            general: self.within(&Scope::default()),
            namespaces: namespaces
                .into_iter()
                .map(|name| {
                    let scope = Scope { namespace: Some(name.clone()), ..Scope::default() };
                    (name.clone(), self.within(&scope))
                })
                .collect(),
            queues: queues.into_iter().map(|scope| (scope.clone(), self.within(&scope))).collect(),
        }
    }

    /// Writes down what was not understood.
    pub(crate) fn note(&self) {
        for note in self.file.notes.iter().chain(&self.arguments.notes) {
            tracing::info!("dynamic configuration: {note}");
        }
    }
}

/// The settings of every namespace and task queue that has some of its own.
pub(crate) struct Everywhere {
    general: Settings,
    namespaces: BTreeMap<String, Settings>,
    queues: Vec<(Scope, Settings)>,
}

impl Everywhere {
    /// Those of one room.
    fn of<T>(&self, room: impl Fn(&Settings) -> T) -> Values<T> {
        Values {
            general: Arc::new(room(&self.general)),
            namespaces: self.namespaces.iter().map(|(n, each)| (n.clone(), Arc::new(room(each)))).collect(),
            task_queues: self.queues.iter().map(|(s, each)| (s.clone(), Arc::new(room(each)))).collect(),
        }
    }
}

/// The settings in force, by room.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    pub(crate) frontend: Live<longhaul_frontend::Settings>,
    pub(crate) history: Live<longhaul_history::Settings>,
    pub(crate) matching: Live<longhaul_matching::Settings>,
}

impl InForce {
    pub(crate) fn new(everywhere: &Everywhere) -> Self {
        Self {
            frontend: Live::new(everywhere.of(|settings| settings.frontend.clone())),
            history: Live::new(everywhere.of(|settings| settings.history.clone())),
            matching: Live::new(everywhere.of(|settings| settings.matching.clone())),
        }
    }

    pub(crate) fn replace(&self, everywhere: &Everywhere) {
        self.frontend.replace(everywhere.of(|settings| settings.frontend.clone()));
        self.history.replace(everywhere.of(|settings| settings.history.clone()));
        self.matching.replace(everywhere.of(|settings| settings.matching.clone()));
    }
}

#[cfg(test)]
mod tests;
