//! The directory of namespaces: documents of the section `namespaces` by name, and a cache of them in front.
//!
//! The cache holds what this process wrote or read; a miss reads the store. It is bounded by the number of namespaces
//! that exist, since unknown names are not remembered.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{Refusal, codec, ids::NamespaceId, namespace::Namespace};
use parking_lot::RwLock;

use crate::{CommitError, Document, ReadError, Store};

/// Section of the documents.
const SECTION: &str = "namespaces";

/// Documents read at a time when one is looked for by id.
const PAGE: usize = 100;

/// How often a change is tried again when another writer was faster.
const TRIES: usize = 5;

/// Why the directory did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A read failed.
    #[error("namespaces can't be read")]
    Read(#[from] ReadError),
    /// A write failed.
    #[error("namespace can't be written")]
    Write(#[from] CommitError),
    /// The change was refused.
    #[error("refused: {0:?}")]
    Refused(Box<Refusal>),
}

impl From<Refusal> for DirectoryError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// Finds namespaces by name and by id.
pub struct Directory {
    store: Arc<dyn Store>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    by_name: BTreeMap<String, (u64, Arc<Namespace>)>,
    names: BTreeMap<NamespaceId, String>,
}

impl Known {
    fn put(&mut self, version: u64, namespace: &Arc<Namespace>) {
        if self.by_name.get(&namespace.name).is_some_and(|(known, _)| *known > version) {
            return;
        }
        self.names.insert(namespace.id, namespace.name.clone());
        self.by_name.insert(namespace.name.clone(), (version, namespace.clone()));
    }
}

impl Directory {
    /// A directory over `store` that has read nothing.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: RwLock::default() }
    }

    /// The namespace called `name`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_name(&self, name: &str) -> Result<Option<Arc<Namespace>>, ReadError> {
        if let Some((_, namespace)) = self.known.read().by_name.get(name) {
            return Ok(Some(namespace.clone()));
        }
        match self.store.document(SECTION, name.into()).await? {
            Some(document) => self.remember(&document).map(Some),
            None => Ok(None),
        }
    }

    /// The namespace with this id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_id(&self, id: NamespaceId) -> Result<Option<Arc<Namespace>>, ReadError> {
        if let Some(namespace) = self.cached(id) {
            return Ok(Some(namespace));
        }
        let mut after = None;
        loop {
            let page = self.page(after, PAGE).await?;
            if let Some(found) = page.iter().find(|namespace| namespace.id == id) {
                return Ok(Some(found.clone()));
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.name.clone()),
                _ => return Ok(None),
            }
        }
    }

    /// The namespace with this id, if it is in the cache.
    pub fn cached(&self, id: NamespaceId) -> Option<Arc<Namespace>> {
        let known = self.known.read();
        let name = known.names.get(&id)?;
        known.by_name.get(name).map(|(_, namespace)| namespace.clone())
    }

    /// How many namespaces this process knows of.
    pub fn count(&self) -> usize {
        self.known.read().by_name.len()
    }

    /// Namespaces in the order of their names, behind `after`; at most `limit`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn page(&self, after: Option<String>, limit: usize) -> Result<Vec<Arc<Namespace>>, ReadError> {
        let documents = self.store.documents(SECTION, after, limit).await?;
        documents.iter().map(|document| self.remember(document)).collect()
    }

    /// Adds a namespace; false if its name is taken.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn create(&self, namespace: Namespace) -> Result<bool, DirectoryError> {
        let record = codec::encode(&namespace).into();
        let put = self.store.put_document(SECTION, namespace.name.clone(), 0, Some(record)).await?;
        if let Some(version) = put {
            self.known.write().put(version, &Arc::new(namespace));
        }
        Ok(put.is_some())
    }

    /// Changes the namespace called `name` by `change`, which may be called again if another writer was faster.
    ///
    /// # Errors
    /// `NamespaceNotFound`, what `change` refuses, and those of the store.
    pub async fn change(
        &self,
        name: &str,
        mut change: impl FnMut(&mut Namespace) -> Result<(), Refusal> + Send,
    ) -> Result<Arc<Namespace>, DirectoryError> {
        for _ in 0..TRIES {
            let Some(document) = self.store.document(SECTION, name.into()).await? else {
                return Err(Refusal::NamespaceNotFound(name.into()).into());
            };
            let mut namespace = decode(&document)?;
            change(&mut namespace)?;
            let record = codec::encode(&namespace).into();
            let put = self.store.put_document(SECTION, name.into(), document.version, Some(record)).await?;
            if let Some(version) = put {
                let namespace = Arc::new(namespace);
                self.known.write().put(version, &namespace);
                return Ok(namespace);
            }
        }
        Err(CommitError::Busy("another writer changes the namespace".into()).into())
    }

    /// Moves `namespace` to another name. A crash in between leaves it under both names with the same id: repeat it.
    ///
    /// # Errors
    /// `NamespaceAlreadyExists`, and those of the store.
    pub async fn rename(&self, from: &str, renamed: Namespace) -> Result<(), DirectoryError> {
        if !self.create(renamed.clone()).await? {
            return Err(Refusal::NamespaceAlreadyExists(renamed.name).into());
        }
        if let Some(document) = self.store.document(SECTION, from.into()).await? {
            self.store.put_document(SECTION, from.into(), document.version, None).await?;
        }
        self.known.write().by_name.remove(from);
        Ok(())
    }

    fn remember(&self, document: &Document) -> Result<Arc<Namespace>, ReadError> {
        let namespace = Arc::new(decode(document)?);
        self.known.write().put(document.version, &namespace);
        Ok(namespace)
    }
}

fn decode(document: &Document) -> Result<Namespace, ReadError> {
    codec::decode(&document.record)
        .map_err(|error| ReadError::Corrupt(format!("namespace {}: {error}", document.key)))
}
