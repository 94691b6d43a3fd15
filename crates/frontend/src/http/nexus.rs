//! Nexus over HTTP: callers from outside who start and cancel operations of this cluster's workers, and handlers from
//! outside who tell how operations of this cluster's callers ended.

mod answer;
mod call;
mod callback;

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;

use super::{answer::Answer, api::Api, is_host_allowed, url};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The workers of a task queue, and the rest of the path.
    Queue { namespace: String, task_queue: String, rest: Vec<String> },
    /// Where an endpoint leads, and the rest of the path.
    Endpoint { id: String, rest: Vec<String> },
    /// Whoever waits for an operation.
    Callback,
}

impl Route {
    /// The route of a path as it came, with its escapes.
    pub fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let text = |part: &str| url::unescape(part, false);
        let texts = |parts: &[&str]| parts.iter().map(|part| text(part)).collect::<Option<Vec<_>>>();
        match &parts[..] {
            ["namespaces", _, "nexus", "callback"] | ["nexus", "callback"] => Some(Self::Callback),
            ["namespaces", namespace, "task-queues", task_queue, "nexus-services", rest @ ..]
                if !rest.is_empty() =>
            {
                Some(Self::Queue {
                    namespace: text(namespace)?,
                    task_queue: text(task_queue)?,
                    rest: texts(rest)?,
                })
            }
            ["nexus", "endpoints", id, "services", rest @ ..] if !rest.is_empty() => {
                Some(Self::Endpoint { id: text(id)?, rest: texts(rest)? })
            }
            _ => None,
        }
    }
}

/// Answers a request of a caller or of a handler.
pub(super) async fn respond(api: &Arc<Api>, route: Route, request: Request<Incoming>) -> Answer {
    if !is_host_allowed(api, &request) {
        return super::answer::forbidden();
    }
    let answered = match route {
        Route::Callback => callback::respond(api, request).await,
        Route::Queue { namespace, task_queue, rest } => {
            call::to_queue(api, &namespace, task_queue, &rest, request).await
        }
        Route::Endpoint { id, rest } => call::to_endpoint(api, &id, &rest, request).await,
    };
    answered.unwrap_or_else(|fault| fault.answer())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_queues_endpoints_and_callbacks() {
        let queue = |namespace: &str, task_queue: &str, rest: &[&str]| {
            Some(Route::Queue {
                namespace: namespace.into(),
                task_queue: task_queue.into(),
                rest: rest.iter().map(|part| (*part).into()).collect(),
            })
        };
        assert_eq!(
            Route::of("/namespaces/n/task-queues/a%2Fb/nexus-services/s/o"),
            queue("n", "a/b", &["s", "o"])
        );
        assert_eq!(
            Route::of("/namespaces/n/task-queues/q/nexus-services/s/o/cancel"),
            queue("n", "q", &["s", "o", "cancel"])
        );
        assert_eq!(Route::of("/namespaces/n/task-queues/q/nexus-services"), None);
        assert_eq!(Route::of("/namespaces/n/nexus/callback"), Some(Route::Callback));
        assert_eq!(Route::of("/nexus/callback"), Some(Route::Callback));
        assert_eq!(Route::of("/namespaces/n"), None);
    }
}
