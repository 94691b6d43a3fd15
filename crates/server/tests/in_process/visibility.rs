//! Lists, counts and their explanation over the API; and every example of the guide.

use longhaul_frontend::ExplainRequest;
use longhaul_proto::api::{
    common::v1::{Payload, SearchAttributes, WorkflowType},
    enums::v1::IndexedValueType,
    operatorservice::v1::AddSearchAttributesRequest,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest, StartWorkflowExecutionRequest,
        TerminateWorkflowExecutionRequest,
    },
};
use longhaul_server::config::{Config, Storage};

use super::client::{Fixture, start_with, told};

const NAMESPACE: &str = "default";

/// A server on a folder with the attributes that the guide names.
async fn fixture(folder: &tempfile::TempDir) -> Fixture {
    let storage = Storage::Folder(folder.path().join("state"));
    let mut fixture = start_with(Config { port: 0, storage, ..Config::default() }).await;
    let wanted = [
        ("Customer", IndexedValueType::Keyword),
        ("Amount", IndexedValueType::Int),
        ("Weight", IndexedValueType::Double),
        ("Paid", IndexedValueType::Bool),
        ("Due", IndexedValueType::Datetime),
        ("Tags", IndexedValueType::KeywordList),
        ("Note", IndexedValueType::Text),
    ];
    let add = AddSearchAttributesRequest {
        namespace: NAMESPACE.into(),
        search_attributes: wanted.map(|(name, kind)| (name.to_owned(), kind.into())).into(),
    };
    fixture.operator.add_search_attributes(add).await.unwrap();
    fixture
}

async fn begin(fixture: &mut Fixture, id: &str, attributes: &[(&str, &str)]) {
    let payload = |json: &str| Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: json.to_owned().into(),
        ..Payload::default()
    };
    let indexed_fields = attributes.iter().map(|(name, json)| ((*name).to_owned(), payload(json))).collect();
    let request = StartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: Some(TaskQueue { name: "orders".into(), ..TaskQueue::default() }),
        search_attributes: Some(SearchAttributes { indexed_fields }),
        ..StartWorkflowExecutionRequest::default()
    };
    fixture.workflow.start_workflow_execution(request).await.unwrap();
}

fn page(query: &str, page_size: i32, token: bytes::Bytes) -> ListWorkflowExecutionsRequest {
    let (namespace, query) = (NAMESPACE.to_owned(), query.to_owned());
    ListWorkflowExecutionsRequest { namespace, query, page_size, next_page_token: token }
}

/// Ids of all pages of two.
async fn listed(fixture: &mut Fixture, query: &str) -> String {
    let (mut ids, mut token) = (Vec::new(), bytes::Bytes::new());
    loop {
        let answer =
            fixture.workflow.list_workflow_executions(page(query, 2, token)).await.unwrap().into_inner();
        ids.extend(answer.executions.into_iter().map(|row| row.execution.unwrap().workflow_id));
        token = answer.next_page_token;
        if token.is_empty() {
            return ids.join(" ");
        }
    }
}

#[tokio::test]
async fn lists_are_ordered_and_paged() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = fixture(&folder).await;
    for (id, amount) in [("a", "5"), ("b", "-2"), ("c", "5"), ("d", "40")] {
        begin(&mut fixture, id, &[("Amount", amount), ("Paid", "true")]).await;
    }
    begin(&mut fixture, "e", &[]).await;
    assert_eq!(listed(&mut fixture, "ORDER BY Amount, WorkflowId").await, "b a c d e");
    assert_eq!(listed(&mut fixture, "ORDER BY Amount DESC, WorkflowId DESC").await, "d c a b e");
    assert_eq!(listed(&mut fixture, "Amount < 40 ORDER BY WorkflowId DESC").await, "c b a");
    assert_eq!(listed(&mut fixture, "ORDER BY StartTime DESC").await, "e d c b a");
    assert_eq!(listed(&mut fixture, "").await, "e d c b a");
    let first = fixture.workflow.list_workflow_executions(page("ORDER BY Amount", 2, bytes::Bytes::new()));
    let token = first.await.unwrap().into_inner().next_page_token;
    let refused = fixture.workflow.list_workflow_executions(page("ORDER BY StartTime", 2, token)).await;
    assert_eq!(told(&refused.unwrap_err()), "InvalidArgument: Invalid NextPageToken.");
    fixture.server.stop().await;
}

#[tokio::test]
async fn counts_are_grouped_by_values() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = fixture(&folder).await;
    for (id, customer) in [("a", "\"x\""), ("b", "\"y\""), ("c", "\"x\"")] {
        begin(&mut fixture, id, &[("Customer", customer)]).await;
    }
    begin(&mut fixture, "d", &[]).await;
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_execution: Some(longhaul_proto::api::common::v1::WorkflowExecution {
            workflow_id: "c".into(),
            run_id: String::new(),
        }),
        ..TerminateWorkflowExecutionRequest::default()
    };
    fixture.workflow.terminate_workflow_execution(terminate).await.unwrap();
    let cases = [
        ("GROUP BY Customer", "4: \"\" 1, \"x\" 2, \"y\" 1"),
        ("ExecutionStatus = 'Running' GROUP BY Customer", "3: \"\" 1, \"x\" 1, \"y\" 1"),
        ("GROUP BY ExecutionStatus", "4: \"Running\" 3, \"Terminated\" 1"),
        ("Customer = 'x' GROUP BY WorkflowId", "2: \"a\" 1, \"c\" 1"),
    ];
    for (query, expect) in cases {
        let request = CountWorkflowExecutionsRequest { namespace: NAMESPACE.into(), query: query.into() };
        let answer = fixture.workflow.count_workflow_executions(request).await.unwrap().into_inner();
        let group = |value: &Payload, count: i64| format!("{} {count}", String::from_utf8_lossy(&value.data));
        let groups: Vec<_> =
            answer.groups.iter().map(|group_of| group(&group_of.group_values[0], group_of.count)).collect();
        assert_eq!(format!("{}: {}", answer.count, groups.join(", ")), expect, "{query}");
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_list_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = fixture(&folder).await;
    for n in 0..5 {
        begin(&mut fixture, &n.to_string(), &[("Amount", &n.to_string())]).await;
    }
    let ask = |query: &str| ExplainRequest { namespace: NAMESPACE.into(), query: query.into(), page_size: 0 };
    let address = fixture.server.address.to_string();
    let answer =
        longhaul_frontend::explain(&address, ask("NOT Amount < 3 ORDER BY Amount DESC")).await.unwrap();
    assert_eq!((&*answer.filter, &*answer.order), ("`Amount` >= 3", "`Amount` DESC"));
    assert!(answer.plan.starts_with("index Amount: >= 3"), "{}", answer.plan);
    assert_eq!((answer.estimated, answer.at_least, answer.rows_read, answer.rows_found), (2, false, 2, 2));
    let everything = longhaul_frontend::explain(&address, ask("")).await.unwrap();
    assert_eq!((everything.rows_read, everything.rows_found), (5, 5));
    let refused = longhaul_frontend::explain(&address, ask("Nonsense = 1")).await.unwrap_err();
    assert_eq!(refused.message(), "invalid query: invalid search attribute: Nonsense");
    fixture.server.stop().await;
}

#[tokio::test]
async fn examples_of_the_guide_are_answered() {
    let guide = format!("{}/../../docs/guide/visibility.md", env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(guide).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = fixture(&folder).await;
    begin(&mut fixture, "order-17", &[("Customer", "\"a\""), ("Amount", "15"), ("Paid", "false")]).await;
    let (mut block, mut examples) = ("", 0);
    for line in guide.lines() {
        match (line.strip_prefix("```"), block) {
            (Some(kind), _) => block = kind,
            (None, "query") => {
                let answer =
                    fixture.workflow.list_workflow_executions(page(line, 9, bytes::Bytes::new())).await;
                assert!(answer.is_ok(), "{line}: {answer:?}");
                examples += 1;
            }
            (None, "count") => {
                let request =
                    CountWorkflowExecutionsRequest { namespace: NAMESPACE.into(), query: line.into() };
                let answer = fixture.workflow.count_workflow_executions(request).await;
                assert!(answer.is_ok(), "{line}: {answer:?}");
                examples += 1;
            }
            (None, _) => {}
        }
    }
    assert!(examples > 20, "the guide has {examples} examples");
    fixture.server.stop().await;
}
