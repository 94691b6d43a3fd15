//! Closed runs and an archive, on a clock that the test holds.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    ids::{NamespaceId, RunId},
    namespace::{Archival, State},
};
use longhaul_proto::api::history::v1::History;
use longhaul_store::{
    Archive, MemoryArchive,
    archive::{ArchivedHistory, ArchivedRow, part_name, table_name},
};
use prost::Message;

use crate::reclaim::tests::{HOUR, MINUTE, NAMESPACE, World};

const ADDRESS: &str = "file:///archive";

/// A world with an archive for one of its namespaces.
async fn world() -> (World, Arc<MemoryArchive>) {
    let archive = Arc::new(MemoryArchive::default());
    let world = World::with_archive(Some(archive.clone())).await;
    say(&world, true).await;
    (world, archive)
}

/// Says whether the namespace is archived.
async fn say(world: &World, enabled: bool) {
    let archival = Some(Archival { enabled, uri: ADDRESS.into() });
    let change = |namespace: &mut longhaul_kernel::namespace::Namespace| {
        namespace.history_archival.clone_from(&archival);
        namespace.visibility_archival.clone_from(&archival);
        Ok(())
    };
    world.directory.change("shop", change).await.unwrap();
}

/// Number of events of a run in the archive; `None` if its table is missing.
async fn archived(archive: &MemoryArchive, run: RunId) -> Option<usize> {
    let table = archive.get(ADDRESS, &table_name(NAMESPACE, run)).await.unwrap()?;
    let table = ArchivedHistory::decode(&table).unwrap();
    let mut count = 0;
    for part in &table.parts {
        let part = archive.get(ADDRESS, &part_name(NAMESPACE, run, *part)).await.unwrap().unwrap();
        count += History::decode(part).unwrap().events.len();
    }
    assert_eq!(i64::try_from(count).unwrap(), table.last_event);
    Some(count)
}

/// Rows in the archive.
async fn rows(archive: &MemoryArchive, namespace: NamespaceId) -> Vec<RunId> {
    let mut found = Vec::new();
    for name in archive.names().iter().filter(|name| name.starts_with(&format!("{namespace}/rows/"))) {
        let record = archive.get(ADDRESS, name).await.unwrap().unwrap();
        found.push(ArchivedRow::decode(&record).unwrap().into_row(namespace).run.run);
    }
    found
}

#[tokio::test(start_paused = true)]
async fn a_closed_run_is_archived_and_then_removed_in_its_time() {
    let (world, archive) = world().await;
    let open = world.start(NAMESPACE, "open").await;
    let closed = world.start(NAMESPACE, "closed").await;
    world.close(NAMESPACE, "closed").await;
    world.sleep(MINUTE).await;
    assert_eq!(archived(&archive, closed).await, Some(3), "started, scheduled, terminated");
    assert_eq!(archived(&archive, open).await, None);
    assert_eq!(rows(&archive, NAMESPACE).await, [closed]);
    assert_eq!(world.left(NAMESPACE).await, [2, 2, 1, 1], "it is still there, and owes nothing");
    world.sleep(HOUR).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [1, 1]);
    assert_eq!(archived(&archive, closed).await, Some(3));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_while_the_archive_is_away() {
    let (mut world, archive) = world().await;
    archive.fail(u32::MAX);
    let closed = world.start(NAMESPACE, "w").await;
    world.close(NAMESPACE, "w").await;
    world.sleep(3 * HOUR).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [1, 1], "it waits beyond its retention");
    assert!(world.has_history(NAMESPACE, "w", closed).await);
    let tries = u32::MAX - archive.failing();
    assert!((20..100).contains(&tries), "the tries grow apart: {tries}");
    world.crash();
    world.open().await;
    world.sleep(MINUTE).await;
    assert_eq!(world.left(NAMESPACE).await[..2], [1, 1], "a restart does not help it away");
    archive.fail(0);
    world.sleep(6 * MINUTE).await;
    assert_eq!(archived(&archive, closed).await, Some(3));
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_between_loses_nothing() {
    for calls in 0..6 {
        let (mut world, archive) = world().await;
        let closed = world.start(NAMESPACE, "w").await;
        world.close(NAMESPACE, "w").await;
        for _ in 0..calls {
            tokio::task::yield_now().await;
        }
        world.crash();
        world.open().await;
        world.sleep(MINUTE).await;
        assert_eq!(archived(&archive, closed).await, Some(3), "after {calls} turns");
        assert_eq!(rows(&archive, NAMESPACE).await, [closed]);
        world.sleep(HOUR).await;
        assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn runs_that_closed_before_are_archived_when_their_time_is_over() {
    let (world, archive) = world().await;
    say(&world, false).await;
    let closed = world.start(NAMESPACE, "w").await;
    world.close(NAMESPACE, "w").await;
    world.sleep(MINUTE).await;
    assert_eq!(archived(&archive, closed).await, None);
    say(&world, true).await;
    world.sleep(HOUR).await;
    assert_eq!(archived(&archive, closed).await, Some(3));
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_when_nothing_is_archived_any_more() {
    let (world, archive) = world().await;
    archive.fail(u32::MAX);
    let closed = world.start(NAMESPACE, "w").await;
    world.close(NAMESPACE, "w").await;
    world.sleep(2 * HOUR).await;
    assert_eq!(world.left(NAMESPACE).await[0], 1);
    say(&world, false).await;
    world.sleep(6 * MINUTE).await;
    archive.fail(0);
    assert_eq!(archived(&archive, closed).await, None);
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_namespace_does_not_wait_for_its_archive() {
    let (world, archive) = world().await;
    archive.fail(u32::MAX);
    world.start(NAMESPACE, "w").await;
    world.close(NAMESPACE, "w").await;
    world.delete("shop").await;
    world.sleep(MINUTE + Duration::from_secs(1)).await;
    assert_eq!(world.left(NAMESPACE).await, [0, 0, 0, 0]);
    assert!(world.directory.filter(|namespace| namespace.state == State::Deleted).is_empty());
}
