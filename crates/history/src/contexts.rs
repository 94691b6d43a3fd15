//! Surroundings of runs by namespace, made once per version of the namespace.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    context::{Context, Limits},
    deployment::Routes,
    ids::NamespaceId,
    namespace::Namespace,
    nexus::Endpoints,
    visibility::Attributes,
    workflow_rule::Rules,
};
use longhaul_runtime::{Live, peers::PeerError};
use longhaul_store::namespaces::Directory;
use parking_lot::Mutex;

use crate::{Settings, routes::KnownRoutes};

/// A context and the version of the namespace it was made for.
type Made = (Arc<Namespace>, Arc<Context>);

/// What the directory had seen; see [`Directory::seen`].
type Seen = (usize, u64);

/// Makes and keeps contexts.
pub struct Contexts {
    directory: Arc<Directory>,
    settings: Live<Settings>,
    /// Whether there is an archive.
    archives: bool,
    routes: Arc<KnownRoutes>,
    made: Mutex<BTreeMap<NamespaceId, Made>>,
    /// Names of all namespaces, and what the directory had seen when they were read.
    names: Mutex<(Seen, Arc<Vec<String>>)>,
}

/// Namespaces read at a time.
const PAGE: usize = 100;

impl Contexts {
    /// Contexts of the namespaces in `directory`.
    pub fn new(
        directory: Arc<Directory>,
        settings: Live<Settings>,
        routes: Arc<KnownRoutes>,
        archives: bool,
    ) -> Self {
        Self { directory, settings, archives, routes, made: Mutex::default(), names: Mutex::default() }
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
        let names = self.names().await?;
        let endpoints =
            self.directory.endpoints.all().await.map_err(|error| PeerError::Busy(error.to_string()))?;
        let limits = self.settings.read(&namespace.name, |settings| settings.limits.clone());
        let routes = self.routes.of(id);
        if let Some((made_for, context)) = self.made.lock().get(&id)
            && Arc::ptr_eq(made_for, &namespace)
            && Arc::ptr_eq(&context.other_namespaces, &names)
            && Arc::ptr_eq(&context.endpoints, &endpoints)
            && Arc::ptr_eq(&context.limits, &limits)
            && Arc::ptr_eq(&context.routes, &routes)
        {
            return Ok(context.clone());
        }
        let context = Arc::new(Context {
            archives: self.archives && namespace.archives(),
            ..make(&namespace, names, endpoints, limits, routes)
        });
        self.made.lock().insert(id, (namespace, context.clone()));
        Ok(context)
    }

    /// The namespaces.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Lets go of the context of a namespace that is gone.
    pub fn forget(&self, id: NamespaceId) {
        self.made.lock().remove(&id);
    }

    /// The context of a namespace as it was made last, with the routes of now.
    pub fn known(&self, id: NamespaceId) -> Option<Arc<Context>> {
        let context = self.made.lock().get(&id).map(|(_, context)| context.clone())?;
        let routes = self.routes.of(id);
        if Arc::ptr_eq(&context.routes, &routes) {
            return Some(context);
        }
        Some(Arc::new(Context { routes, ..(*context).clone() }))
    }

    /// The names of all namespaces, read anew when there are others than before.
    async fn names(&self) -> Result<Arc<Vec<String>>, PeerError> {
        let seen = self.directory.seen();
        {
            let names = self.names.lock();
            if names.0 == seen {
                return Ok(names.1.clone());
            }
        }
        let mut names: Vec<String> = Vec::new();
        loop {
            let page = self
                .directory
                .page(names.last().cloned(), PAGE)
                .await
                .map_err(|error| PeerError::Busy(error.to_string()))?;
            names.extend(page.iter().map(|namespace| namespace.name.clone()));
            if page.len() < PAGE {
                break;
            }
        }
        let names = Arc::new(names);
        // Reading has filled the cache: that is no change.
        let seen = (self.directory.seen().0, seen.1);
        *self.names.lock() = (seen, names.clone());
        Ok(names)
    }
}

/// A context, of its parts.
fn make(
    namespace: &Namespace,
    names: Arc<Vec<String>>,
    endpoints: Arc<Endpoints>,
    limits: Arc<Limits>,
    routes: Arc<Routes>,
) -> Context {
    let mut attributes = Attributes::system().in_namespace(&namespace.name);
    for (name, attribute) in &namespace.search_attributes {
        attributes = attributes.with_custom(name, attribute.value_type());
    }
    Context {
        namespace: namespace.name.clone(),
        other_namespaces: names,
        retention: namespace.retention,
        archives: false,
        endpoints,
        limits,
        attributes: Arc::new(attributes),
        routes,
        rules: Arc::new(Rules::of(&namespace.workflow_rules)),
    }
}
