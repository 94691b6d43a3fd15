//! Counting rows by the value of an attribute, with an order of groups that is the same in every backend.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    codec,
    visibility::{Row, Value},
};

use crate::{Counts, GROUPS_MAX, ReadError};

/// A running count, by groups if an attribute to group by was given.
#[derive(Debug)]
pub struct Tally {
    group: Option<Arc<str>>,
    // Values have no total order of their own (floating point numbers don't); their stored form has one.
    counts: BTreeMap<Option<Vec<u8>>, (Option<Value>, u64)>,
}

impl Tally {
    /// Starts at zero.
    pub fn new(group: Option<Arc<str>>) -> Self {
        Self { group, counts: BTreeMap::new() }
    }

    /// Counts `row`.
    pub fn add(&mut self, row: &Row) -> Result<(), ReadError> {
        self.add_many(self.group.as_deref().and_then(|name| row.value(name)), 1)
    }

    /// Counts rows that have the same value.
    pub fn add_many(&mut self, value: Option<Value>, rows: u64) -> Result<(), ReadError> {
        let key = value.as_ref().map(codec::encode);
        self.counts.entry(key).or_insert((value, 0)).1 += rows;
        if self.counts.len() > GROUPS_MAX {
            let group = self.group.as_deref().unwrap_or_default();
            return Err(ReadError::Refused(format!(
                "operation is not supported: 'GROUP BY' {group} has more than {GROUPS_MAX} groups"
            )));
        }
        Ok(())
    }

    /// The counts: a single one without groups, and with groups those that have a row, rows without a value first.
    pub fn finish(self) -> Counts {
        if self.group.is_none() && self.counts.is_empty() {
            return vec![(None, 0)];
        }
        self.counts.into_values().collect()
    }
}
