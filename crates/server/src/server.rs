//! A whole server in one process: rooms, listeners, first namespaces, and an orderly end.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use http::Request;
use hyper::body::Incoming;
use longhaul_frontend::{ClusterIdentity, Frontend, Parts};
use longhaul_kernel::{
    ids::{NamespaceId, RunId},
    namespace::Namespace,
    time::Timestamp,
};
use longhaul_runtime::Host;
use longhaul_store::{Store, namespaces::Directory};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

use crate::{
    admin::Metrics,
    config::Config,
    dynamic::{InForce, watch::Watch},
    rooms::{self, Rooms},
};

/// How long executions are kept in the namespaces that a development server creates.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// How long calls in flight may take to end after the server was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often, and after how long each time, it is looked whether the store is closed.
const CLOSE_CHECKS: u32 = 200;
const CLOSE_PAUSE: Duration = Duration::from_millis(5);

/// Section of the document that names the cluster.
const CLUSTER_SECTION: &str = "cluster";

/// A running server.
pub struct Server {
    /// Address of the gRPC listener.
    pub address: SocketAddr,
    /// Address of the HTTP listener.
    pub http_address: SocketAddr,
    /// Address of the metrics listener.
    pub metrics_address: SocketAddr,
    host: Host,
    store: Weak<dyn Store>,
    draining: watch::Sender<bool>,
    ended: oneshot::Receiver<Result<()>>,
}

impl Server {
    /// Starts a server and returns once it answers. Must be called inside of a tokio runtime.
    ///
    /// # Errors
    /// When a port is taken or the state can't be opened, in words for the user.
    pub async fn start(config: &Config) -> Result<Self> {
        Self::start_on(config, Host::system()).await
    }

    /// Starts a server on a host, whose clock may be one that skips.
    ///
    /// # Errors
    /// When a port is taken or the state can't be opened, in words for the user.
    pub async fn start_on(config: &Config, host: Host) -> Result<Self> {
        let listener = bind(config.ip, config.port, "--port").await?;
        let http = bind(config.ip, config.http_port, "--http-port").await?;
        let metrics = bind(config.ip, config.metrics_port, "--metrics-port").await?;
        let (address, http_address) = (listener.local_addr()?, http.local_addr()?);
        let metrics_address = metrics.local_addr()?;
        host.outbound.set_home(format!("http://{http_address}"));
        let recorder = Metrics::install();
        config.settings.note();
        let in_force = InForce::new(&config.settings.everywhere());
        trust(&host, &in_force.history.general().nexus_authorities_file)?;
        let archive = config.archival.open();
        let at = address.to_string();
        let rooms = rooms::open(&host, &config.storage, &at, &in_force, archive.clone()).await?;
        create_namespaces(&host, &rooms.directory, config).await?;
        let cluster = ClusterIdentity {
            id: cluster_id(&host, &*rooms.store).await?,
            address: address.to_string(),
            http_address: http_address.to_string(),
            store: rooms::store_name(&config.storage),
        };
        let (draining, drained) = watch::channel(false);
        let Rooms { store, directory, history, matching } = rooms;
        let kept = Arc::downgrade(&store);
        let settings = in_force.frontend.clone();
        let frontend = Frontend::new(Parts {
            host: host.clone(),
            store,
            directory,
            history,
            matching,
            cluster,
            settings,
            archival: config.archival.cluster.clone(),
            archive,
            draining: drained.clone(),
        });
        host.tasks.spawn("http", longhaul_frontend::serve_http(frontend.clone(), http));
        host.tasks.spawn("metrics upkeep", recorder.clone().upkeep(host.clone()));
        let render =
            move |request: Request<Incoming>| std::future::ready(recorder.answer(request.uri().path()));
        host.tasks.spawn("metrics", longhaul_frontend::listener::serve(host.clone(), metrics, render));
        if let Some(source) = config.dynamic_file.clone() {
            let watch = Watch::new(source, config.settings.clone());
            host.tasks.spawn("dynamic configuration", watch.run(host.clock, in_force));
        }
        let (end, ended) = oneshot::channel();
        host.tasks.spawn_detached(async move {
            let served = longhaul_frontend::serve(frontend, listener, stopped(drained)).await;
            // Nobody listens if the server was dropped.
            let _ = end.send(served.context("the gRPC listener broke"));
        });
        Ok(Self { address, http_address, metrics_address, host, store: kept, draining, ended })
    }

    /// Resolves when the server has broken down by itself.
    pub async fn broken(&mut self) -> anyhow::Error {
        match (&mut self.ended).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) | Err(_) => anyhow!("the gRPC listener ended"),
        }
    }

    /// Stops: takes no new calls, lets those in flight end, then ends every task.
    pub async fn stop(self) {
        self.draining.send_replace(true);
        let ended = self.ended;
        let grace = async {
            // Whether it ended well or not, it ended.
            let _ = ended.await;
        };
        tokio::select! {
            () = grace => {}
            () = self.host.clock.sleep(GRACE) => tracing::warn!("calls in flight were cut off"),
        }
        self.host.tasks.stop();
        // The folder is free for another process when the last task has let go of the store.
        for _ in 0..CLOSE_CHECKS {
            if self.store.strong_count() == 0 {
                return;
            }
            self.host.clock.sleep(CLOSE_PAUSE).await;
        }
        tracing::warn!("the state is still in use by a task");
    }
}

/// Resolves when `draining` turns true or its sender is gone.
async fn stopped(mut draining: watch::Receiver<bool>) {
    let _ = draining.wait_for(|draining| *draining).await;
}

async fn bind(ip: IpAddr, port: u16, flag: &str) -> Result<TcpListener> {
    TcpListener::bind((ip, port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("port {port} of {ip} is in use by another program: choose another one with {flag}")
        }
        _ => anyhow!(error).context(format!("can't listen on port {port} of {ip} ({flag})")),
    })
}

/// Has the authorities in a file of the configuration trusted.
fn trust(host: &Host, file: &str) -> Result<()> {
    if file.is_empty() {
        return Ok(());
    }
    host.outbound
        .trust(file.as_ref())
        .with_context(|| format!("setting history.nexus_authorities_file: {file}"))
}

/// Creates the namespaces that a development server has from the start; those that exist are left alone.
async fn create_namespaces(host: &Host, directory: &Directory, config: &Config) -> Result<()> {
    let now = Timestamp(host.clock.now());
    directory.create(Namespace::system(now)).await?;
    let wanted: BTreeMap<String, i32> = config
        .search_attributes
        .iter()
        .map(|(name, value_type)| (name.clone(), value_type.to_proto().into()))
        .collect();
    for name in &config.namespaces {
        let id = NamespaceId::from_bytes(host.entropy.uuid());
        directory.create(Namespace::built_in(id, name, RETENTION, now)).await?;
        if !wanted.is_empty() {
            directory
                .change(name, |namespace| namespace.add_search_attributes(&wanted))
                .await
                .with_context(|| format!("search attributes can't be added to namespace {name}"))?;
        }
    }
    Ok(())
}

/// The cluster's id, drawn at the first start.
async fn cluster_id(host: &Host, store: &dyn Store) -> Result<String> {
    let key = || "id".to_owned();
    let drawn = RunId::from_bytes(host.entropy.uuid()).to_string();
    store.put_document(CLUSTER_SECTION, key(), 0, Some(drawn.clone().into())).await?;
    let document = store.document(CLUSTER_SECTION, key()).await?;
    Ok(document.map_or(drawn, |document| String::from_utf8_lossy(&document.record).into_owned()))
}
