//! Settings that change while the server runs: a snapshot that is swapped as a whole, with values of their own for
//! some namespaces and task queues. Reading takes no lock and allocates nothing.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::peers::TaskKind;

/// What a value may be limited to; `None` is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Name of a namespace.
    pub namespace: Option<String>,
    /// Name of a task queue.
    pub task_queue: Option<String>,
    /// Kind of its tasks.
    pub task_kind: Option<TaskKind>,
}

/// Where a value is read.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Name of the namespace.
    pub namespace: &'a str,
    /// Name of the task queue.
    pub task_queue: &'a str,
    /// Kind of its tasks.
    pub task_kind: TaskKind,
}

impl Scope {
    /// Whether a place lies in it.
    pub fn holds(&self, place: Place<'_>) -> bool {
        self.namespace.as_deref().is_none_or(|namespace| namespace == place.namespace)
            && self.task_queue.as_deref().is_none_or(|queue| queue == place.task_queue)
            && self.task_kind.is_none_or(|kind| kind == place.task_kind)
    }
}

/// One version of all values.
#[derive(Clone, Debug)]
pub struct Values<T> {
    /// The value where nothing else is said.
    pub general: Arc<T>,
    /// The values of some namespaces.
    pub namespaces: BTreeMap<String, Arc<T>>,
    /// The values of some task queues, the most specific scope first. Each is complete, so that the first that holds a
    /// place is the value there.
    pub task_queues: Vec<(Scope, Arc<T>)>,
}

impl<T> Values<T> {
    /// The value in a namespace.
    pub fn in_namespace(&self, namespace: &str) -> &Arc<T> {
        self.namespaces.get(namespace).unwrap_or(&self.general)
    }

    /// The value of a task queue.
    pub fn at(&self, place: Place<'_>) -> &Arc<T> {
        let own = self.task_queues.iter().find(|(scope, _)| scope.holds(place));
        own.map_or_else(|| self.in_namespace(place.namespace), |(_, value)| value)
    }
}

impl<T> From<T> for Values<T> {
    fn from(general: T) -> Self {
        Self { general: Arc::new(general), namespaces: BTreeMap::new(), task_queues: Vec::new() }
    }
}

/// Values that change while they are read. Cheap to clone; all clones see the same.
#[derive(Debug)]
pub struct Live<T>(Arc<ArcSwap<Values<T>>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> From<T> for Live<T> {
    fn from(general: T) -> Self {
        Self::new(general.into())
    }
}

impl<T> Live<T> {
    /// Values that are in force from the start.
    pub fn new(values: Values<T>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(values)))
    }

    /// Puts other values in force, for every read from now on.
    pub fn replace(&self, values: Values<T>) {
        self.0.store(Arc::new(values));
    }

    /// The value where nothing else is said.
    pub fn general(&self) -> Arc<T> {
        self.0.load().general.clone()
    }

    /// The value in a namespace.
    pub fn in_namespace(&self, namespace: &str) -> Arc<T> {
        self.0.load().in_namespace(namespace).clone()
    }

    /// The value of a task queue.
    pub fn at(&self, place: Place<'_>) -> Arc<T> {
        self.0.load().at(place).clone()
    }

    /// What `read` takes from the value in a namespace, without keeping it.
    pub fn read<V>(&self, namespace: &str, read: impl FnOnce(&T) -> V) -> V {
        read(self.0.load().in_namespace(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_value_is_read_and_others_are_seen_at_once() {
        let live = Live::from(1);
        let reader = live.clone();
        let queue = |namespace, task_queue| Place { namespace, task_queue, task_kind: TaskKind::Activity };
        assert_eq!(*reader.at(queue("a", "q")), 1);
        let scope = |namespace: Option<&str>, task_queue: &str| Scope {
            namespace: namespace.map(Into::into),
            task_queue: Some(task_queue.into()),
            task_kind: None,
        };
        live.replace(Values {
            general: Arc::new(2),
            namespaces: [("a".to_owned(), Arc::new(3))].into(),
            task_queues: vec![(scope(Some("a"), "q"), Arc::new(4)), (scope(None, "q"), Arc::new(5))],
        });
        assert_eq!((*reader.general(), *reader.in_namespace("a"), *reader.in_namespace("b")), (2, 3, 2));
        let read =
            [queue("a", "q"), queue("b", "q"), queue("a", "p"), queue("b", "p")].map(|at| *reader.at(at));
        assert_eq!(read, [4, 5, 3, 2]);
    }
}
