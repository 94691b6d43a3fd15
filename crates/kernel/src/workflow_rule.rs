//! Workflow rules: what an operator wants to happen by itself to activities that match, as long as a rule stands. There
//! is one trigger, an activity that starts or fails, and one action, to pause it.
//!
//! Rules are kept in the record of their namespace. Any rule can be written down; one whose conditions can't be read
//! never matches, as on the reference. Limits and texts are the reference's.

mod condition;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use longhaul_proto::api::rules::v1::{
    WorkflowRule, WorkflowRuleSpec, workflow_rule_action::Variant, workflow_rule_spec::Trigger,
};
use minicbor::{Decode, Encode};

use crate::{Refusal, codec::Pb, time::Timestamp};

use condition::Condition;
pub use condition::{ActivityView, WorkflowView};

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Rule {
    /// What it says.
    #[n(0)]
    pub spec: Pb<WorkflowRuleSpec>,
    /// When it was made.
    #[n(1)]
    pub created: Timestamp,
    /// By whom.
    #[n(2)]
    pub identity: String,
    /// Why, for people.
    #[n(3)]
    pub description: String,
}

/// Rules of a namespace by their id.
pub type Kept = BTreeMap<String, Rule>;

/// How many rules there may be, and how long their ids.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rules of a namespace.
    pub rules_max: usize,
    /// Bytes of an id.
    pub id_bytes_max: usize,
}

impl Rule {
    /// The rule as clients see it.
    pub fn to_proto(&self) -> WorkflowRule {
        WorkflowRule {
            create_time: Some(self.created.to_proto()),
            spec: Some(self.spec.0.clone()),
            created_by_identity: self.identity.clone(),
            description: self.description.clone(),
        }
    }

    fn expires(&self) -> Option<Timestamp> {
        self.spec.expiration_time.as_ref().map(Timestamp::from_proto)
    }
}

/// Adds a rule. Where there are as many as there may be, the one that has expired first makes room.
///
/// # Errors
/// `InvalidArgument` if it has no id, too long a one or one that is taken, and if there is no room.
pub fn add(kept: &mut Kept, rule: Rule, limits: Limits, at: Timestamp) -> Result<(), Refusal> {
    let id = rule.spec.id.clone();
    check_id(&id)?;
    if id.len() > limits.id_bytes_max {
        return Err(Refusal::invalid("Workflow Rule Id length exceeds limit."));
    }
    if kept.contains_key(&id) {
        return Err(Refusal::invalid("Workflow Rule with this ID already exists."));
    }
    if kept.len() >= limits.rules_max {
        let expired = kept.iter().filter_map(|(id, rule)| Some((rule.expires()?, id)));
        let first = expired.filter(|(expires, _)| *expires <= at).min().map(|(_, id)| id.clone());
        let Some(first) = first else {
            return Err(Refusal::invalid(format!("Workflow Rule limit exceeded. Max: {}", limits.rules_max)));
        };
        kept.remove(&first);
    }
    kept.insert(id, rule);
    Ok(())
}

/// The rule of this id.
///
/// # Errors
/// `InvalidArgument` if there is none.
pub fn find<'a>(kept: &'a Kept, id: &str) -> Result<&'a Rule, Refusal> {
    check_id(id)?;
    kept.get(id).ok_or_else(not_found)
}

/// Removes the rule of this id.
///
/// # Errors
/// `InvalidArgument` if there is none.
pub fn remove(kept: &mut Kept, id: &str) -> Result<(), Refusal> {
    check_id(id)?;
    kept.remove(id).map(|_| ()).ok_or_else(not_found)
}

/// Refuses an id that is none.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() {
        return Err(Refusal::invalid("Workflow Rule ID is not set."));
    }
    Ok(())
}

fn not_found() -> Refusal {
    Refusal::invalid("Workflow Rule with this ID not Found.")
}

/// The rules of a namespace that can match, read once for all the activities they are held against.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Active>);

/// A rule that can match.
#[derive(Clone, Debug)]
pub struct Active {
    /// Its id.
    pub id: String,
    /// Who made it.
    pub identity: String,
    /// Why.
    pub reason: String,
    expires: Option<Timestamp>,
    /// Which workflows it is for; `None` for all.
    workflows: Option<Condition>,
    /// Which activities.
    activities: Condition,
}

impl Rules {
    /// Reads what the rules say.
    pub fn of(kept: &Kept) -> Self {
        Self(kept.iter().filter_map(|(id, rule)| active(id, rule)).collect())
    }

    /// The first rule, by id, that wants an activity paused.
    pub fn pausing(
        &self,
        workflow: &WorkflowView<'_>,
        activity: &ActivityView<'_>,
        at: Timestamp,
    ) -> Option<&Active> {
        self.0.iter().find(|rule| {
            rule.expires.is_none_or(|expires| at < expires)
                && rule.workflows.as_ref().is_none_or(|condition| condition.holds(workflow))
                && rule.activities.holds(activity)
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn active(id: &str, rule: &Rule) -> Option<Active> {
    let spec = &rule.spec;
    let pauses = |action: &Option<Variant>| matches!(action, Some(Variant::ActivityPause(_)));
    if !spec.actions.iter().any(|action| pauses(&action.variant)) {
        return None;
    }
    let Some(Trigger::ActivityStart(trigger)) = &spec.trigger else { return None };
    let workflows = match spec.visibility_query.as_str() {
        "" => None,
        query => Some(Condition::parse(query)?),
    };
    Some(Active {
        id: id.to_owned(),
        identity: rule.identity.clone(),
        reason: rule.description.clone(),
        expires: rule.expires(),
        workflows,
        activities: Condition::parse(&trigger.predicate)?,
    })
}
