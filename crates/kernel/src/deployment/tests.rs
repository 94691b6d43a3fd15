//! A deployment is taken through its life by calls, and what it tells is compared.
use super::*;
use crate::codec;

const START: Timestamp = Timestamp::from_secs(1_767_225_600);
const GRACE: std::time::Duration = std::time::Duration::from_secs(180);

fn deployment() -> Deployment {
    Deployment::new(NamespaceId::default(), "d", "", "", START, &mut Draw::new(1))
}

fn step(deployment: &mut Deployment, input: Input, at: Timestamp) -> Result<Reply, String> {
    let before = deployment.clone();
    match deployment.step(input, at, &mut Draw::new(1)) {
        Ok(effects) => {
            let mut folded = before;
            effects.changes.iter().for_each(|change| {
                let stored: Change =
                    codec::decode(&codec::encode(change)).expect("a change is read as it was written");
                folded.apply(&stored);
            });
            assert_eq!(folded, *deployment, "the fold of the changes is the state");
            let stored: Deployment =
                codec::decode(&codec::encode(deployment)).expect("a state is read as it was written");
            assert_eq!(stored, *deployment);
            Ok(effects.reply)
        }
        Err(refusal) => {
            assert_eq!(before, *deployment, "a refusal changes nothing");
            Err(format!("{refusal:?}"))
        }
    }
}

fn seen(build: &str) -> Input {
    limited(build, 100, Vec::new())
}

fn limited(build: &str, versions_max: usize, idle: Vec<String>) -> Input {
    let queue = QueueName { name: "q".into(), kind: 1 };
    Input::Seen { build: build.into(), queue, versions_max, queues_max: 1, idle }
}

fn current(build: &str) -> Input {
    Input::SetCurrent(Box::new(SetCurrent {
        build: Some(build.into()),
        grace: GRACE,
        ..SetCurrent::default()
    }))
}

#[test]
fn a_version_that_is_let_go_is_watched_until_no_run_is_bound_to_it() {
    let mut d = deployment();
    for build in ["1", "2"] {
        step(&mut d, seen(build), START).expect("there is room");
        step(&mut d, current(build), START).expect("it is known");
    }
    assert_eq!(d.wake(), Some(START + GRACE));
    step(&mut d, Input::Tick, START + GRACE).expect("time passes");
    let owed = d.owed();
    let look = d.duty(*owed.first().expect("a look is owed")).expect("it is not void");
    assert_eq!(look.version.build, "1");
    let looked = |are_left| Input::Looked { build: "1".into(), are_left, refresh: GRACE };
    step(&mut d, looked(true), START + GRACE).expect("a report");
    assert_eq!(d.wake(), Some(START + GRACE * 2), "it is looked again");
    assert!(d.owed().is_empty());
    step(&mut d, Input::Tick, START + GRACE * 2).expect("time passes");
    step(&mut d, looked(false), START + GRACE * 2).expect("a report");
    assert_eq!((d.wake(), d.owed().len()), (None, 0));
    let delete = |skip_drainage| Input::DeleteVersion {
        build: "1".into(),
        skip_drainage,
        has_pollers: false,
        by: String::new(),
    };
    step(&mut d, Input::Bound { build: "1".into(), grace: GRACE }, START + GRACE * 3)
        .expect("a run is bound");
    step(&mut d, delete(false), START + GRACE * 3).expect_err("it is draining again");
    step(&mut d, delete(true), START + GRACE * 3).expect("that does not matter");
    assert_eq!(d.versions.len(), 1);
}

#[test]
fn the_oldest_version_that_nobody_needs_makes_way() {
    let mut d = deployment();
    for build in ["1", "2", "3"] {
        step(&mut d, limited(build, 3, Vec::new()), START).expect("there is room");
    }
    step(&mut d, current("1"), START).expect("it is known");
    step(&mut d, limited("4", 3, Vec::new()), START).expect_err("all have workers");
    let idle = ["1", "2", "3"].map(str::to_owned).to_vec();
    step(&mut d, limited("4", 3, idle), START).expect("version 2 goes");
    assert_eq!(d.versions.keys().collect::<Vec<_>>(), ["1", "3", "4"]);
}

#[test]
fn a_token_that_is_not_the_latest_is_refused() {
    let mut d = deployment();
    step(&mut d, seen("1"), START).expect("there is room");
    let old = d.conflict_token();
    step(&mut d, current("1"), START).expect("it is known");
    let wish = SetCurrent { build: None, token: old, ..SetCurrent::default() };
    step(&mut d, Input::SetCurrent(Box::new(wish.clone())), START).expect_err("it is old");
    let wish = SetCurrent { token: d.conflict_token(), ..wish };
    step(&mut d, Input::SetCurrent(Box::new(wish)), START).expect("it is the latest");
}
