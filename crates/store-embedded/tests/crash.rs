//! Processes that end badly: killed under load, or out of disk. What they acknowledged is there.

#![allow(
    clippy::disallowed_methods,
    reason = "the test talks to a process of its own through the environment"
)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use longhaul_kernel::{ids::RunKey, time::Timestamp};
use longhaul_store::{
    CommitError, CurrentWrite, Direction, ReadError, ShardRange, StateWrite, Store, Wake, Write,
    conformance::{
        sample::{
            EVERYTHING, batch, commit, delta, duty, events, follow, noise, own, run, start, stored, text,
            version,
        },
        wait,
    },
};
use longhaul_store_embedded::{EmbeddedStore, Options};

const FOLDER: &str = "LONGHAUL_TEST_FOLDER";
const WRITERS: usize = 16;

fn open(folder: &Path) -> Arc<dyn Store> {
    let options = Options { memtable_bytes: 1 << 20, ..Options::default() };
    Arc::new(EmbeddedStore::open(folder, options).expect("the folder can be opened"))
}

/// Starts this test binary again with one of the `child_` tests.
fn child(test: &str, folder: &Path, shell: Option<&str>) -> Child {
    let this = std::env::current_exe().expect("this test is a file");
    let mut command = match shell {
        Some(script) => {
            let mut command = Command::new("sh");
            command.args(["-c", script]).arg(this);
            command
        }
        None => Command::new(this),
    };
    let command = command.args(["--exact", test, "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("a process can be started")
}

/// Versions of runs that a child has told, read until it ends.
fn acknowledged(child: &mut Child) -> thread::JoinHandle<BTreeMap<String, u64>> {
    let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
    thread::spawn(move || {
        let mut versions = BTreeMap::new();
        for line in output.lines().map_while(Result::ok) {
            // The last line of a killed process may be cut, so a line says where it ends.
            let told = line.strip_prefix("done ").and_then(|told| told.strip_suffix(" ."));
            let told = told.and_then(|told| told.split_once(' '));
            if let Some((name, Ok(version))) = told.map(|(name, version)| (name, version.parse())) {
                versions.insert(name.to_owned(), version);
            }
        }
        versions
    })
}

fn tell(name: &str, version: u64) {
    let line = format!("done {name} {version} .\n");
    let mut output = std::io::stdout().lock();
    // The reader may have gone; the next signal ends this process anyway.
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
}

/// One transition in which every kind of record tells the version.
fn transition(run: &RunKey, version: u64) -> Write {
    let base = match version {
        1 => start(run),
        _ if version.is_multiple_of(7) => follow(run, version - 1),
        _ => delta(run, version - 1),
    };
    Write {
        history: vec![batch(run, version as i64, version as i64)],
        shares: Vec::new(),
        current: CurrentWrite::Put(text(&version.to_string())),
        outbox_put: vec![(duty(1, version as i64), text("duty"))],
        outbox_delete: vec![duty(1, version as i64 - 1)],
        wake_put: Some(Timestamp(version as i64)),
        ..base
    }
}

/// Everything the store knows of the run is of one version.
fn assert_whole(store: &Arc<dyn Store>, run: &RunKey) -> u64 {
    let Some(found) = stored(store, run) else {
        assert_eq!(wait(store.current(run.execution.clone())), Ok(None));
        return 0;
    };
    let version = found.version;
    assert_eq!(found.deltas.len() as u64, if version < 7 { version - 1 } else { version % 7 });
    let expected: Vec<i64> = (1..=version as i64).collect();
    assert_eq!(events(store, run, 1, i64::MAX, Direction::Forward), expected);
    assert_eq!(wait(store.current(run.execution.clone())), Ok(Some(text(&version.to_string()))));
    let slot = run.execution.slot();
    let range = ShardRange { first: slot, last: slot, ..EVERYTHING };
    let rows = wait(store.outbox(range, None, 99)).expect("the outbox can be read");
    let duties: Vec<i64> = rows.iter().filter(|row| row.run == *run).map(|row| row.id.event).collect();
    assert_eq!(duties, [version as i64]);
    let wakes = wait(store.wakes(slot, Timestamp::MAX, None, 99)).expect("wakes can be read");
    let wakes: Vec<Wake> = wakes.into_iter().filter(|wake| wake.run == *run).collect();
    assert_eq!(wakes, [Wake { at: Timestamp(version as i64), run: run.clone() }]);
    version
}

#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(folder.as_ref());
    let fence = own(&store);
    thread::scope(|scope| {
        for n in 0..WRITERS {
            let store = &store;
            scope.spawn(move || {
                let name = format!("w{n}");
                let mine = run(&name);
                for next in version(store, &mine).unwrap_or(0) + 1.. {
                    commit(store, fence, vec![transition(&mine, next)]);
                    tell(&name, next);
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_survives_kill() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut acked: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..5 {
        let mut child = child("child_that_writes_until_it_is_killed", folder.path(), None);
        let told = acknowledged(&mut child);
        thread::sleep(Duration::from_millis(400 + 130 * round));
        child.kill().expect("the child can be killed");
        child.wait().expect("the child ends");
        acked.extend(told.join().expect("the output was read"));
        let store = open(folder.path());
        for n in 0..WRITERS {
            let name = format!("w{n}");
            let version = assert_whole(&store, &run(&name));
            let acked = acked.get(&name).copied().unwrap_or(0);
            assert!((acked..=acked + 1).contains(&version), "{name}: acknowledged {acked}, found {version}");
        }
    }
    assert!(acked.values().sum::<u64>() > 100, "the rounds did something: {acked:?}");
}

/// Writes until it fails, tells what was acknowledged, and asserts that everything is refused afterwards.
fn write_until_refused(folder: &Path, options: Options, state: fn(u64) -> Bytes) -> CommitError {
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(folder, options).expect("the folder can be opened"));
    let (fence, order) = (own(&store), run("order"));
    let mut next = 1;
    let first = loop {
        // Large states of many runs, so that tables have something to keep.
        let large =
            Write { state: StateWrite::Snapshot(state(next)), ..start(&run(&format!("large{next}"))) };
        match wait(store.commit(fence, vec![transition(&order, next), large])) {
            Ok(()) => tell("order", next),
            Err(error) => break error,
        }
        next += 1;
    };
    let named = folder.display().to_string();
    let told = |text: &str| text.contains(&named) && text.contains("free space");
    assert!(told(&first.to_string()), "{first}");
    let second = wait(store.commit(fence, vec![start(&run("other"))]));
    assert!(matches!(&second, Err(CommitError::Busy(text)) if told(text)), "{second:?}");
    let read = wait(store.run(order));
    assert!(matches!(&read, Err(ReadError::Busy(text)) if told(text)), "{read:?}");
    first
}

#[test]
fn child_whose_journal_hits_the_limit() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let first = write_until_refused(folder.as_ref(), Options::default(), |n| noise(n, 30_000));
    assert!(matches!(&first, CommitError::Unknown(_)), "the write in doubt: {first}");
    tell("end", 1);
}

#[test]
fn child_whose_tables_hit_the_limit() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    // The journal compresses large values, young tables do not.
    let options = Options { memtable_bytes: 1 << 20, ..Options::default() };
    let first = write_until_refused(folder.as_ref(), options, |_| Bytes::from(vec![b'x'; 30_000]));
    assert!(matches!(&first, CommitError::Busy(_)), "nothing of it was written: {first}");
    tell("end", 1);
}

#[test]
fn a_journal_that_can_not_grow_loses_nothing_acknowledged() {
    loses_nothing_acknowledged("child_whose_journal_hits_the_limit");
}

#[test]
fn tables_that_can_not_be_written_lose_nothing_acknowledged() {
    loses_nothing_acknowledged("child_whose_tables_hit_the_limit");
}

fn loses_nothing_acknowledged(test: &str) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = open(folder.path());
    commit(&store, own(&store), vec![start(&run("before"))]);
    drop(store);
    // No file of the child may grow beyond 2 MiB (the shell counts in blocks of 512 bytes), and a write beyond is an
    // error instead of a signal.
    let limited = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\"";
    let mut child = child(test, folder.path(), Some(limited));
    let told = acknowledged(&mut child);
    let ended = child.wait().expect("the child ends");
    let told = told.join().expect("the output was read");
    assert!(ended.success() && told.contains_key("end"), "the child met what it expected: {ended}, {told:?}");
    let acked = told.get("order").copied().unwrap_or(0);
    assert!(acked > 3, "some writes went well: {acked}");

    let store = open(folder.path());
    assert_eq!(version(&store, &run("before")), Some(1));
    let found = assert_whole(&store, &run("order"));
    assert!((acked..=acked + 1).contains(&found), "acknowledged {acked}, found {found}");
    assert_eq!(version(&store, &run("other")), None, "what was refused was not written");
    commit(&store, own(&store), vec![start(&run("after"))]);
}
