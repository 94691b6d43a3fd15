//! Taking a step back: what a run was before a step that turned out to be a mistake, without a copy of all that is
//! pending in it. The tables remember which of their entries were changed; the rest of a run is small and is copied.

use super::Run;

/// What a run was, but for its tables.
pub(super) struct Before(Run);

/// Calls `$method` on every table of a run.
macro_rules! each_table {
    ($run:expr, $method:ident) => {
        $run.activities.$method();
        $run.timers.$method();
        $run.children.$method();
        $run.signals_out.$method();
        $run.cancels_out.$method();
        $run.updates.$method();
        $run.admitted_updates.$method();
        $run.duties.$method();
        $run.nexus_operations.$method();
    };
}

impl Run {
    /// Remembers what the run is, until [`Run::keep`] or [`Run::undo`]. The ids of signals, which are not a table, don't
    /// change in between: whoever answers a workflow task sends none.
    pub(super) fn mark(&mut self) -> Before {
        let mut large = Self::default();
        self.exchange_large(&mut large);
        let before = Before(self.clone());
        self.exchange_large(&mut large);
        each_table!(self, mark);
        before
    }

    /// What happened since the mark stands.
    pub(super) fn keep(&mut self) {
        each_table!(self, keep);
    }

    /// Makes the run what it was.
    pub(super) fn undo(&mut self, before: Before) {
        each_table!(self, undo);
        let Before(mut before) = before;
        self.exchange_large(&mut before);
        *self = before;
    }

    /// Exchanges the parts that may be large.
    fn exchange_large(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.activities, &mut other.activities);
        std::mem::swap(&mut self.timers, &mut other.timers);
        std::mem::swap(&mut self.children, &mut other.children);
        std::mem::swap(&mut self.signals_out, &mut other.signals_out);
        std::mem::swap(&mut self.cancels_out, &mut other.cancels_out);
        std::mem::swap(&mut self.updates, &mut other.updates);
        std::mem::swap(&mut self.admitted_updates, &mut other.admitted_updates);
        std::mem::swap(&mut self.duties, &mut other.duties);
        std::mem::swap(&mut self.nexus_operations, &mut other.nexus_operations);
        std::mem::swap(&mut self.signal_request_ids, &mut other.signal_request_ids);
    }
}
