//! Waiting for more ends when there is enough, when time is up, and when the queue is closed.

use std::{sync::Arc, thread};

use super::*;

const LONG: Duration = Duration::from_secs(3600);

fn queue(items: usize) -> Arc<Queue<usize>> {
    let queue = Arc::new(Queue::new(100));
    (0..items).for_each(|item| queue.put(item).expect("there is room"));
    queue
}

fn taken(queue: &Queue<usize>) -> usize {
    queue.take(100, usize::MAX, |_| 1).len()
}

#[test]
fn enough_is_not_waited_for() {
    let queue = queue(3);
    queue.gather(LONG, 3);
    assert_eq!(taken(&queue), 3);
}

#[test]
fn waiting_ends_with_its_time() {
    let queue = queue(1);
    queue.gather(Duration::from_millis(1), 3);
    assert_eq!(taken(&queue), 1);
}

#[test]
fn waiting_ends_when_enough_have_come() {
    let queue = queue(0);
    let putter = thread::spawn({
        let queue = queue.clone();
        move || (0..3).for_each(|item| queue.put(item).expect("there is room"))
    });
    queue.gather(LONG, 3);
    assert_eq!(taken(&queue), 3);
    putter.join().expect("it ends");
    // From here on one is enough again.
    let putter = thread::spawn({
        let queue = queue.clone();
        move || queue.put(3).expect("there is room")
    });
    assert_eq!(taken(&queue), 1);
    putter.join().expect("it ends");
}

#[test]
fn waiting_ends_when_the_queue_is_closed() {
    let queue = queue(1);
    let closer = thread::spawn({
        let queue = queue.clone();
        move || queue.close()
    });
    queue.gather(LONG, 3);
    assert_eq!(taken(&queue), 1);
    closer.join().expect("it ends");
    queue.gather(LONG, 3);
    assert_eq!(taken(&queue), 0);
}
