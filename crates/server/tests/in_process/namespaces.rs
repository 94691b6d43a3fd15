//! The life of a namespace.

use longhaul_kernel::visibility::ValueType;
use longhaul_proto::api::{
    common::v1::WorkflowType,
    enums::v1::{IndexedValueType, NamespaceState},
    operatorservice::v1::{AddSearchAttributesRequest, DeleteNamespaceRequest, ListSearchAttributesRequest},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DeprecateNamespaceRequest, DescribeNamespaceRequest, ListNamespacesRequest, RegisterNamespaceRequest,
        StartWorkflowExecutionRequest,
    },
};
use longhaul_server::config::Config;

use super::client::{start, start_with, told};

fn register(name: &str) -> RegisterNamespaceRequest {
    RegisterNamespaceRequest {
        namespace: name.into(),
        workflow_execution_retention_period: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
        ..RegisterNamespaceRequest::default()
    }
}

fn describe(name: &str) -> DescribeNamespaceRequest {
    DescribeNamespaceRequest { namespace: name.into(), ..DescribeNamespaceRequest::default() }
}

#[tokio::test]
async fn a_namespace_is_registered_deprecated_and_deleted() {
    let mut fixture = start().await;
    fixture.workflow.register_namespace(register("shop")).await.unwrap();
    let again = fixture.workflow.register_namespace(register("shop")).await.unwrap_err();
    assert_eq!(
        told(&again),
        "AlreadyExists: Namespace \"shop\" already exists [NamespaceAlreadyExistsFailure]"
    );

    let deprecate =
        DeprecateNamespaceRequest { namespace: "shop".into(), ..DeprecateNamespaceRequest::default() };
    fixture.workflow.deprecate_namespace(deprecate).await.unwrap();
    let start = StartWorkflowExecutionRequest {
        namespace: "shop".into(),
        workflow_id: "w".into(),
        workflow_type: Some(WorkflowType { name: "t".into() }),
        task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
        ..StartWorkflowExecutionRequest::default()
    };
    let refused = fixture.workflow.start_workflow_execution(start).await.unwrap_err();
    assert_eq!(
        told(&refused),
        "FailedPrecondition: Namespace has invalid state: Deprecated. Must be Registered. \
         [NamespaceInvalidStateFailure]"
    );

    let delete = DeleteNamespaceRequest { namespace: "shop".into(), ..DeleteNamespaceRequest::default() };
    let deleted = fixture.operator.delete_namespace(delete).await.unwrap().into_inner();
    assert!(deleted.deleted_namespace.starts_with("shop-deleted-"));
    let gone = fixture.workflow.describe_namespace(describe("shop")).await.unwrap_err();
    assert_eq!(told(&gone), "NotFound: Namespace shop is not found. [NamespaceNotFoundFailure]");
    // Its name is free at once, and in the end nothing of it is left.
    fixture.workflow.register_namespace(register("shop")).await.unwrap();
    loop {
        match fixture.workflow.describe_namespace(describe(&deleted.deleted_namespace)).await {
            Ok(described) => {
                let info = described.into_inner().namespace_info.unwrap();
                assert_eq!(info.state(), NamespaceState::Deleted);
            }
            Err(gone) => {
                assert!(told(&gone).starts_with("NotFound: Namespace shop-deleted-"), "{gone:?}");
                break;
            }
        }
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn namespaces_are_listed_in_pages() {
    let mut fixture = start().await;
    let mut names = Vec::new();
    let mut token = bytes::Bytes::new();
    loop {
        let request = ListNamespacesRequest {
            page_size: 1,
            next_page_token: token,
            ..ListNamespacesRequest::default()
        };
        let page = fixture.workflow.list_namespaces(request).await.unwrap().into_inner();
        names.extend(page.namespaces.into_iter().map(|each| each.namespace_info.unwrap().name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["default", "temporal-system"]);
    fixture.server.stop().await;
}

#[tokio::test]
async fn search_attributes_come_from_the_command_line_and_from_calls() {
    let mut config = Config { port: 0, ..Config::default() };
    config.search_attributes = vec![("Customer".into(), ValueType::Keyword)];
    let mut fixture = start_with(config).await;
    let add = |name: &str, wire: IndexedValueType| AddSearchAttributesRequest {
        namespace: "default".into(),
        search_attributes: [(name.to_owned(), i32::from(wire))].into_iter().collect(),
    };
    fixture.operator.add_search_attributes(add("Amount", IndexedValueType::Int)).await.unwrap();
    let reserved = fixture.operator.add_search_attributes(add("WorkflowId", IndexedValueType::Int)).await;
    assert_eq!(
        told(&reserved.unwrap_err()),
        "InvalidArgument: Search attribute WorkflowId is reserved by system."
    );
    let list = ListSearchAttributesRequest { namespace: "default".into() };
    let listed = fixture.operator.list_search_attributes(list).await.unwrap().into_inner();
    let mut custom: Vec<(String, i32)> = listed.custom_attributes.into_iter().collect();
    custom.sort();
    let (int, keyword) = (IndexedValueType::Int.into(), IndexedValueType::Keyword.into());
    assert_eq!(custom, [("Amount".to_owned(), int), ("Customer".to_owned(), keyword)]);
    fixture.server.stop().await;
}
