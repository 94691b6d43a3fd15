//! Builds the rooms behind the frontend and ties them together.

use std::sync::Arc;

use anyhow::{Context, Result};
use longhaul_history::History;
use longhaul_matching::{Configs, Matching};
use longhaul_runtime::{
    Host,
    peers::{self, Late},
};
use longhaul_store::{Archive, Directory, MemorySpill, MemoryStore, Spill, Store};
use longhaul_store_embedded::{EmbeddedStore, FileSpill, Options};

use crate::{config::Storage, dynamic::InForce};

/// The rooms, by the handles the frontend knows.
pub(crate) struct Rooms {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) history: Arc<dyn peers::History>,
    pub(crate) matching: Arc<dyn peers::Matching>,
}

/// Name of the store, for `GetClusterInfo`.
pub(crate) const fn store_name(storage: &Storage) -> &'static str {
    match storage {
        Storage::Memory => "memory",
        Storage::Folder(_) => "embedded",
    }
}

/// Opens the store, reads what it holds and begins to work it off.
pub(crate) async fn open(
    host: &Host,
    storage: &Storage,
    address: &str,
    settings: &InForce,
    archive: Option<Arc<dyn Archive>>,
) -> Result<Rooms> {
    let (store, spill): (Arc<dyn Store>, Arc<dyn Spill>) = match storage {
        Storage::Memory => (Arc::new(MemoryStore::new()), Arc::new(MemorySpill::default())),
        Storage::Folder(folder) => {
            let options = Options { address: Some(address.into()), ..Options::default() };
            let store = EmbeddedStore::open(folder, options).context("the state can't be opened")?;
            let spill = FileSpill::open(folder).context("the spill of the task queues can't be opened")?;
            (Arc::new(store), Arc::new(spill))
        }
    };
    let directory = Arc::new(Directory::new(store.clone()));
    // The two rooms need each other: matching gets a handle that is bound when history is there.
    let late: Arc<Late<dyn peers::History>> = Arc::default();
    let configs = Configs::read(store.clone()).await.context("the task queues' settings can't be read")?;
    let matching = Matching::new(host.clone(), late.clone(), configs, spill, settings.matching.clone());
    matching.restore().await.context("tasks that run can't be read")?;
    let matching: Arc<dyn peers::Matching> = matching;
    let history: Arc<dyn peers::History> = History::start_with(
        host.clone(),
        store.clone(),
        directory.clone(),
        matching.clone(),
        settings.history.clone(),
        archive,
    )
    .await
    .context("the state can't be taken over")?;
    late.bind(&history);
    Ok(Rooms { store, directory, history, matching })
}
