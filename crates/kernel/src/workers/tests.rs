//! Registry and query language.

use longhaul_proto::api::worker::v1::WorkerHostInfo;

use super::*;

const LIMITS: Limits = Limits { lifetime: Duration::from_secs(300), entries_max: 3, bytes_max: 10_000 };
const HERE: NamespaceId = NamespaceId::from_bytes([1; 16]);

fn worker(key: &str) -> WorkerHeartbeat {
    WorkerHeartbeat {
        worker_instance_key: key.into(),
        worker_identity: format!("id-{key}"),
        status: WorkerStatus::Running.into(),
        host_info: Some(WorkerHostInfo { host_name: "host".into(), ..Default::default() }),
        ..Default::default()
    }
}

fn all() -> Selection {
    Selection { filter: Filter::everything(), include_system: false }
}

fn keys(registry: &Registry, after: Option<&str>) -> Vec<String> {
    registry.list(HERE, &all(), after).map(|worker| worker.worker_instance_key.clone()).collect()
}

#[test]
fn the_worker_heard_of_longest_ago_makes_room_and_goes_with_time() {
    let mut registry = Registry::default();
    for (second, key) in ["b", "a", "c", "b", "d"].iter().enumerate() {
        registry.record(HERE, worker(key), LIMITS, Timestamp::from_secs(second as i64));
    }
    registry.record(NamespaceId::from_bytes([2; 16]), worker("x"), LIMITS, Timestamp::from_secs(5));
    assert_eq!(keys(&registry, None), ["b", "d"], "a, then c made room");
    assert_eq!(keys(&registry, Some("b")), ["d"]);
    registry.expire(LIMITS, Timestamp::from_secs(303));
    assert_eq!(keys(&registry, None), ["d"]);
    assert!(registry.find(HERE, "d").is_some() && registry.find(HERE, "x").is_none());
}

#[test]
fn a_large_heartbeat_makes_room_and_the_last_word_of_a_worker_forgets_it() {
    let large = WorkerHeartbeat { sdk_name: "x".repeat(1_000), ..worker("b") };
    let mut alone = Registry::default();
    alone.record(HERE, large.clone(), LIMITS, Timestamp::from_secs(0));
    let limits = Limits { bytes_max: alone.bytes + 10, ..LIMITS };
    let mut registry = Registry::default();
    registry.record(HERE, worker("a"), limits, Timestamp::from_secs(1));
    registry.record(HERE, large, limits, Timestamp::from_secs(2));
    assert_eq!(keys(&registry, None), ["b"]);
    let gone = WorkerHeartbeat { status: WorkerStatus::Shutdown.into(), ..worker("b") };
    registry.record(HERE, gone, limits, Timestamp::from_secs(3));
    assert_eq!((keys(&registry, None).len(), registry.bytes, registry.by_age.len()), (0, 0, 0));
}

#[test]
fn what_has_no_meaning_ends_the_look_at_a_worker() {
    let check = |query: &str, expected: bool| {
        let filter = Filter::parse(query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
        assert_eq!(filter.matches(&worker("a")), expected, "{query}");
    };
    check("WorkerIdentity = 'id-a'", true);
    check("WorkerIdentity = 'id-a' OR Nonsense = 'x'", true);
    check("Nonsense = 'x' OR WorkerIdentity = 'id-a'", false);
    check("HostName STARTS_WITH 'ho' AND Status != 'Shutdown'", true);
    check("NOT HostName = 'other'", false);
    check("StartTime IS NULL AND StartTime = 0", true);
    check("BuildId IS NOT NULL", false);
}

#[test]
fn a_deep_query_neither_exhausts_the_stack_nor_is_read() {
    let deep = format!("{}HostName = 'a'{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(Filter::parse(&deep).is_err());
    let long = vec!["HostName = 'a'"; 900].join(" OR ");
    assert!(Filter::parse(&long).is_ok_and(|filter| !filter.matches(&worker("a"))));
}
