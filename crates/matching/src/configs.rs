//! The configurations of task queues: documents of the store, all of them in memory.
//!
//! This process is the only one that changes them, so what it has read or written is what there is. They are read
//! before the first queue is loaded, so that no queue is ever worked without its limits.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use longhaul_kernel::{
    codec,
    ids::NamespaceId,
    task_queue::{Config, Versions},
};
use longhaul_proto::{Refusal, api::workflowservice::v1::UpdateTaskQueueConfigRequest};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{CommitError, ReadError, Store};
use parking_lot::RwLock;

use longhaul_kernel::time::Timestamp;

/// Section of the documents.
const SECTION: &str = "task queues";
/// Documents read at a time.
const PAGE: usize = 1000;
/// In the place of a kind: what is said of a queue whatever tasks it holds.
const ALL_KINDS: i32 = 0;
/// Queues that may be configured.
const CONFIGURED_MAX: usize = 100_000;
/// How often a change is tried again when another writer was faster.
const TRIES: usize = 5;

/// What was configured.
pub struct Configs {
    store: Arc<dyn Store>,
    known: RwLock<BTreeMap<String, Known>>,
    /// Whether anything was ever said of the versions of a queue: nobody looks as long as not.
    has_versions: AtomicBool,
}

/// What was said of the versions of a queue.
pub(crate) struct Versioned(Arc<Config>);

impl std::ops::Deref for Versioned {
    type Target = Versions;

    fn deref(&self) -> &Versions {
        self.0.versions.as_ref().expect("it is made of a config that has some")
    }
}

#[derive(Clone, Default)]
struct Known {
    version: u64,
    config: Arc<Config>,
}

impl Configs {
    /// Reads what the store holds.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read(store: Arc<dyn Store>) -> Result<Self, ReadError> {
        let mut known = BTreeMap::new();
        let mut after = None;
        loop {
            let page = store.documents(SECTION, after, PAGE).await?;
            for document in &page {
                let config = codec::decode(&document.record)
                    .map_err(|error| ReadError::Corrupt(format!("task queue {}: {error}", document.key)))?;
                let entry = Known { version: document.version, config: Arc::new(config) };
                known.insert(document.key.clone(), entry);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.key.clone()),
                _ => break,
            }
        }
        let has_versions = known.values().any(|known| known.config.versions.is_some());
        Ok(Self { store, known: RwLock::new(known), has_versions: has_versions.into() })
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// What was said of a queue; `kind` is the API's number.
    pub(crate) fn of(&self, namespace: NamespaceId, name: &str, kind: i32) -> Arc<Config> {
        let known = self.known.read();
        known.get(&key(namespace, name, kind)).map(|known| known.config.clone()).unwrap_or_default()
    }

    /// Changes what is said of a queue, durably. Answers what is said now.
    ///
    /// # Errors
    /// What the configuration refuses, and those of the store.
    pub(crate) async fn update(
        &self,
        namespace: NamespaceId,
        request: &UpdateTaskQueueConfigRequest,
        at: Timestamp,
    ) -> Result<Arc<Config>, PeerError> {
        let key = key(namespace, &request.task_queue, request.task_queue_type);
        self.change(key, |config| config.updated(request, at)).await
    }

    /// What was said of the versions of a queue.
    pub(crate) fn versions(&self, namespace: NamespaceId, name: &str) -> Versions {
        self.of(namespace, name, ALL_KINDS).versions.clone().unwrap_or_default()
    }

    /// What was said of the versions of a queue, if anything was.
    pub(crate) fn versioned(&self, namespace: NamespaceId, name: &str) -> Option<Versioned> {
        if !self.has_versions.load(Ordering::Acquire) {
            return None;
        }
        let config = self.of(namespace, name, ALL_KINDS);
        config.versions.is_some().then_some(Versioned(config))
    }

    /// Changes what is said of the versions of a queue, durably. Answers what is said now.
    ///
    /// # Errors
    /// What `change` refuses, and those of the store.
    pub(crate) async fn change_versions(
        &self,
        namespace: NamespaceId,
        name: &str,
        change: impl Fn(&Versions) -> Result<Versions, Refusal>,
    ) -> Result<Versions, PeerError> {
        let change = |config: &Config| {
            let versions = change(&config.versions.clone().unwrap_or_default())?;
            Ok(Config { versions: Some(versions), ..config.clone() })
        };
        let config = self.change(key(namespace, name, ALL_KINDS), change).await?;
        self.has_versions.store(true, Ordering::Release);
        Ok(config.versions.clone().unwrap_or_default())
    }

    /// The queues of a namespace whose version sets have a build id.
    pub(crate) fn queues_of(&self, namespace: NamespaceId, build: &str) -> Vec<String> {
        let prefix = key(namespace, "", ALL_KINDS);
        let known = self.known.read();
        let own = known.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        let has = |known: &Known| known.config.versions.as_ref().is_some_and(|it| it.sets.knows(build));
        own.filter(|(_, known)| has(known)).map(|(key, _)| key[prefix.len()..].to_owned()).collect()
    }

    /// Changes a document.
    async fn change(
        &self,
        key: String,
        change: impl Fn(&Config) -> Result<Config, Refusal>,
    ) -> Result<Arc<Config>, PeerError> {
        for _ in 0..TRIES {
            let known = self.known.read().get(&key).cloned().unwrap_or_default();
            let config = Arc::new(change(&known.config)?);
            if config == known.config {
                return Ok(config);
            }
            if known.version == 0 && self.known.read().len() >= CONFIGURED_MAX {
                return Err(PeerError::Busy("too many task queues are configured".into()));
            }
            let record = Bytes::from(codec::encode(&*config));
            let put = self.store.put_document(SECTION, key.clone(), known.version, Some(record)).await;
            if let Some(version) = put.map_err(writing)? {
                let mut all = self.known.write();
                let entry = all.entry(key).or_default();
                if entry.version < version {
                    *entry = Known { version, config };
                }
                return Ok(entry.config.clone());
            }
            self.reread(&key).await?;
        }
        Err(Refusal::Unavailable("another change of the task queue was faster, again and again".into())
            .into())
    }

    /// Forgets what was said of the queues of a namespace.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn forget(&self, namespace: NamespaceId) -> Result<(), PeerError> {
        let prefix = format!("{namespace}/");
        let gone: Vec<(String, u64)> = {
            let known = self.known.read();
            let own = known.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
            own.map(|(key, known)| (key.clone(), known.version)).collect()
        };
        for (key, version) in gone {
            self.store.put_document(SECTION, key.clone(), version, None).await.map_err(writing)?;
            self.known.write().remove(&key);
        }
        Ok(())
    }

    async fn reread(&self, key: &str) -> Result<(), PeerError> {
        let document = self.store.document(SECTION, key.into()).await.map_err(|error| match error {
            ReadError::Busy(text) => PeerError::Busy(text),
            ReadError::Corrupt(text) => PeerError::Corrupt(text),
            ReadError::Refused(text) => Refusal::InvalidArgument(text).into(),
        })?;
        let entry = match document {
            Some(document) => Known {
                version: document.version,
                config: Arc::new(
                    codec::decode(&document.record).map_err(|error| PeerError::Corrupt(error.to_string()))?,
                ),
            },
            None => Known::default(),
        };
        self.known.write().insert(key.into(), entry);
        Ok(())
    }
}

fn writing(error: CommitError) -> PeerError {
    match error {
        CommitError::Busy(text) => PeerError::Busy(text),
        CommitError::Unknown(text) => PeerError::Unknown(text),
        CommitError::Corrupt(text) => PeerError::Corrupt(text),
        error @ (CommitError::Fenced { .. } | CommitError::Conflict { .. }) => {
            PeerError::Lost(error.to_string())
        }
    }
}

fn key(namespace: NamespaceId, name: &str, kind: i32) -> String {
    format!("{namespace}/{kind}/{name}")
}
