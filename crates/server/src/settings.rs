//! Every setting: where it lives, what the reference calls it, what it may be and why one would change it.

use std::{fmt, sync::Arc};

use anyhow::{Result, anyhow};
use longhaul_kernel::context::Limits;
use serde_json::Value;

mod table;
mod value;

pub(crate) use table::SETTINGS;
pub(crate) use value::seconds;

/// Settings of the rooms.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Limits that the frontend and history share.
    pub limits: Limits,
    /// Of the frontend.
    pub frontend: longhaul_frontend::Settings,
    /// Of history.
    pub history: longhaul_history::Settings,
    /// Of matching.
    pub matching: longhaul_matching::Settings,
}

impl Settings {
    /// Hands the shared limits to the rooms.
    pub(crate) fn share(&mut self) {
        let limits = Arc::new(self.limits.clone());
        self.frontend.limits = limits.clone();
        self.history.limits = limits;
    }
}

/// One setting.
pub(crate) struct Setting {
    /// Its name: the room and the field.
    pub name: &'static str,
    /// What the reference's dynamic configuration calls it.
    pub key: Option<&'static str>,
    /// What it may be given values of its own for.
    pub per: Per,
    /// When another value takes effect.
    pub applies: Applies,
    /// Unit of the number.
    pub unit: &'static str,
    /// What it may be.
    pub range: Range,
    /// Why one would change it.
    pub reason: &'static str,
    /// Its value, for people.
    pub show: fn(&Settings) -> String,
    set: fn(&mut Settings, &Value) -> Option<()>,
}

/// What a setting may be given values of its own for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// For nothing: it is the same everywhere.
    Process,
    /// For a namespace.
    Namespace,
    /// For a namespace or a task queue.
    TaskQueue,
}

/// When another value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    /// As soon as it is read.
    AtOnce,
    /// At the next start.
    AtStart,
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "process",
            Self::Namespace => "namespace",
            Self::TaskQueue => "task queue",
        })
    }
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtOnce => "at once",
            Self::AtStart => "at start",
        })
    }
}

/// What a setting may be.
#[derive(Clone, Copy)]
pub(crate) enum Range {
    /// True or false.
    Switch,
    /// A list of texts.
    Texts,
    /// A text.
    Text,
    /// A number (of seconds, if it is a length of time) between two others, both included.
    Between(f64, f64),
}

/// No upper bound.
const MOST: f64 = f64::INFINITY;

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("true or false"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Text => f.write_str("a text"),
            Self::Between(least, most) if most.is_finite() => write!(f, "{least} to {most}"),
            Self::Between(least, _) => write!(f, "at least {least}"),
        }
    }
}

impl Setting {
    /// The setting called so in our files.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        SETTINGS
            .iter()
            .find(|setting| setting.name == name)
            .ok_or_else(|| anyhow!("there is no setting {name}; see `longhaul config reference`"))
    }

    /// The setting that the reference calls so. Its names are compared without regard to case, as there.
    pub(crate) fn of_key(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key.is_some_and(|known| known.eq_ignore_ascii_case(key)))
    }

    /// Gives it a value; `name` is what the user called it.
    pub(crate) fn set(&self, settings: &mut Settings, name: &str, value: &Value) -> Result<()> {
        let fits = match self.range {
            Range::Switch => value.is_boolean(),
            Range::Texts => value.is_array(),
            Range::Text => value.is_string(),
            Range::Between(least, most) => {
                value::number(value).is_some_and(|value| least <= value && value <= most)
            }
        };
        Some(value).filter(|_| fits).and_then(|value| (self.set)(settings, value)).ok_or_else(|| {
            let unit = if self.unit.is_empty() { String::new() } else { format!(" ({})", self.unit) };
            anyhow!("setting {name} can't be {value}: it is {}{unit}", self.range)
        })
    }
}

#[cfg(test)]
mod tests;
