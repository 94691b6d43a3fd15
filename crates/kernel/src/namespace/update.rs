//! What an update makes of a namespace. The order of the checks is the reference's.

use std::collections::BTreeMap;

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::{NamespaceState, ReplicationState},
        namespace::v1::{BadBinaries, NamespaceConfig, UpdateNamespaceInfo},
        replication::v1::NamespaceReplicationConfig,
        workflowservice::v1::UpdateNamespaceRequest,
    },
};

use super::{Archival, BadBinary, CLUSTER, Namespace, Rules, SearchAttribute, State, retention};
use crate::{time::Timestamp, visibility::ValueType};

impl Namespace {
    /// Applies an update; on refusal nothing has changed. Answers the bad binaries that the update names: the reference
    /// tells them once and keeps none.
    ///
    /// # Errors
    /// The refusal, with the reference's text.
    pub fn update(
        &mut self,
        request: &UpdateNamespaceRequest,
        rules: &Rules,
        at: Timestamp,
    ) -> Result<BTreeMap<String, BadBinary>, Refusal> {
        let mut next = self.clone();
        let mut told = self.bad_binaries.clone();
        if let Some(config) = &request.config {
            next.update_archival(config, rules)?;
        }
        if let Some(info) = &request.update_info {
            next.update_info(info)?;
        }
        if let Some(config) = &request.config {
            next.update_config(config, rules, at)?;
            if let Some(bad) = &config.bad_binaries {
                told.extend(named(bad, rules, at)?);
            }
        }
        if !request.delete_bad_binary.is_empty() && told.remove(&request.delete_bad_binary).is_none() {
            return Err(Refusal::invalid(format!(
                "Bad binary checksum {} doesn't exists.",
                request.delete_bad_binary
            )));
        }
        if let Some(replication) = &request.replication_config {
            check_replication(replication)?;
        }
        if request.promote_namespace {
            return Err(Refusal::invalid(format!(
                "global namespace is not enabled on this cluster, cannot update global namespace or promote \
                 local namespace: {}",
                self.name
            )));
        }
        *self = next;
        Ok(told)
    }

    fn update_archival(&mut self, config: &NamespaceConfig, rules: &Rules) -> Result<(), Refusal> {
        self.history_archival = Archival::updated(
            self.history_archival.take(),
            rules.archival.history.as_ref(),
            config.history_archival_state,
            &config.history_archival_uri,
        )?;
        self.visibility_archival = Archival::updated(
            self.visibility_archival.take(),
            rules.archival.visibility.as_ref(),
            config.visibility_archival_state,
            &config.visibility_archival_uri,
        )?;
        Ok(())
    }

    fn update_info(&mut self, info: &UpdateNamespaceInfo) -> Result<(), Refusal> {
        if !info.description.is_empty() {
            self.description.clone_from(&info.description);
        }
        if !info.owner_email.is_empty() {
            self.owner_email.clone_from(&info.owner_email);
        }
        self.data.extend(info.data.iter().map(|(key, value)| (key.clone(), value.clone())));
        if info.state != 0 && info.state != self.state.to_proto() as i32 {
            // What is deprecated or deleted does not come back.
            self.state = match (self.state, NamespaceState::try_from(info.state)) {
                (State::Registered, Ok(NamespaceState::Deprecated)) => State::Deprecated,
                (State::Registered | State::Deprecated, Ok(NamespaceState::Deleted)) => State::Deleted,
                _ => return Err(Refusal::invalid("Invalid namespace state update.")),
            };
        }
        Ok(())
    }

    fn update_config(
        &mut self,
        config: &NamespaceConfig,
        rules: &Rules,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        if config.workflow_execution_retention_ttl.is_some() {
            let wanted = retention(config.workflow_execution_retention_ttl.as_ref(), rules)?;
            if wanted < self.retention {
                self.shortened = Some(at);
            }
            self.retention = wanted;
        }
        let aliases = config.custom_search_attribute_aliases.iter();
        let mut aliases: Vec<(&String, &String)> = aliases.collect();
        aliases.sort_unstable();
        for (column, alias) in aliases {
            self.name_column(column, alias)?;
        }
        Ok(())
    }

    /// Gives a column a name, which makes a search attribute of its type; no name removes the attribute. Columns that
    /// the reference would not have, and names that are taken, change nothing.
    fn name_column(&mut self, column: &str, alias: &str) -> Result<(), Refusal> {
        let in_use = self.search_attributes.iter().find(|(_, attribute)| attribute.column() == column);
        let in_use = in_use.map(|(name, _)| name.clone());
        match (in_use, alias) {
            (Some(name), "") => {
                self.search_attributes.remove(&name);
            }
            (Some(name), alias) if name != alias => {
                return Err(Refusal::invalid("Custom search attribute field name already allocated."));
            }
            (None, alias) if !alias.is_empty() => {
                if let Some(attribute) = SearchAttribute::of_column(column) {
                    self.search_attributes.entry(alias.into()).or_insert(attribute);
                }
            }
            (Some(_) | None, _) => {}
        }
        Ok(())
    }
}

impl SearchAttribute {
    /// The attribute of a column's name, such as `Keyword01`.
    fn of_column(column: &str) -> Option<Self> {
        let digits = column.find(|letter: char| letter.is_ascii_digit())?;
        let (wanted, number) = column.split_at(digits);
        let types = [
            ValueType::Text,
            ValueType::Keyword,
            ValueType::Int,
            ValueType::Double,
            ValueType::Bool,
            ValueType::Datetime,
            ValueType::KeywordList,
        ];
        let found = types.into_iter().find(|known| known.name() == wanted)?;
        Some(Self { wire_type: found.to_proto().into(), column: number.parse().ok()? })
    }
}

/// The binaries that an update declares bad.
fn named(bad: &BadBinaries, rules: &Rules, at: Timestamp) -> Result<BTreeMap<String, BadBinary>, Refusal> {
    if bad.binaries.len() > rules.bad_binaries_max {
        return Err(Refusal::invalid(format!(
            "Total resetBinaries cannot exceed the max limit: {}",
            rules.bad_binaries_max
        )));
    }
    let binaries = bad.binaries.iter().map(|(checksum, bad)| {
        let (reason, operator) = (bad.reason.clone(), bad.operator.clone());
        (checksum.clone(), BadBinary { reason, operator, created: at })
    });
    Ok(binaries.collect())
}

/// There is one cluster, and a namespace is local to it.
fn check_replication(wanted: &NamespaceReplicationConfig) -> Result<(), Refusal> {
    let named = wanted.clusters.iter().map(|cluster| &cluster.cluster_name);
    let named = named.chain((!wanted.active_cluster_name.is_empty()).then_some(&wanted.active_cluster_name));
    if let Some(unknown) = named.into_iter().find(|name| *name != CLUSTER) {
        return Err(Refusal::invalid(format!("Invalid cluster name: {unknown}")));
    }
    if wanted.state == ReplicationState::Handover as i32 {
        return Err(Refusal::invalid("Handover can only be set for global namespace"));
    }
    Ok(())
}
