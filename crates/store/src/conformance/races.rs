//! Many callers at once: one winner per version, no write of a stale owner, no torn reads.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Waker},
    thread,
};

use super::{
    Case,
    sample::{batch, commit, delta, events, follow, own, run, start, stored, text, version},
    wait,
};
use crate::{CommitError, Direction, Store, Write};

pub(super) const CASES: &[Case] = &[
    ("one of many starts a run", one_of_many_starts_a_run),
    ("concurrent commits lose nothing", concurrent_commits_lose_nothing),
    ("one of many follows a version", one_of_many_follows_a_version),
    ("a stale owner never writes", a_stale_owner_never_writes),
    ("a read is never torn", a_read_is_never_torn),
    ("one of many changes a document", one_of_many_changes_a_document),
    ("a dropped commit happens as a whole or not", a_dropped_commit_happens_as_a_whole_or_not),
];

const THREADS: u64 = 8;

/// Runs `body` on all threads at once.
fn together(body: impl Fn(u64) + Sync) {
    let gate = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for n in 0..THREADS {
            let (gate, body) = (&gate, &body);
            scope.spawn(move || {
                gate.wait();
                body(n);
            });
        }
    });
}

fn one_of_many_starts_a_run(store: &Arc<dyn Store>) {
    let fence = own(store);
    for round in 0..20 {
        let (order, won) = (run(&format!("order{round}")), AtomicU64::new(0));
        together(|n| {
            let write = Write { version: n + 1, ..start(&order) };
            match wait(store.commit(fence, vec![write])) {
                Ok(()) => assert_eq!(won.swap(n + 1, Ordering::SeqCst), 0, "only one may win"),
                Err(error) => assert_eq!(error, CommitError::Conflict { run: order.clone() }),
            }
        });
        assert_eq!(version(store, &order), Some(won.into_inner()));
    }
}

fn concurrent_commits_lose_nothing(store: &Arc<dyn Store>) {
    const STEPS: u64 = 40;
    let fence = own(store);
    together(|n| {
        let mine = run(&format!("own{n}"));
        commit(store, fence, vec![start(&mine)]);
        for version in 1..STEPS {
            let history = vec![batch(&mine, version as i64, version as i64)];
            let write = if version % 10 == 0 { follow(&mine, version) } else { delta(&mine, version) };
            commit(store, fence, vec![Write { history, ..write }]);
            assert_eq!(self::version(store, &mine), Some(version + 1), "an acknowledged write is read back");
        }
    });
    for n in 0..THREADS {
        let mine = run(&format!("own{n}"));
        assert_eq!(version(store, &mine), Some(STEPS));
        assert_eq!(events(store, &mine, 1, i64::MAX, Direction::Forward).len(), STEPS as usize - 1);
    }
}

fn one_of_many_follows_a_version(store: &Arc<dyn Store>) {
    const WINS: u64 = 15;
    let (fence, order) = (own(store), run("order"));
    commit(store, fence, vec![start(&order)]);
    together(|_| {
        let mut wins = 0;
        while wins < WINS {
            let seen = version(store, &order).expect("the run exists");
            let history = vec![batch(&order, seen as i64, seen as i64)];
            match wait(store.commit(fence, vec![Write { history, ..delta(&order, seen) }])) {
                Ok(()) => wins += 1,
                Err(error) => assert_eq!(error, CommitError::Conflict { run: order.clone() }),
            }
        }
    });
    let found = stored(store, &order).expect("the run exists");
    let total = THREADS * WINS;
    assert_eq!((found.version, found.deltas.len() as u64), (total + 1, total));
    let expected: Vec<i64> = (1..=total as i64).collect();
    assert_eq!(
        events(store, &order, 1, i64::MAX, Direction::Forward),
        expected,
        "every version has one batch"
    );
}

fn a_stale_owner_never_writes(store: &Arc<dyn Store>) {
    let order = run("order");
    commit(store, own(store), vec![start(&order)]);
    // Whoever is granted the fence reads the run once and then goes on from what it knows. If a stale owner could
    // write after that, the version known would be wrong and the commit a conflict.
    together(|_| {
        for _ in 0..6 {
            let fence = own(store);
            let mut known = version(store, &order).expect("the run exists");
            for _ in 0..5 {
                match wait(store.commit(fence, vec![follow(&order, known)])) {
                    Ok(()) => known += 1,
                    Err(CommitError::Fenced { stale, current, .. }) => {
                        assert!(stale == fence.epoch && current > stale);
                        break;
                    }
                    // Read between the grant of a newer fence and the newer owner's write: stale as well.
                    Err(CommitError::Conflict { .. }) => panic!("somebody wrote behind the owner's back"),
                    Err(other) => panic!("unexpected: {other}"),
                }
            }
        }
    });
}

fn a_read_is_never_torn(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    commit(store, fence, vec![start(&order)]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let found = stored(store, &order).expect("the run exists");
                let base = String::from_utf8_lossy(&found.snapshot)[1..].parse::<u64>().expect("a version");
                let expected: Vec<_> = (base + 1..=found.version).map(|v| text(&format!("d{v}"))).collect();
                assert_eq!(found.deltas, expected, "deltas follow the snapshot without a gap");
            }
        });
        for version in 1..150 {
            let write = if version % 7 == 0 { follow(&order, version) } else { delta(&order, version) };
            commit(store, fence, vec![write]);
        }
        done.store(true, Ordering::Release);
        reader.join().expect("the reader found no torn state");
    });
}

fn one_of_many_changes_a_document(store: &Arc<dyn Store>) {
    const WINS: u64 = 10;
    together(|_| {
        let mut wins = 0;
        while wins < WINS {
            let seen = wait(store.document("section", "a".into())).expect("documents can be read");
            let version = seen.map_or(0, |document| document.version);
            let put = store.put_document("section", "a".into(), version, Some(text("x")));
            wins += u64::from(wait(put).expect("documents can be written").is_some());
        }
    });
    let end = wait(store.document("section", "a".into())).expect("documents can be read");
    assert_eq!(end.map(|document| document.version), Some(THREADS * WINS));
}

fn a_dropped_commit_happens_as_a_whole_or_not(store: &Arc<dyn Store>) {
    let fence = own(store);
    for round in 0..30 {
        let pair = [run(&format!("a{round}")), run(&format!("b{round}"))];
        let mut future = store.commit(fence, pair.iter().map(start).collect());
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(future);
        // Commits take effect in turn: once this one is through, the dropped one has happened or never will.
        commit(store, fence, vec![start(&run(&format!("after{round}")))]);
        let found = pair.each_ref().map(|run| version(store, run));
        assert!(found == [None, None] || found == [Some(1), Some(1)], "half a commit: {found:?}");
    }
}
