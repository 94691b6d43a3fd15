//! Builds the rooms behind the frontend and ties them together.

use std::sync::Arc;

use anyhow::{Context, Result};
use longhaul_history::History;
use longhaul_matching::Matching;
use longhaul_runtime::{
    Host,
    peers::{self, Late},
};
use longhaul_store::{MemorySpill, MemoryStore, Store, namespaces::Directory};
use longhaul_store_embedded::{EmbeddedStore, Options};

use crate::config::{Settings, Storage};

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
    settings: &Settings,
) -> Result<Rooms> {
    let store: Arc<dyn Store> = match storage {
        Storage::Memory => Arc::new(MemoryStore::new()),
        Storage::Folder(folder) => {
            let options = Options { address: Some(address.into()), ..Options::default() };
            Arc::new(EmbeddedStore::open(folder, options).context("the state can't be opened")?)
        }
    };
    let directory = Arc::new(Directory::new(store.clone()));
    // The two rooms need each other: matching gets a handle that is bound when history is there.
    let late: Arc<Late<dyn peers::History>> = Arc::default();
    let matching: Arc<dyn peers::Matching> = Matching::new(
        host.clone(),
        late.clone(),
        Arc::new(MemorySpill::default()),
        settings.matching.clone(),
    );
    let history: Arc<dyn peers::History> = History::start(
        host.clone(),
        store.clone(),
        directory.clone(),
        matching.clone(),
        settings.history.clone(),
    )
    .await
    .context("the state can't be taken over")?;
    late.bind(&history);
    Ok(Rooms { store, directory, history, matching })
}
