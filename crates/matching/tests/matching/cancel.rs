//! Polls may go away at any moment, and no task goes with them.

use std::time::Duration;

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn a_poll_dropped_with_its_task_in_hand_gives_it_to_the_next() {
    let world = world();
    let gone = world.poll_behind(poll("q")).await;
    let next = world.poll_behind(poll("q")).await;
    // The task is sent to the first poll, which never gets to see it.
    world.add(task("a")).await;
    gone.abort();
    assert_eq!(workflow_id(&next.await.unwrap()).as_deref(), Some("a"));
    assert_eq!(world.elapsed(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_poll_dropped_while_history_thinks_gives_its_task_back_in_front() {
    let world = world();
    world.script.on("a", [Reply::Slow(Duration::from_secs(1), Duration::ZERO)]);
    world.add(task("a")).await;
    world.add(task("b")).await;
    let gone = world.poll_behind(poll("q")).await;
    gone.abort();
    settle().await;
    assert_eq!(world.poll().await.as_deref(), Some("a"));
    assert_eq!(world.poll().await.as_deref(), Some("b"));
}

/// Many polls, many tasks, and polls dropped at every moment: each task is started.
#[tokio::test(start_paused = true)]
async fn tasks_survive_any_number_of_cancelled_polls() {
    for seed in 0..40 {
        let world = world();
        let dice = longhaul_runtime::Entropy::seeded(seed);
        let millis = |bound| Duration::from_millis(dice.below(bound));
        let tasks = 50;
        let mut polls = Vec::new();
        for number in 0..tasks {
            let id = number.to_string();
            world.script.on(&id, [Reply::Slow(millis(5), millis(5)), Reply::Slow(millis(5), millis(5))]);
            world.add(task(&id)).await;
            for _ in 0..3 {
                let there = world.clone();
                let poll = spawn(async move { there.poll_answer(poll("q")).await });
                polls.push(poll);
                if dice.below(3) == 0 {
                    world.wait(millis(3)).await;
                }
            }
            while polls.len() > 4 {
                let victim = dice.below(polls.len() as u64) as usize;
                polls.swap_remove(victim).abort();
            }
        }
        polls.iter().for_each(tokio::task::JoinHandle::abort);
        settle().await;
        // The rest comes out, and then there is no more.
        while world.poll().await.is_some() {}
        assert_eq!(world.script.started(), tasks, "seed {seed}");
    }
}
