//! The registry of Nexus endpoints: one document that holds all of them, so that a name is given once whoever writes,
//! and a copy of it in memory. What this process wrote or read last is what it answers from.

use std::sync::Arc;

use longhaul_kernel::{Refusal, codec, nexus::Endpoints};
use parking_lot::RwLock;

use crate::{CommitError, DirectoryError, ReadError, Store};

/// Section and key of the document.
const SECTION: &str = "nexus";
const KEY: &str = "endpoints";

/// How often a change is tried again when another writer was faster.
const TRIES: usize = 20;

/// Finds and changes endpoints.
pub struct Registry {
    store: Arc<dyn Store>,
    known: RwLock<Option<(u64, Arc<Endpoints>)>>,
}

impl Registry {
    /// A registry over `store` that has read nothing.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: RwLock::default() }
    }

    /// Every endpoint.
    ///
    /// # Errors
    /// Those of the store, at the first call.
    pub async fn all(&self) -> Result<Arc<Endpoints>, ReadError> {
        if let Some((_, known)) = &*self.known.read() {
            return Ok(known.clone());
        }
        let (version, read) = self.read().await?;
        Ok(self.remember(version, read))
    }

    /// Changes the endpoints by `change`, which is called again if another writer was faster.
    ///
    /// # Errors
    /// What `change` refuses, and those of the store.
    pub async fn change<T>(
        &self,
        mut change: impl FnMut(&mut Endpoints) -> Result<T, Refusal> + Send,
    ) -> Result<T, DirectoryError> {
        for _ in 0..TRIES {
            let (version, mut endpoints) = self.read().await?;
            let answer = change(&mut endpoints)?;
            let record = codec::encode(&endpoints).into();
            if let Some(version) = self.store.put_document(SECTION, KEY.into(), version, Some(record)).await?
            {
                self.remember(version, endpoints);
                return Ok(answer);
            }
        }
        Err(CommitError::Busy("others change the endpoints".into()).into())
    }

    async fn read(&self) -> Result<(u64, Endpoints), ReadError> {
        let Some(document) = self.store.document(SECTION, KEY.into()).await? else {
            return Ok((0, Endpoints::default()));
        };
        let endpoints = codec::decode(&document.record)
            .map_err(|error| ReadError::Corrupt(format!("Nexus endpoints: {error}")))?;
        Ok((document.version, endpoints))
    }

    /// Keeps what was read or written, unless something newer is known.
    fn remember(&self, version: u64, endpoints: Endpoints) -> Arc<Endpoints> {
        let mut known = self.known.write();
        if let Some((newest, known)) = &*known
            && *newest > version
        {
            return known.clone();
        }
        let endpoints = Arc::new(endpoints);
        *known = Some((version, endpoints.clone()));
        endpoints
    }
}
