//! When a client that does not fit is told so: behind the checks of the namespace that its call names, as on the
//! reference, and before anything else of the call.

use std::{cell::Cell, future::Future};

use longhaul_proto::Refusal;

use crate::frontend::Answered;

tokio::task_local! {
    /// What a client that does not fit is to be told, until it was.
    static REFUSAL: Cell<Option<Refusal>>;
}

/// Calls for which no namespace is looked up first.
const WITHOUT_NAMESPACE: [&str; 14] = [
    "CreateNexusEndpoint",
    "DeleteNamespace",
    "DeleteNexusEndpoint",
    "DeprecateNamespace",
    "DescribeNamespace",
    "GetClusterInfo",
    "GetNexusEndpoint",
    "GetSearchAttributes",
    "GetSystemInfo",
    "ListNamespaces",
    "ListNexusEndpoints",
    "RegisterNamespace",
    "UpdateNamespace",
    "UpdateNexusEndpoint",
];

/// Answers a call of a client that does not fit: `work` goes on until its namespace has been found in order.
pub(crate) async fn refused<T>(
    call: &str,
    refusal: Refusal,
    work: impl Future<Output = Answered<T>>,
) -> Answered<T> {
    if WITHOUT_NAMESPACE.contains(&call) {
        return Err(refusal.into());
    }
    let work = async {
        let answered = work.await;
        // Whoever was not told on the way is told in the end.
        match check() {
            Err(refusal) if answered.is_ok() => Err(refusal.into()),
            _ => answered,
        }
    };
    REFUSAL.scope(Cell::new(Some(refusal)), work).await
}

/// Refuses the call being answered if its client does not fit; once.
pub(crate) fn check() -> Result<(), Refusal> {
    REFUSAL.try_with(Cell::take).ok().flatten().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(call: &str, work: impl Future<Output = Answered<()>>) -> String {
        format!(
            "{:?}",
            refused(call, Refusal::invalid("unfit"), work).await.expect_err("the client does not fit")
        )
    }

    #[tokio::test]
    async fn a_client_that_does_not_fit_is_told_behind_the_namespace() {
        let missing = async { Err(Refusal::invalid("no such namespace").into()) };
        assert!(told("StartWorkflowExecution", missing).await.contains("no such namespace"));
        let later = async {
            check()?;
            Err(Refusal::invalid("a fault of the request").into())
        };
        assert!(told("StartWorkflowExecution", later).await.contains("unfit"));
        assert!(told("StartWorkflowExecution", async { Ok(()) }).await.contains("unfit"));
    }

    #[tokio::test]
    async fn a_call_without_a_namespace_is_not_begun() {
        let work = async { unreachable!("the client does not fit") };
        assert!(told("RegisterNamespace", work).await.contains("unfit"));
    }
}
