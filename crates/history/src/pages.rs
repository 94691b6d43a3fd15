//! Pages of the completion of a workflow task that were sent ahead of the last one. They are kept in memory only: a
//! worker whose pages are lost is told so and sends them again from the first. What they take is bounded for each run,
//! for each namespace and for the process.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    Refusal,
    ids::NamespaceId,
    run::{Run, TaskRef},
};
use longhaul_proto::api::{
    command::v1::Command, workflowservice::v1::RespondWorkflowTaskCompletedRequest as Request,
};
use parking_lot::Mutex;
use prost::Message;

use crate::settings::Settings;

/// Most pages of one completion, the last one among them.
const PAGES_MAX: i32 = 1024;

/// Whether a request is no whole completion.
pub fn is_one_of_many(request: &Request) -> bool {
    request.intermediate_page || request.page_number > 0
}

/// Refuses a page that can't be one, or pages where they are switched off.
///
/// # Errors
/// The refusal, with the reference's text.
pub fn check(request: &Request, namespace: &str, settings: &Settings) -> Result<(), Refusal> {
    let number = request.page_number;
    if !settings.limits.completion_pages {
        let text = "workflow task completion pagination is disabled for this namespace";
        return Err(Refusal::FailedPrecondition(format!("{text} {namespace}")));
    }
    if number < 0 {
        let text = "workflow task completion pagination page number must be non-negative";
        return Err(Refusal::invalid(text));
    }
    if number >= PAGES_MAX {
        let text = format!("workflow task completion pagination supports at most {PAGES_MAX} pages");
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

/// What became of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Kept {
    /// It waits for the last one.
    Waits,
    /// The run's pages are too many bytes: the run can't go on.
    TooLarge,
}

/// The pages that a run has for its workflow task.
#[derive(Debug, Default)]
pub struct Pages {
    /// The attempt they are of, by its started event and its number.
    task: (i64, i32),
    pages: BTreeMap<i32, Vec<Command>>,
    bytes: usize,
    held: Vec<Held>,
}

impl Pages {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Lets go of pages whose task is over.
    pub fn settle(&mut self, run: &Run) {
        let goes_on = |task: &(i64, i32)| {
            run.workflow_task.as_ref().is_some_and(|own| {
                own.started.as_ref().is_some_and(|started| (started.event_id, own.attempt) == *task)
            })
        };
        let stays = self.is_empty() || (run.is_running() && goes_on(&self.task));
        if !stays {
            self.clear();
        }
    }

    /// Lets go of all pages.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps a page; the first one of its number counts. A refusal lets go of the others.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty page, `Aborted` if there is no room.
    pub fn keep(
        &mut self,
        task: TaskRef<Request>,
        namespace: NamespaceId,
        budget: &Arc<Budget>,
        settings: &Settings,
    ) -> Result<Kept, Refusal> {
        if task.request.commands.is_empty() {
            self.clear();
            return Err(Refusal::invalid("intermediate workflow task page must carry at least one command"));
        }
        let number = task.request.page_number;
        if self.pages.contains_key(&number) {
            return Ok(Kept::Waits);
        }
        let bytes: usize = task.request.commands.iter().map(Message::encoded_len).sum();
        if self.bytes + bytes > settings.limits.completion_bytes_max {
            self.clear();
            return Ok(Kept::TooLarge);
        }
        let Some(held) = Budget::hold(budget, namespace, bytes, settings) else {
            self.clear();
            let text = "workflow task completion buffer memory limit reached while buffering page";
            return Err(Refusal::WorkflowTaskCompletionBufferLost(format!("{text} {number}")));
        };
        self.held.push(held);
        self.bytes += bytes;
        self.task = (task.started_event_id, task.attempt);
        self.pages.insert(number, task.request.commands);
        Ok(Kept::Waits)
    }

    /// Puts the commands of the pages in front of those of the last one. Whatever comes of it, the pages are gone.
    ///
    /// # Errors
    /// `Aborted` if a page is missing.
    pub fn join(&mut self, task: &mut TaskRef<Request>) -> Result<(), Refusal> {
        let Self { mut pages, .. } = std::mem::take(self);
        let count = task.request.page_number;
        if count <= 0 {
            return Ok(());
        }
        if pages.is_empty() {
            let TaskRef { scheduled_event_id, attempt, .. } = task;
            return Err(Refusal::WorkflowTaskCompletionBufferLost(format!(
                "workflow task completion buffer lost for scheduled event {scheduled_event_id} attempt {attempt}"
            )));
        }
        let mut commands = Vec::new();
        for number in 0..count {
            let page = pages.remove(&number).ok_or_else(|| {
                Refusal::WorkflowTaskCompletionBufferLost(format!(
                    "workflow task completion buffer missing page {number} of {count}"
                ))
            })?;
            commands.extend(page);
        }
        commands.append(&mut task.request.commands);
        task.request.commands = commands;
        Ok(())
    }
}

/// Bytes of all pages, by namespace.
#[derive(Debug, Default)]
pub struct Budget(Mutex<BTreeMap<NamespaceId, usize>>);

impl Budget {
    /// Room for a page, until it is dropped.
    fn hold(budget: &Arc<Self>, namespace: NamespaceId, bytes: usize, settings: &Settings) -> Option<Held> {
        let mut taken = budget.0.lock();
        let total: usize = taken.values().sum();
        let own = taken.get(&namespace).copied().unwrap_or(0) + bytes;
        let share = settings.pages_bytes_max as f64 * settings.pages_namespace_share;
        if total + bytes > settings.pages_bytes_max || own as f64 > share {
            return None;
        }
        taken.insert(namespace, own);
        Some(Held { budget: budget.clone(), namespace, bytes })
    }
}

/// Room that a page takes.
#[derive(Debug)]
struct Held {
    budget: Arc<Budget>,
    namespace: NamespaceId,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.budget.0.lock();
        if let Some(own) = taken.get_mut(&self.namespace) {
            *own -= self.bytes;
            if *own == 0 {
                taken.remove(&self.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use longhaul_kernel::time::Timestamp;

    use super::*;

    const NAMESPACE: NamespaceId = NamespaceId::from_bytes([1; 16]);

    fn page(number: i32, commands: usize) -> TaskRef<Request> {
        let command = Command { command_type: 5, ..Command::default() };
        let request =
            Request { commands: vec![command; commands], page_number: number, ..Request::default() };
        TaskRef { scheduled_event_id: 2, started_event_id: 3, started_at: Timestamp(0), attempt: 1, request }
    }

    fn settings(bytes_max: usize, share: f64) -> Settings {
        Settings { pages_bytes_max: bytes_max, pages_namespace_share: share, ..Settings::default() }
    }

    #[test]
    fn commands_come_in_the_order_of_their_pages() {
        let (mut pages, budget, settings) = (Pages::default(), Arc::default(), settings(1000, 1.0));
        for (number, commands) in [(1, 2), (0, 1), (0, 7)] {
            let kept = pages.keep(page(number, commands), NAMESPACE, &budget, &settings);
            assert_eq!(kept, Ok(Kept::Waits));
        }
        let mut last = page(2, 4);
        assert_eq!(pages.join(&mut last), Ok(()));
        assert_eq!(last.request.commands.len(), 1 + 2 + 4, "the first page of a number counts");
        assert!(pages.is_empty() && budget.0.lock().is_empty());
    }

    #[test]
    fn a_missing_page_loses_the_others() {
        let (mut pages, budget, settings) = (Pages::default(), Arc::default(), settings(1000, 1.0));
        pages.keep(page(1, 1), NAMESPACE, &budget, &settings).expect("it fits");
        let lost = |text: &str| Err(Refusal::WorkflowTaskCompletionBufferLost(text.into()));
        let missing = "workflow task completion buffer missing page 0 of 2";
        assert_eq!(pages.join(&mut page(2, 1)), lost(missing));
        let gone = "workflow task completion buffer lost for scheduled event 2 attempt 1";
        assert_eq!(pages.join(&mut page(2, 1)), lost(gone));
        assert!(budget.0.lock().is_empty());
    }

    #[test]
    fn a_namespace_takes_no_more_than_its_share() {
        let bytes = page(0, 1).request.commands[0].encoded_len();
        let (budget, settings) = (Arc::default(), settings(4 * bytes, 0.5));
        let mut mine = Pages::default();
        for number in 0..2 {
            assert_eq!(mine.keep(page(number, 1), NAMESPACE, &budget, &settings), Ok(Kept::Waits));
        }
        let mut more = Pages::default();
        assert!(more.keep(page(0, 1), NAMESPACE, &budget, &settings).is_err());
        let (other, mut others) = (NamespaceId::from_bytes([2; 16]), Pages::default());
        assert_eq!(others.keep(page(0, 2), other, &budget, &settings), Ok(Kept::Waits));
        drop(mine);
        assert_eq!(more.keep(page(0, 1), NAMESPACE, &budget, &settings), Ok(Kept::Waits));
    }
}
