//! Which index entries answer a query: a tree like the query's own, of those parts for which there is an index.
//!
//! Of parts that all have to hold, the one with the fewest entries is found by counting a few of each. If it has few,
//! its rows are read and the others are left to the filter; otherwise it is intersected with every other part whose
//! entries stand in order.

use std::ops::Bound;

use longhaul_kernel::{
    ids::RunId,
    visibility::{Narrow, Query, Span, Value},
};

use crate::{
    engine::{Moment, Part},
    error::Failure,
    index::{self, Area, CLOSE_TIME, ROOT, RUN_ID, Range, START_TIME},
    key::{self, Shelf},
    places::{Gathered, Places, Sorted, Work},
};

/// Entries of each part that are counted to find the smallest: first a few, then more if that does not tell.
const PROBES: [u64; 2] = [64, 2048];

/// Rows that are rather read and tested than found by intersecting.
const FEW: u64 = 64;

/// Sets that are kept side by side; more of them are collected and put in order.
const SIDE_BY_SIDE_MAX: usize = 256;

/// A part of a plan, and how it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    pub(crate) shown: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Rows of a stretch of the default order: positions from one to before another.
    Rows(Vec<u8>, Option<Vec<u8>>),
    /// Entries of one attribute.
    Entries {
        ranges: Vec<Range>,
        prefix_len: usize,
        /// Whether every such row is selected.
        sure: bool,
    },
    Union(Vec<Plan>),
    Meet {
        parts: Vec<Plan>,
        /// Whether no condition was left out.
        complete: bool,
    },
}

/// Number of entries: exact, or at least so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) entries: u64,
    pub(crate) at_least: bool,
}

/// Reads what plans are made from.
pub(crate) struct Planner<'m> {
    pub(crate) moment: &'m Moment<'m>,
    pub(crate) work: &'m Work,
    /// What the keys of rows begin with.
    pub(crate) shelf: Vec<u8>,
    pub(crate) areas: Vec<Area>,
}

impl<'m> Planner<'m> {
    /// A planner for one query.
    pub(crate) fn new(moment: &'m Moment<'m>, work: &'m Work, shelf: Shelf, query: &Query) -> Self {
        Self { moment, work, shelf: key::shelf(shelf), areas: Area::of_query(shelf, query) }
    }

    /// The plan for a query; `None` if all rows have to be looked at.
    pub(crate) fn plan(&self, narrow: &Narrow) -> Result<Option<Plan>, Failure> {
        match narrow {
            Narrow::Unknown => Ok(None),
            Narrow::Absent(name) if **name == *CLOSE_TIME => Ok(Some(open_rows())),
            Narrow::Absent(_) => Ok(None),
            Narrow::Within { attribute, spans, exact } => Ok(self.within(attribute, spans, *exact)),
            Narrow::All(parts) => self.all(parts),
            Narrow::Any(parts) => {
                let plans =
                    parts.iter().map(|part| self.plan(part)).collect::<Result<Option<Vec<_>>, _>>()?;
                Ok(plans.map(union))
            }
        }
    }

    fn within(&self, attribute: &str, spans: &[Span], exact: bool) -> Option<Plan> {
        match attribute {
            CLOSE_TIME => Some(union(spans.iter().map(closed_rows).collect())),
            START_TIME => {
                let open = spans.iter().map(started_rows);
                Some(union(self.entries(attribute, spans, exact).into_iter().chain(open).collect()))
            }
            RUN_ID => self.runs(spans, exact),
            ROOT => self.roots(spans),
            _ => self.entries(attribute, spans, exact),
        }
    }

    fn entries(&self, attribute: &str, spans: &[Span], exact: bool) -> Option<Plan> {
        let mut ranges = Vec::new();
        let mut prefix_len = 0;
        for area in &self.areas {
            let prefix = area.attribute(attribute)?;
            prefix_len = prefix.len();
            ranges.extend(spans.iter().map(|span| index::range(&prefix, span)));
        }
        ranges.sort();
        let shown = format!("index {attribute}: {}", shown(spans));
        Some(Plan { shape: Shape::Entries { ranges, prefix_len, sure: exact }, shown })
    }

    /// Run ids are kept as bytes: only whole ones can be found.
    fn runs(&self, spans: &[Span], exact: bool) -> Option<Plan> {
        let mut ranges = Vec::new();
        for span in spans {
            let Span::Is(Value::Keyword(text)) = span else { return None };
            // Another spelling of an id is another keyword.
            let Some(run) = RunId::parse(text).filter(|run| run.to_string() == *text) else { continue };
            let keys = self.areas.iter().filter_map(|area| area.run(run));
            ranges.extend(keys.map(|key| Range { is_single: true, ..Range::beginning_with(key) }));
        }
        let prefix_len = self.areas.first()?.attribute(RUN_ID)?.len();
        let shown = format!("index {RUN_ID}: {}", shown(spans));
        Some(Plan { shape: Shape::Entries { ranges, prefix_len, sure: exact }, shown })
    }

    /// A workflow that is its own root has no entry as a root.
    fn roots(&self, spans: &[Span]) -> Option<Plan> {
        if !spans.iter().all(|span| matches!(span, Span::Is(_))) {
            return None;
        }
        let parts = [self.entries(ROOT, spans, true)?, self.entries("WorkflowId", spans, false)?];
        Some(union(parts.into()))
    }

    fn all(&self, parts: &[Narrow]) -> Result<Option<Plan>, Failure> {
        let mut plans = Vec::with_capacity(parts.len());
        for part in parts {
            plans.extend(self.plan(part)?);
        }
        let complete = plans.len() == parts.len();
        if plans.len() < 2 {
            return Ok(plans.pop().map(|plan| if complete { plan } else { meet(vec![plan], false) }));
        }
        let estimates = self.race(&plans)?;
        let Some(best) = (0..plans.len()).min_by_key(|at| (estimates[*at].at_least, estimates[*at].entries))
        else {
            return Ok(None);
        };
        let fewest = estimates[best];
        if !fewest.at_least && fewest.entries <= FEW {
            return Ok(Some(meet(vec![plans.swap_remove(best)], false)));
        }
        let any_sorted = plans.iter().any(Plan::is_sorted);
        let keep = |at: usize, plan: &Plan| {
            plan.is_sorted() || !estimates[at].at_least || (at == best && !any_sorted)
        };
        let kept: Vec<Plan> =
            (0..plans.len()).filter(|at| keep(*at, &plans[*at])).map(|at| plans[at].clone()).collect();
        let complete = complete && kept.len() == plans.len();
        Ok(Some(meet(kept, complete)))
    }

    /// Counts entries of each plan until the smallest is known, or none is small.
    fn race(&self, plans: &[Plan]) -> Result<Vec<Estimate>, Failure> {
        let mut estimates = Vec::new();
        for most in PROBES {
            estimates = plans.iter().map(|plan| self.estimate(plan, most)).collect::<Result<_, _>>()?;
            if estimates.iter().any(|estimate: &Estimate| !estimate.at_least) {
                break;
            }
        }
        Ok(estimates)
    }

    /// Counts entries of a plan up to `most`.
    pub(crate) fn estimate(&self, plan: &Plan, most: u64) -> Result<Estimate, Failure> {
        let mut entries = 0;
        match &plan.shape {
            Shape::Rows(from, to) => {
                let shelf = &self.shelf[..];
                let from = Bound::Included([shelf, &from[..]].concat());
                let to = match to {
                    Some(to) => Some([shelf, &to[..]].concat()),
                    None => key::behind(shelf),
                };
                let to = to.map_or(Bound::Unbounded, Bound::Excluded);
                self.probe(Part::Rows, (from, to), most, &mut entries)?;
            }
            Shape::Entries { ranges, .. } => {
                for range in ranges {
                    let to = range.to.clone().map_or(Bound::Unbounded, Bound::Excluded);
                    let keys = (Bound::Included(range.from.clone()), to);
                    self.probe(Part::Index, keys, most, &mut entries)?;
                }
            }
            Shape::Union(parts) => {
                for part in parts.iter() {
                    let estimate = self.estimate(part, most - entries)?;
                    entries += estimate.entries;
                    if estimate.at_least || entries >= most {
                        return Ok(Estimate { entries, at_least: true });
                    }
                }
            }
            Shape::Meet { parts, .. } => {
                let estimates =
                    parts.iter().map(|part| self.estimate(part, most)).collect::<Result<Vec<_>, _>>()?;
                let fewest =
                    estimates.into_iter().min_by_key(|estimate| (estimate.at_least, estimate.entries));
                return Ok(fewest.unwrap_or(Estimate { entries: most, at_least: true }));
            }
        }
        Ok(Estimate { entries, at_least: entries >= most })
    }

    fn probe(
        &self,
        part: Part,
        keys: crate::engine::Keys,
        most: u64,
        entries: &mut u64,
    ) -> Result<(), Failure> {
        if *entries >= most {
            return Ok(());
        }
        for entry in self.moment.range(part, keys) {
            entry?;
            Work::add(&self.work.entries);
            *entries += 1;
            if *entries >= most {
                break;
            }
        }
        Ok(())
    }

    /// The positions that a plan finds.
    pub(crate) fn places(&self, plan: &Plan) -> Places<'m> {
        match &plan.shape {
            Shape::Rows(from, to) => {
                let prefix = self.shelf.clone();
                let stretch = (from.clone(), to.clone());
                Places::Sorted(Sorted::new(self.moment, self.work, Part::Rows, prefix, stretch, false))
            }
            Shape::Entries { ranges, sure, .. } if plan.is_sorted() => {
                let sorted = |range: &Range| {
                    let sure = *sure && !range.is_cut;
                    let all = (Vec::new(), None);
                    let prefix = range.from.clone();
                    Places::Sorted(Sorted::new(self.moment, self.work, Part::Index, prefix, all, sure))
                };
                let mut parts: Vec<_> = ranges.iter().map(sorted).collect();
                if parts.len() == 1 { parts.remove(0) } else { Places::Union(parts) }
            }
            Shape::Entries { ranges, prefix_len, sure } => {
                Places::Gathered(Gathered::new(self.moment, self.work, ranges.clone(), *prefix_len, *sure))
            }
            Shape::Union(parts) => Places::Union(parts.iter().map(|part| self.places(part)).collect()),
            Shape::Meet { parts, complete } => Places::Meet {
                parts: parts.iter().map(|part| self.places(part)).collect(),
                complete: *complete,
            },
        }
    }
}

impl Plan {
    /// Whether its places come in order without being collected first.
    pub(crate) fn is_sorted(&self) -> bool {
        match &self.shape {
            Shape::Rows(..) => true,
            Shape::Entries { ranges, .. } => {
                ranges.len() <= SIDE_BY_SIDE_MAX && ranges.iter().all(|range| range.is_single)
            }
            Shape::Union(parts) => parts.len() <= SIDE_BY_SIDE_MAX && parts.iter().all(Self::is_sorted),
            Shape::Meet { parts, .. } => parts.iter().any(Self::is_sorted),
        }
    }
}

fn union(mut parts: Vec<Plan>) -> Plan {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let shown =
        format!("union of ({})", parts.iter().map(|part| &*part.shown).collect::<Vec<_>>().join("; "));
    Plan { shape: Shape::Union(parts), shown }
}

fn meet(mut parts: Vec<Plan>, complete: bool) -> Plan {
    if parts.len() == 1 && complete {
        return parts.remove(0);
    }
    let shown = match parts.as_slice() {
        [only] => format!("{}, then the filter", only.shown),
        parts => {
            let shown = parts.iter().map(|part| &*part.shown).collect::<Vec<_>>().join("; ");
            let rest = if complete { "" } else { ", then the filter" };
            format!("intersection of ({shown}){rest}")
        }
    };
    Plan { shape: Shape::Meet { parts, complete }, shown }
}

fn open_rows() -> Plan {
    Plan { shape: Shape::Rows(vec![0], Some(vec![1])), shown: "open rows in their order".into() }
}

/// Open rows by their start.
fn started_rows(span: &Span) -> Plan {
    rows(0, span, "open rows by StartTime")
}

/// Closed rows by their end.
fn closed_rows(span: &Span) -> Plan {
    rows(1, span, "rows by CloseTime")
}

/// Rows stand newest first: what comes after an instant stands before its place.
fn rows(open_or_closed: u8, span: &Span, what: &str) -> Plan {
    let behind_all = Some(vec![open_or_closed + 1]);
    let at = |value: &Value| match value {
        Value::Datetime(at) => [&[open_or_closed], &key::ordered(!at.0)[..]].concat(),
        _ => vec![open_or_closed],
    };
    let start = |bound: &Bound<Value>| match bound {
        Bound::Included(value) => at(value),
        Bound::Excluded(value) => key::behind(&at(value)).unwrap_or_default(),
        Bound::Unbounded => vec![open_or_closed],
    };
    let end = |bound: &Bound<Value>| match bound {
        Bound::Included(value) => key::behind(&at(value)),
        Bound::Excluded(value) => Some(at(value)),
        Bound::Unbounded => behind_all.clone(),
    };
    let (from, to) = match span {
        Span::Is(value) => (at(value), key::behind(&at(value))),
        Span::Between(from, to) => (start(to), end(from)),
        Span::Present | Span::Element(_) | Span::Prefix(_) => (vec![open_or_closed], behind_all),
    };
    Plan { shape: Shape::Rows(from, to), shown: format!("{what}: {}", shown(std::slice::from_ref(span))) }
}

/// Spans, in words. Long lists are cut.
fn shown(spans: &[Span]) -> String {
    const SHOWN_MAX: usize = 4;
    let mut words: Vec<String> = spans.iter().take(SHOWN_MAX).map(span).collect();
    if spans.len() > SHOWN_MAX {
        words.push(format!("{} more", spans.len() - SHOWN_MAX));
    }
    words.join(", ")
}

fn span(span: &Span) -> String {
    let literal = |value: &Value| match value {
        Value::Keyword(text) | Value::Text(text) => format!("'{text}'"),
        Value::KeywordList(items) => format!("{items:?}"),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => format!("{number:?}"),
        Value::Bool(flag) => flag.to_string(),
        Value::Datetime(at) => longhaul_kernel::visibility::format_datetime(*at),
    };
    match span {
        Span::Is(value) => literal(value),
        Span::Element(item) => format!("'{item}'"),
        Span::Prefix(start) => format!("'{start}...'"),
        Span::Present => "any value".into(),
        Span::Between(from, to) => {
            let side = |bound: &Bound<Value>, closed: &str, open: &str| match bound {
                Bound::Included(value) => format!("{closed} {}", literal(value)),
                Bound::Excluded(value) => format!("{open} {}", literal(value)),
                Bound::Unbounded => String::new(),
            };
            format!("{} {}", side(from, ">=", ">"), side(to, "<=", "<")).trim().to_owned()
        }
    }
}
