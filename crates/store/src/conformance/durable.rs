//! A store that is dropped and opened again at the same place.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{Kind, RunId, RunKey},
    run::Branch,
    time::Timestamp,
};

use super::{
    sample::{
        EVERYTHING, NAMESPACE, Where, batch, commit, delete, delta, duty, events, follow, own, row, run,
        start, start_listed, stored, text,
    },
    wait,
};
use crate::{CommitError, CurrentWrite, Direction, Expect, Store, StoredRun, Write};

/// Everything a reader can see of `runs`, in one text per subject.
fn picture(store: &Arc<dyn Store>, runs: &[RunKey]) -> Vec<String> {
    let states: Vec<Option<StoredRun>> = runs.iter().map(|run| stored(store, run)).collect();
    let read = |run: &RunKey| events(store, run, 1, i64::MAX, Direction::Forward);
    let currents: Vec<_> = runs.iter().map(|run| wait(store.current(run.execution.clone()))).collect();
    let wakes = |run: &RunKey| wait(store.wakes(run.execution.slot(), Timestamp::MAX, None, 99));
    vec![
        format!("{states:?}"),
        format!("{:?}", runs.iter().map(read).collect::<Vec<_>>()),
        format!("{currents:?}"),
        format!("{:?}", runs.iter().map(wakes).collect::<Vec<_>>()),
        format!("{:?}", wait(store.outbox(EVERYTHING, None, 999))),
        format!("{:?}", wait(store.list(NAMESPACE, Kind::Workflow, Where::anything(), None, 999))),
        format!(
            "{:?}",
            wait(store.list(
                NAMESPACE,
                Kind::Workflow,
                Where::all(&[("ExecutionStatus", "Running")]),
                None,
                999
            ))
        ),
        format!(
            "{:?}",
            wait(store.count(NAMESPACE, Kind::Workflow, Where::anything(), Some("WorkflowType".into())))
        ),
        format!("{:?}", wait(store.documents("section", None, 999))),
    ]
}

pub(super) fn what_was_acknowledged_is_there_after_reopening(open: &dyn Fn() -> Arc<dyn Store>) {
    let runs: Vec<RunKey> = (0..40).map(|n| run(&format!("w{n}"))).collect();
    let store = open();
    let old = own(&store);
    for (n, run) in (0..).zip(&runs) {
        let close = (n % 3 == 0).then_some(100 + n);
        let first = Write {
            history: vec![batch(run, 1, 2), batch(run, 3, 3)],
            shares: Vec::new(),
            current: CurrentWrite::Put(text(&format!("current {n}"))),
            outbox_put: vec![(duty(1, n), text("duty")), (duty(2, n), text("duty"))],
            wake_put: Some(Timestamp(n)),
            ..start_listed(row(run, n, close, "order", if close.is_some() { "Completed" } else { "Running" }))
        };
        let second =
            Write { outbox_delete: vec![duty(1, n)], wake_put: Some(Timestamp(n + 9)), ..delta(run, 1) };
        commit(&store, old, vec![first]);
        commit(&store, old, vec![second]);
    }
    commit(&store, old, vec![delete(&runs[5], 2), follow(&runs[6], 2)]);
    // What is shared outlives its owner, and the process.
    let heir = RunKey { run: RunId::from_bytes([9; 16]), ..runs[7].clone() };
    let shares = vec![Branch { id: runs[7].run.into(), last_event: 2 }];
    commit(&store, old, vec![Write { shares: shares.clone(), ..start(&heir) }, delete(&runs[7], 2)]);
    for key in ["a", "b"] {
        let put = store.put_document("section", key.into(), 0, Some(text(key)));
        assert_eq!(wait(put), Ok(Some(1)));
    }
    let before = picture(&store, &runs);
    drop(store);

    let store = open();
    assert_eq!(picture(&store, &runs), before);
    assert_eq!(wait(store.shares(heir.clone())), Ok(shares));
    assert_eq!(events(&store, &runs[7], 1, i64::MAX, Direction::Forward), [1]);
    let new = own(&store);
    assert!(new.epoch > old.epoch, "epochs grow across restarts");
    let outcome = wait(store.commit(old, vec![start(&run("late"))]));
    assert!(matches!(outcome, Err(CommitError::Fenced { .. })), "an owner of an earlier life is stale");
    let again = Write { expect: Expect::New, ..start(&runs[0]) };
    assert!(
        wait(store.commit(new, vec![again])).is_err(),
        "preconditions see what was written in an earlier life"
    );
    commit(&store, new, vec![delta(&runs[0], 2), start(&runs[5]), delta(&runs[6], 3)]);
    let before = picture(&store, &runs);
    drop(store);

    let store = open();
    assert_eq!(picture(&store, &runs), before);
}
