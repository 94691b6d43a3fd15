//! Values, constraints and files that change.

use std::{fs, path::Path, time::Duration};

use longhaul_runtime::Place;

use super::{
    watch::{Source, Watch},
    *,
};

fn read(text: &str) -> Result<Layers> {
    Ok(Layers { file: file::parse(Path::new("dynamic.yaml"), text)?, ..Layers::default() })
}

fn refused(text: &str) -> String {
    format!("{:#}", read(text).expect_err("it is wrong"))
}

#[test]
fn the_most_specific_value_counts_and_of_equal_ones_the_first() {
    let layers = read(
        "
matching.longPollExpirationInterval:
  - value: 10s
  - value: 99s
  - value: 20s
    constraints: {namespace: a}
  - value: 30s
    constraints: {taskQueueName: q}
  - value: 40s
    constraints: {namespace: a, taskQueueName: q}
  - value: 50s
    constraints: {namespace: a, taskQueueName: q, taskType: Activity}
limit.blobSize.error:
  - value: 5
    constraints: {namespace: b}
",
    )
    .expect("it is right");
    let in_force = InForce::new(&layers.everywhere());
    let wait = |namespace, task_queue, task_kind| {
        in_force.matching.at(Place { namespace, task_queue, task_kind }).poll_wait.as_secs()
    };
    assert_eq!(wait("x", "x", TaskKind::Workflow), 10);
    assert_eq!(wait("a", "x", TaskKind::Workflow), 20);
    assert_eq!(wait("x", "q", TaskKind::Workflow), 30);
    assert_eq!(wait("b", "q", TaskKind::Activity), 30);
    assert_eq!(wait("a", "q", TaskKind::Workflow), 40);
    assert_eq!(wait("a", "q", TaskKind::Activity), 50);
    let blob = |namespace: &str| in_force.frontend.in_namespace(namespace).limits.blob_bytes_max;
    assert_eq!((blob("a"), blob("b")), (2 << 20, 5));
    assert_eq!(in_force.history.in_namespace("b").limits.blob_bytes_max, 5);
}

#[test]
fn the_command_line_wins_over_the_file() {
    let mut layers =
        read("limit.memoSize.error: [{value: 5, constraints: {namespace: a}}]").expect("it is right");
    layers.arguments.argument("limit.memosize.error=7").expect("it is right");
    let scope = Scope { namespace: Some("a".into()), ..Scope::default() };
    assert_eq!(layers.within(&scope).limits.memo_bytes_max, 7);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    assert_eq!(
        refused("# sizes\nlimit.blobSize.error:\n  - value: much\n"),
        "dynamic.yaml:3: setting limit.blobSize.error can't be \"much\": it is at least 1 (bytes)"
    );
    assert_eq!(
        refused("frontend.rps:\n  - value: 1\n    constraints: {colour: red}\n"),
        "dynamic.yaml:2: colour is not a constraint"
    );
    assert!(refused("frontend.rps:\n  - value: 1\n    constrains: {}\n").starts_with("dynamic.yaml:3: "));
    assert!(refused("frontend.rps: 1\n").starts_with("dynamic.yaml:1: "));
    assert!(refused("a: [").starts_with("dynamic.yaml:"));
}

#[test]
fn keys_without_a_meaning_are_told_apart() {
    let text = "
history.shardIOConcurrency: [{value: 3}]
frontend.nonsense: [{value: 3}]
frontend.rps:
  - value: 3
    constraints: {namespace: a}
limit.blobSize.error:
  - value: 3
    constraints: {shardId: 7}
";
    let layers = read(text).expect("it is right");
    let notes: Vec<&String> = layers.file.notes.iter().collect();
    assert_eq!(
        notes,
        [
            "dynamic.yaml:5: frontend.rps is set per process; the value is not used",
            "dynamic.yaml:8: limit.blobSize.error can't be constrained by shardId; the value is not used",
            "frontend.nonsense is not a key of the reference and changes nothing",
            "history.shardIOConcurrency has no meaning here and changes nothing",
        ]
    );
    assert!(layers.file.rules.is_empty());
    assert!(read("# nothing yet\n").expect("it is right").file.rules.is_empty());
}

#[test]
fn a_changed_file_is_heeded_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dynamic.yaml");
    let write = |text: &str| fs::write(&path, text).expect("it is written");
    write("limit.maxIDLength: [{value: 10}]");
    let text = file::text(&path).expect("it is there");
    let layers = Layers { file: file::parse(&path, &text).expect("it is right"), ..Layers::default() };
    let in_force = InForce::new(&layers.everywhere());
    let mut watch = Watch::new(Source { path: path.clone(), interval: Duration::from_secs(1) }, layers);
    let mut look = || {
        watch.look(&in_force);
        in_force.frontend.general().limits.id_bytes_max
    };
    assert_eq!(look(), 10);
    write("limit.maxIDLength: [{value: 20}]");
    assert_eq!(look(), 20);
    write("limit.maxIDLength: [{value: no}]");
    assert_eq!(look(), 20, "the old value stays");
    fs::remove_file(&path).expect("it is removed");
    assert_eq!(look(), 20, "the old value stays");
    write("");
    assert_eq!(look(), 1000);
}
