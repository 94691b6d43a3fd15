//! A query of a list or a count: what the frontend asks of it and what a store evaluates.

use longhaul_proto::Refusal;

use super::{
    Attribute, Attributes, Narrow, OrderKey, Row, ValueType,
    attributes::NAMESPACE_DIVISION,
    convert::{Seen, column, condition},
    filter::{Comparison, Condition, Literal, Test},
    grammar,
};

/// The attribute that a count is grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBy(pub Attribute);

/// A parsed query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    filter: Condition,
    group_by: Option<GroupBy>,
    order: Vec<OrderKey>,
    names_division: bool,
    seen: Vec<Seen>,
}

impl Query {
    /// Selects every row.
    pub fn everything() -> Self {
        Self {
            filter: Condition::All(Vec::new()),
            group_by: None,
            order: Vec::new(),
            names_division: false,
            seen: Vec::new(),
        }
    }

    /// Reads a query: the conditions of an SQL `WHERE` clause, then perhaps `GROUP BY` and
    /// `ORDER BY`. An empty one selects all.
    ///
    /// Rows of a namespace division are hidden unless the query names `TemporalNamespaceDivision`; see `within`.
    /// A list ignores the grouping, as the reference does.
    pub fn parse(text: &str, attributes: &Attributes) -> Result<Self, Refusal> {
        Self::read(text, attributes).map_err(|problem| Refusal::invalid(format!("invalid query: {problem}")))
    }

    fn read(text: &str, attributes: &Attributes) -> Result<Self, String> {
        let clauses = grammar::parse(text)?;
        if clauses.limit {
            return Err("operation is not supported: 'LIMIT' clause".into());
        }
        let mut seen = Vec::new();
        let filter = match clauses.filter {
            Some(expression) => condition(expression, attributes, &mut seen)?,
            None => Condition::All(Vec::new()),
        };
        if clauses.group_by.len() > 1 {
            return Err("operation is not supported: 'GROUP BY' clause supports only a single field".into());
        }
        let group_by = match clauses.group_by.into_iter().next() {
            Some(expression) => {
                let (alias, attribute) = column(expression, attributes)?;
                seen.push((alias.clone(), attribute.name.clone()));
                Some(grouping(&alias, attribute)?)
            }
            None => None,
        };
        let mut order = Vec::new();
        for (expression, descending) in clauses.order_by {
            let (_, attribute) = column(expression, attributes)?;
            sortable(&attribute)?;
            order.push(OrderKey { attribute, descending });
        }
        if order.len() > ORDER_KEYS_MAX {
            return Err(format!("operation is not supported: 'ORDER BY' more than {ORDER_KEYS_MAX} fields"));
        }
        let names_division = seen.iter().any(|(_, name)| &**name == NAMESPACE_DIVISION);
        Ok(Self { filter, group_by, order, names_division, seen })
    }

    /// Selects the rows of one namespace division instead of those of none, unless the query names the division.
    pub fn within(mut self, division: &str) -> Self {
        if !self.names_division {
            let test = Test::Compare(Comparison::Equal, Literal::Keyword(division.to_owned()));
            self.filter = Condition::All(vec![Condition::Test(division_attribute(), test), self.filter]);
            self.names_division = true;
        }
        self
    }

    /// The attributes that the query names, as they were written, each with its canonical name.
    pub fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.seen.iter().map(|(written, name)| (written.as_str(), &**name))
    }

    /// Whether the query selects the row.
    pub fn matches(&self, row: &Row) -> bool {
        let visible = self.names_division || !row.is_in_division();
        visible && self.filter.holds(row) == Some(true)
    }

    /// What an index can tell of the rows that the query selects, among those of its division.
    pub fn narrow(&self) -> Narrow {
        self.filter.narrow()
    }

    /// Whether rows of a namespace division may be selected; otherwise they are hidden.
    pub fn names_division(&self) -> bool {
        self.names_division
    }

    /// What the selected rows are ordered by before the default order, the first attribute first.
    pub fn order(&self) -> &[OrderKey] {
        &self.order
    }

    /// The filter as it was understood; see `show`.
    pub fn filter_text(&self) -> String {
        self.filter.to_string()
    }

    /// The attribute to group a count by.
    pub fn group_by(&self) -> Option<&GroupBy> {
        self.group_by.as_ref()
    }
}

/// Attributes that one `ORDER BY` may name.
const ORDER_KEYS_MAX: usize = 8;

/// A count may be grouped by attributes whose values are compared as a whole and repeat.
fn grouping(alias: &str, attribute: Attribute) -> Result<GroupBy, String> {
    match attribute.value_type {
        ValueType::Keyword | ValueType::Int | ValueType::Bool => Ok(GroupBy(attribute)),
        ValueType::Text | ValueType::Double | ValueType::Datetime | ValueType::KeywordList => Err(format!(
            "operation is not supported: 'GROUP BY' clause is not supported for search attribute {alias}"
        )),
    }
}

/// Texts have no order.
fn sortable(attribute: &Attribute) -> Result<(), String> {
    match attribute.value_type {
        ValueType::Text => {
            Err("operation is not supported: unable to sort by search attribute type Text".into())
        }
        _ => Ok(()),
    }
}

fn division_attribute() -> Attribute {
    Attribute { name: NAMESPACE_DIVISION.into(), value_type: ValueType::Keyword }
}
