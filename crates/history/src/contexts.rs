//! Surroundings of runs by namespace, made once per version of the namespace.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    context::{Context, Limits},
    ids::NamespaceId,
    namespace::Namespace,
    visibility::Attributes,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::namespaces::Directory;
use parking_lot::Mutex;

/// Makes and keeps contexts.
pub struct Contexts {
    directory: Arc<Directory>,
    limits: Arc<Limits>,
    made: Mutex<BTreeMap<NamespaceId, (Arc<Namespace>, Arc<Context>)>>,
}

impl Contexts {
    /// Contexts of the namespaces in `directory`.
    pub fn new(directory: Arc<Directory>, limits: Limits) -> Self {
        Self { directory, limits: Arc::new(limits), made: Mutex::default() }
    }

    /// The context of a namespace.
    ///
    /// # Errors
    /// `Lost` if there is no such namespace, `Busy` if it can't be read.
    pub async fn of(&self, id: NamespaceId) -> Result<Arc<Context>, PeerError> {
        let namespace = match self.directory.cached(id) {
            Some(namespace) => namespace,
            None => self
                .directory
                .by_id(id)
                .await
                .map_err(|error| PeerError::Busy(error.to_string()))?
                .ok_or_else(|| PeerError::Lost(format!("namespace {id} does not exist")))?,
        };
        if let Some((made_for, context)) = self.made.lock().get(&id)
            && Arc::ptr_eq(made_for, &namespace)
        {
            return Ok(context.clone());
        }
        let context = Arc::new(self.make(&namespace));
        self.made.lock().insert(id, (namespace, context.clone()));
        Ok(context)
    }

    fn make(&self, namespace: &Namespace) -> Context {
        let mut attributes = Attributes::system().in_namespace(&namespace.name);
        for (name, attribute) in &namespace.search_attributes {
            attributes = attributes.with_custom(name, attribute.value_type());
        }
        Context {
            namespace: namespace.name.clone(),
            other_namespaces: Arc::default(),
            retention: namespace.retention,
            limits: self.limits.clone(),
            attributes: Arc::new(attributes),
        }
    }
}
