//! One simulation from its seed to its verdict: trouble for a while, then peace until everything is quiet, then the
//! checks.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    ids::{SLOTS, Slot},
    namespace::Namespace,
    time::Timestamp,
};
use longhaul_proto::api::nexus::v1::{EndpointSpec, EndpointTarget, endpoint_target};
use longhaul_runtime::peers::{History, Matching};
use longhaul_store::{
    ShardId, ShardRange, Store,
    namespaces::{Directory, DirectoryError},
};

use crate::{
    check, client,
    cluster::Cluster,
    line::Line,
    panics,
    plant::Plant,
    store::FaultyStore,
    wire::Wire,
    worker,
    world::{ENDPOINT, NAMESPACE, NAMESPACE_NAME, OPERATIONS, SECOND, START, World},
};

/// How long there is trouble, in seconds.
const TROUBLE: u64 = 90;

/// How long it may take until everything is quiet, in seconds; longer than the longest timeout of any run.
const PEACE_MAX: i64 = 3600;

/// The same with a planted fault, which need not be noticed by that alone.
const PLANTED_PEACE_MAX: i64 = 900;

/// What came of a simulation.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Promises that were broken; none if all is well.
    pub broken: Vec<String>,
    /// Hash of everything that happened.
    pub hash: u64,
    /// Everything that happened.
    pub trace: Vec<String>,
    /// Runs that were started.
    pub runs: usize,
    /// Commits that happened.
    pub commits: u64,
    /// Simulated seconds.
    pub seconds: i64,
}

/// Simulates the cluster of a seed, with a planted fault if one is given.
///
/// # Panics
/// If no runtime can be built.
pub fn simulate(seed: u64, plant: Option<Plant>) -> Outcome {
    panics::watch();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the system");
    let (world, seconds) = runtime.block_on(async {
        let world = Arc::new(World::new(seed, plant));
        live(&world).await;
        let seconds = (world.clock.now() - START) / SECOND;
        (world, seconds)
    });
    // Tasks that were stopped are dropped here, on this thread.
    drop(runtime);
    for panicked in panics::take() {
        world.accuse(format!("panic: {panicked}"));
    }
    let ledger = world.ledger.lock();
    Outcome {
        seed,
        broken: world.broken(),
        hash: world.trace.hash(),
        trace: world.trace.take(),
        runs: ledger.runs.len(),
        commits: ledger.commits,
        seconds,
    }
}

async fn live(world: &Arc<World>) {
    let store = Arc::new(FaultyStore::new(world.clone()));
    let namespace = Namespace::built_in(
        NAMESPACE,
        NAMESPACE_NAME,
        Duration::from_secs(72 * 3600),
        Timestamp(world.clock.now()),
    );
    let directory = Directory::new(store.inner.clone());
    if let Err(error) = directory.create(namespace).await {
        return world.accuse(format!("the namespace can't be created: {error}"));
    }
    if let Err(error) = make_endpoint(world, &directory).await {
        return world.accuse(format!("the endpoint can't be created: {error}"));
    }
    let cluster = Cluster::new(world.clone(), store.clone());
    cluster.open().await;
    let history: Arc<dyn History> = cluster.clone();
    let matching: Arc<dyn Matching> = cluster.clone();
    let line = Line {
        world: world.clone(),
        history: Wire::new(world.clone(), "wire of clients to history", history),
        matching: Wire::new(world.clone(), "wire of clients to matching", matching),
    };
    populate(&line);
    trouble(&line, &cluster).await;
    world.faults.calm_down();
    world.say("peace");
    if is_quiet(world, &store).await {
        check::everything(&line, &store.inner).await;
    }
    cluster.crash();
    world.tasks.stop();
}

/// Makes the endpoint that leads to the handlers of operations.
async fn make_endpoint(world: &World, directory: &Directory) -> Result<(), DirectoryError> {
    let worker = endpoint_target::Worker { namespace: NAMESPACE_NAME.into(), task_queue: OPERATIONS.into() };
    let spec = EndpointSpec {
        name: ENDPOINT.into(),
        target: Some(EndpointTarget { variant: Some(endpoint_target::Variant::Worker(worker)) }),
        ..EndpointSpec::default()
    };
    let now = Timestamp(world.clock.now());
    let made = directory.endpoints.change(|all| all.create("jobs-endpoint".into(), spec.clone(), now)).await;
    made.map(drop)
}

/// Brings clients and workers into the world.
fn populate(line: &Line) {
    let dice = line.world.dice("population");
    let ids: Vec<String> = (0..dice.between(3, 8)).map(|number| format!("w{number}")).collect();
    for id in &ids {
        client::act(line, id, &ids);
    }
    for number in 0..dice.between(1, 3) {
        worker::work_on_workflows(line, &format!("worker-{number}"), None);
        worker::work_on_activities(line, &format!("hands-{number}"));
        worker::handle_operations(line, &format!("handler-{number}"));
    }
    populate_more(line, &ids);
}

/// Brings in what is not a part of every world.
fn populate_more(line: &Line, ids: &[String]) {
    let dice = line.world.dice("more population");
    if dice.chance(400) {
        (0..dice.between(1, 2)).for_each(|number| client::plan(line, &format!("plan{number}"), ids));
    }
    if dice.chance(400) {
        client::deploy(line);
        for build in ["1", "2"] {
            worker::work_on_workflows(line, &format!("version-{build}"), Some(build));
        }
        for number in 0..2 {
            client::start_versioned(line, &format!("{}{number}", client::PINNED), ids);
            client::start_versioned(line, &format!("free{number}"), ids);
        }
    }
    if dice.chance(250) {
        client::fill(line);
        worker::work_on_shares(line);
    }
}

/// Crashes nodes and has them taken over, for a while.
async fn trouble(line: &Line, cluster: &Arc<Cluster>) {
    let world = &line.world;
    let history: Arc<dyn History> = cluster.clone();
    let dice = world.dice("trouble");
    let end = world.clock.now() + TROUBLE as i64 * SECOND;
    let crashes = *dice.pick(&[0, 1, 2, 4]);
    for _ in 0..crashes {
        world.clock.sleep(dice.millis(1_000, 2_000 * TROUBLE / (crashes + 1))).await;
        if dice.chance(600) {
            let before = check::restart::describe(line, &history).await;
            cluster.crash();
            // Sometimes nobody comes back for long.
            let longest = if dice.chance(200) { 45_000 } else { 4_000 };
            world.clock.sleep(dice.millis(0, longest)).await;
            cluster.open().await;
            check::restart::compare(line, &before, &check::restart::describe(line, &history).await);
        } else {
            cluster.open().await;
            world.clock.sleep(dice.millis(0, 5_000)).await;
            cluster.retire();
        }
    }
    world.clock.sleep_until(end).await;
}

/// Waits until every client is content, every run is closed and nothing is owed; false if that takes too long.
async fn is_quiet(world: &World, store: &FaultyStore) -> bool {
    let all = ShardRange { shard: ShardId(0), first: Slot(0), last: Slot(SLOTS - 1) };
    let longest = if world.plant.is_some() { PLANTED_PEACE_MAX } else { PEACE_MAX };
    let end = world.clock.now() + longest * SECOND;
    while world.clock.now() < end {
        let owed = store.inner.outbox(all, None, 1).await.unwrap_or_default();
        if world.clients() == 0 && world.ledger.lock().is_quiet() && owed.is_empty() {
            return true;
        }
        world.clock.sleep(Duration::from_secs(5)).await;
    }
    for owed in store.inner.outbox(all, None, 10).await.unwrap_or_default() {
        world.accuse(format!("duty {:?} of {} is never fulfilled", owed.id, owed.run));
    }
    let open = world.ledger.lock().open_runs();
    for run in open {
        let waits_for = check::waits_for(&store.inner, &run).await;
        world.accuse(format!("{run} never ends: {waits_for}"));
    }
    if world.clients() > 0 {
        world.accuse(format!("{} clients never get an answer", world.clients()));
    }
    false
}
