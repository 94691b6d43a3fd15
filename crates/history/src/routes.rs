//! Where task queues lead, as the deployments of this process have it: known from memory, and true from the commit on
//! that changes a deployment. Matching is told of every queue whose route has become another one.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    deployment::{Deployment, Published, QueueName, QueueRoute, Routes},
    ids::{Kind, NamespaceId},
    visibility::Query,
};
use longhaul_runtime::peers::{PeerError, QueueRoutes, TaskKind};
use longhaul_store::{ListCursor, namespaces::Directory};
use parking_lot::RwLock;

use crate::{duties::internal_caller, events::read_error, history::Room, hosted};

/// Rows read at a time.
const PAGE: usize = 100;

/// The routes of every namespace that has deployments.
#[derive(Default)]
pub struct KnownRoutes {
    known: RwLock<BTreeMap<NamespaceId, Arc<Routes>>>,
    /// Those of every other namespace.
    none: Arc<Routes>,
}

impl KnownRoutes {
    /// Those of a namespace.
    pub fn of(&self, namespace: NamespaceId) -> Arc<Routes> {
        self.known.read().get(&namespace).unwrap_or(&self.none).clone()
    }

    /// Takes in what a deployment tells, and answers the routes that have become others.
    fn publish(
        &self,
        namespace: NamespaceId,
        deployment: &str,
        told: Option<Published>,
    ) -> Vec<(QueueName, Arc<QueueRoute>)> {
        let mut known = self.known.write();
        let routes = Arc::make_mut(known.entry(namespace).or_default());
        let changed = routes.publish(deployment, told);
        changed
            .into_iter()
            .map(|queue| {
                let route = routes.of(&queue).cloned().unwrap_or_default();
                (queue, route)
            })
            .collect()
    }
}

/// Tells everybody what a deployment has become; `None` if it is no more.
pub fn publish(room: &Room, namespace: NamespaceId, deployment: &str, told: Option<Published>) {
    let caller = internal_caller(namespace, String::new());
    for (queue, route) in room.routes.publish(namespace, deployment, told) {
        let kind = match queue.kind {
            2 => TaskKind::Activity,
            3 => TaskKind::Nexus,
            _ => TaskKind::Workflow,
        };
        let versions = route.versions.iter().map(|version| version.to_proto()).collect();
        let routes = QueueRoutes { task_queue: queue.name, kind: kind as i32, info: route.info(), versions };
        room.matching.route(&caller, routes);
    }
}

/// Makes known what the deployments in the store say, before any task is dispatched by it.
///
/// # Errors
/// Those of the store.
pub async fn load(room: &Arc<Room>, directory: &Directory) -> Result<(), PeerError> {
    let mut last: Option<String> = None;
    loop {
        let page = directory.page(last, PAGE).await.map_err(read_error)?;
        for namespace in &page {
            load_namespace(room, namespace.id).await?;
        }
        if page.len() < PAGE {
            return Ok(());
        }
        last = page.last().map(|namespace| namespace.name.clone());
    }
}

async fn load_namespace(room: &Arc<Room>, namespace: NamespaceId) -> Result<(), PeerError> {
    let query = Query::parse("", &longhaul_kernel::visibility::Attributes::system())
        .map_err(|refusal| PeerError::Corrupt(format!("{refusal:?}")))?;
    let query = Arc::new(query);
    let mut after = None;
    loop {
        let listed = room.store.list(namespace, Kind::Deployment, query.clone(), after, PAGE);
        let rows = listed.await.map_err(read_error)?;
        for row in &rows {
            if let Some(deployment) = hosted::read::<Deployment>(&*room.store, &row.run).await? {
                publish(room, namespace, &deployment.name, Some(deployment.published()));
            }
        }
        match rows.last() {
            Some(last) if rows.len() == PAGE => after = Some(ListCursor::of(&query, last)),
            _ => return Ok(()),
        }
    }
}
