//! Which call is let in.

use super::*;

const NOW: i64 = 1_000_000_000_000;

fn limited(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

fn namespace(number: u8) -> NamespaceId {
    NamespaceId::from_bytes([number; 16])
}

#[test]
fn nothing_is_limited_by_default() {
    let (rates, settings) = (Rates::default(), Settings::default());
    assert!((0..100_000).all(|_| rates.admit("StartWorkflowExecution", &settings, NOW).is_ok()));
}

#[test]
fn later_classes_are_refused_first() {
    let (rates, settings) = (Rates::default(), limited(|settings| settings.rps = 4.0));
    let admits = |call| rates.admit(call, &settings, NOW).is_ok();
    assert!(admits("StartWorkflowExecution") && admits("StartWorkflowExecution"));
    assert!(admits("PollWorkflowTaskQueue") && admits("PollWorkflowTaskQueue"));
    assert!(!admits("PollWorkflowTaskQueue"), "four calls were let in");
    assert!(
        admits("StartWorkflowExecution") && admits("StartWorkflowExecution"),
        "polls cost a start nothing"
    );
    assert!(!admits("StartWorkflowExecution"));
}

#[tokio::test]
async fn a_call_counts_once_and_only_in_its_namespace() {
    let rates = Rates::default();
    let settings = limited(|settings| {
        settings.namespace_rps = 1.0;
        settings.namespace_burst = 1.0;
    });
    let calls = async |name, number| {
        counted(name, async {
            let first = rates.admit_to(namespace(number), &settings, NOW);
            assert!(rates.admit_to(namespace(number), &settings, NOW).is_ok(), "it was counted before");
            first.is_ok()
        })
        .await
    };
    assert!(calls("StartWorkflowExecution", 1).await);
    assert!(!calls("StartWorkflowExecution", 1).await);
    assert!(calls("StartWorkflowExecution", 2).await);
    assert!(calls("ListWorkflowExecutions", 1).await, "lists have a limit of their own");
}

#[test]
fn as_many_wait_as_may() {
    let (rates, settings) = (Rates::default(), limited(|settings| settings.waiting_max = 1));
    let wait = |kind| rates.wait(namespace(1), kind, &settings);
    let first = wait(Waits::Query).expect("one may wait");
    assert!(wait(Waits::Query).is_err());
    assert!(wait(Waits::Query).is_err(), "a refused call does not count");
    assert!(wait(Waits::History).is_ok(), "each kind has a count of its own");
    drop(first);
    assert!(wait(Waits::Query).is_ok());
}
