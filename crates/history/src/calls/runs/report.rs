//! What is stored of a run, in lines for an operator.

use longhaul_kernel::{
    run::{DutyId, Phase, Run},
    time::Timestamp,
    visibility::format_datetime,
};
use longhaul_proto::api::history::v1::HistoryEvent;
use longhaul_runtime::peers::ReportLine;

use crate::{quarantine::Aside, remains::Remains};

/// Events told of; of a longer history the newest.
const EVENTS: usize = 1000;

/// What is pending, of each sort.
const PENDING: usize = 100;

/// Everything there is to say.
pub fn lines(aside: Option<&Aside>, remains: &Remains) -> Vec<ReportLine> {
    let mut out = Vec::new();
    let mut say = |name: &str, value: String| out.push(line(name, value));
    say("Workflow", remains.run.execution.id.to_string());
    say("Run", remains.run.run.to_string());
    say(
        "Quarantined",
        match aside {
            None => "no".into(),
            Some(aside) => format!("since {}: {}", format_datetime(aside.since), aside.reason),
        },
    );
    say(
        "Newest run",
        match &remains.current {
            Ok(Some(current)) if current.run_id == remains.run.run => "yes".into(),
            Ok(Some(current)) => format!("no, that is {}", current.run_id),
            Ok(None) => "no, there is none".into(),
            Err(why) => format!("not known: {why}"),
        },
    );
    let stored = &remains.stored;
    let delta_bytes: usize = stored.deltas.iter().map(bytes::Bytes::len).sum();
    say("Version", stored.version.to_string());
    say("Snapshot", readable(&remains.snapshot, stored.snapshot.len()));
    let broken = remains.deltas.iter().enumerate().filter_map(|(index, delta)| {
        let why = delta.as_ref().err()?;
        Some((format!("Delta {}", index + 1), format!("{why} ({} bytes)", stored.deltas[index].len())))
    });
    say("Deltas", format!("{} of {delta_bytes} bytes", stored.deltas.len()));
    broken.for_each(|(name, why)| say(&name, why));
    say("Wakes", remains.wake.map_or_else(|| "never".into(), format_datetime));
    for row in &remains.outbox {
        let duty = DutyId::from_key(row.id.kind, row.id.event);
        let name = duty.map_or_else(|| format!("{:?}", row.id), |duty| format!("{duty:?}"));
        say("Owes", format!("{name} ({} bytes)", row.record.len()));
    }
    match &remains.state {
        Ok(run) => out.extend(of_state(run)),
        Err(why) => say("State", format!("can't be made: {why}")),
    }
    out.extend(of_history(remains));
    out
}

fn line(name: &str, value: String) -> ReportLine {
    ReportLine { name: name.into(), value }
}

fn readable<T>(read: &Result<T, String>, bytes: usize) -> String {
    match read {
        Ok(_) => format!("{bytes} bytes"),
        Err(why) => format!("{why} ({bytes} bytes)"),
    }
}

/// What a run is like.
pub fn of_state(run: &Run) -> Vec<ReportLine> {
    let type_name = run.start.workflow_type.as_ref().map_or("", |name| &name.name);
    let queue = run.start.task_queue.as_ref().map_or("", |queue| &queue.name);
    let mut out = vec![line(
        "State",
        format!(
            "{:?}, type \"{type_name}\", task queue \"{queue}\", next event {}, {} bytes of history",
            run.status(),
            run.next_event_id,
            run.history_bytes
        ),
    )];
    if let Some(task) = &run.workflow_task {
        let started = if task.started.is_some() { "started" } else { "scheduled" };
        let text = format!(
            "{:?}, event {}, attempt {}, {started}",
            task.kind, task.scheduled_event_id, task.attempt
        );
        out.push(line("Workflow task", text));
    }
    let mut pending = |name: &str, lines: Vec<String>| {
        out.extend(lines.into_iter().take(PENDING).map(|text| line(name, text)));
    };
    let activities = run.activities.iter().map(|(event, activity)| {
        let phase = match &activity.phase {
            Phase::Backoff => "waits to be tried again".to_owned(),
            Phase::Scheduled => "waits for a worker".to_owned(),
            Phase::Started { identity, .. } => format!("is with \"{identity}\""),
        };
        let id = &activity.scheduled.activity_id;
        format!("\"{id}\", event {event}, attempt {}, {phase}", activity.attempt)
    });
    pending("Activity", activities.collect());
    let timers = run.timers.iter();
    pending(
        "Timer",
        timers.map(|(id, timer)| format!("\"{id}\" at {}", format_datetime(timer.fires_at))).collect(),
    );
    let children = run.children.iter().map(|(event, child)| {
        let started = child.started.as_ref().map_or("not started", |started| &started.run_id);
        format!("\"{}\", event {event}, {started}", child.initiated.workflow_id)
    });
    pending("Child", children.collect());
    let operations = run.nexus_operations.iter();
    pending("Nexus operation", operations.map(|(event, _)| format!("event {event}")).collect());
    let waiting = run.buffered.iter();
    pending("Waiting event", waiting.map(|event| event.event_type().as_str_name().to_owned()).collect());
    out
}

fn of_history(remains: &Remains) -> Vec<ReportLine> {
    let (events, batches) = match &remains.history {
        Ok((events, batches)) => (events, batches),
        Err(why) => return vec![line("History", format!("can't be read: {why}"))],
    };
    let mut out = vec![line("History", format!("{} events in {batches} batches", events.len()))];
    match Run::from_history(remains.known(), events) {
        Ok(_) => out.push(line("Rebuild", "is possible: the history holds together".into())),
        Err(broken) => out.push(line("Rebuild", format!("is not possible: {broken}"))),
    }
    let newest = events.len().saturating_sub(EVENTS);
    out.extend(events[newest..].iter().map(event_line));
    out
}

fn event_line(event: &HistoryEvent) -> ReportLine {
    let at = event.event_time.as_ref().map_or_else(Timestamp::default, Timestamp::from_proto);
    let kind = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_");
    line(&format!("Event {}", event.event_id), format!("{} {kind}", format_datetime(at)))
}
