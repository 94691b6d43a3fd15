//! The directory of namespaces: documents of the section `namespaces` by name, and a cache of them in front.
//!
//! The cache holds what this process wrote or read; a miss reads the store. It is bounded by the number of namespaces
//! that exist, since unknown names are not remembered.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use longhaul_kernel::{
    Refusal, codec,
    ids::NamespaceId,
    namespace::{Namespace, State},
};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::{CommitError, Document, ReadError, Registry, Store};

/// Section of the documents.
const SECTION: &str = "namespaces";

/// Documents read at a time when one is looked for by id.
const PAGE: usize = 100;

/// Namespaces that were forgotten and are remembered for the sake of reads that were under way.
const GONE_MAX: usize = 1000;

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
    /// The endpoints that lead into them.
    pub endpoints: Registry,
    store: Arc<dyn Store>,
    known: RwLock<Known>,
    /// Changes with every change that this process makes.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Known {
    by_name: BTreeMap<String, (u64, Arc<Namespace>)>,
    names: BTreeMap<NamespaceId, String>,
    /// The last ones that were forgotten.
    gone: VecDeque<NamespaceId>,
}

impl Known {
    /// Takes in what was read or written, unless something newer is known: a read may be overtaken by a deletion.
    fn put(&mut self, version: u64, namespace: &Arc<Namespace>) {
        let known_name = self.names.get(&namespace.id).filter(|name| **name != namespace.name);
        let renamed = known_name.and_then(|name| self.by_name.get(name));
        if renamed
            .is_some_and(|(_, known)| known.state == State::Deleted && namespace.state != State::Deleted)
            || self.gone.contains(&namespace.id)
        {
            return;
        }
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
        Self {
            endpoints: Registry::new(store.clone()),
            store,
            known: RwLock::default(),
            changed: watch::Sender::new(0),
        }
    }

    /// Hears of every change that this process makes, from now on.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn announce(&self) {
        self.changed.send_modify(|count| *count += 1);
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

    /// How many namespaces this process knows of, and how often it changed one: whoever has seen the same has seen the
    /// same names.
    pub fn seen(&self) -> (usize, u64) {
        (self.known.read().by_name.len(), *self.changed.borrow())
    }

    /// The namespaces in the cache that `wanted` holds for.
    pub fn filter(&self, wanted: impl Fn(&Namespace) -> bool) -> Vec<Arc<Namespace>> {
        let known = self.known.read();
        known.by_name.values().map(|(_, namespace)| namespace).filter(|one| wanted(one)).cloned().collect()
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
            self.announce();
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
                self.announce();
                return Ok(namespace);
            }
        }
        Err(CommitError::Busy("another writer changes the namespace".into()).into())
    }

    /// Marks a namespace as deleted and gives it another name, which is answered; its own is free then.
    ///
    /// A crash in between leaves it under both names: [`Directory::settle`] finishes what was begun.
    ///
    /// # Errors
    /// `NamespaceNotFound`, and those of the store.
    pub async fn delete(&self, namespace: &Namespace) -> Result<String, DirectoryError> {
        for name in namespace.names_when_deleted() {
            let renamed = Namespace { name: name.clone(), state: State::Deleted, ..namespace.clone() };
            // The name may be left from a try that did not end.
            let is_ours = self.create(renamed.clone()).await?
                || self.by_name(&name).await?.is_some_and(|known| known.id == namespace.id);
            if is_ours {
                self.settle(&renamed).await?;
                return Ok(name);
            }
        }
        Err(Refusal::NamespaceNotFound(namespace.name.clone()).into())
    }

    /// Takes a deleted namespace's former name from it, if it still has it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn settle(&self, deleted: &Namespace) -> Result<(), DirectoryError> {
        let Some(former) = deleted.former_name() else { return Ok(()) };
        let Some(document) = self.store.document(SECTION, former.into()).await? else { return Ok(()) };
        if decode(&document)?.id != deleted.id {
            return Ok(());
        }
        self.store.put_document(SECTION, former.into(), document.version, None).await?;
        let mut known = self.known.write();
        if known.by_name.get(former).is_some_and(|(_, namespace)| namespace.id == deleted.id) {
            known.by_name.remove(former);
        }
        known.names.insert(deleted.id, deleted.name.clone());
        drop(known);
        self.announce();
        Ok(())
    }

    /// Removes the record of a namespace of which nothing is left.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget(&self, namespace: &Namespace) -> Result<(), DirectoryError> {
        if let Some(document) = self.store.document(SECTION, namespace.name.clone()).await? {
            self.store.put_document(SECTION, namespace.name.clone(), document.version, None).await?;
        }
        let mut known = self.known.write();
        known.by_name.remove(&namespace.name);
        known.names.remove(&namespace.id);
        if known.gone.len() == GONE_MAX {
            known.gone.pop_front();
        }
        known.gone.push_back(namespace.id);
        drop(known);
        self.announce();
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
