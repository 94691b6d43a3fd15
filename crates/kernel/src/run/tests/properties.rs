//! Memo, search attributes and markers.

use expect_test::expect;

use super::check;

#[test]
fn a_memo_is_changed() {
    check(
        "
        start order memo=v; poll
        --
        complete: memo v name=other, memo nil name=k, again
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowPropertiesModified ["other"]
            6 WorkflowPropertiesModified ["k"]
            7 WorkflowExecutionContinuedAsNew next=run-2 queue=q
                1 WorkflowExecutionStarted backoff=1s run_timeout=0s continues=run-1 initiator=Workflow
        "#]],
    );
}

#[test]
fn search_attributes_are_changed() {
    check(
        "
        start order; poll
        --
        complete: search-attribute a name=TemporalScheduledById, again
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 UpsertWorkflowSearchAttributes ["TemporalScheduledById"]
            6 WorkflowExecutionContinuedAsNew next=run-2 queue=q
                1 WorkflowExecutionStarted backoff=1s run_timeout=0s continues=run-1 initiator=Workflow
        "#]],
    );
}

#[test]
fn bad_search_attributes_fail_the_task() {
    check(
        "
        start order; poll
        --
        complete: search-attribute without-attributes
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSearchAttributes "BadSearchAttributes: SearchAttributes is not set on UpsertWorkflowSearchAttributesCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadSearchAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: search-attribute
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSearchAttributes "BadSearchAttributes: IndexedFields is not set on UpsertWorkflowSearchAttributesCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadSearchAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: search-attribute x name=Nonsense
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSearchAttributes "BadSearchAttributes: Namespace default has no mapping defined for search attribute Nonsense"(Server) by=worker
              +WorkflowTask on q
            answers: BadSearchAttributes
        "#]],
    );
}

#[test]
fn bad_memos_fail_the_task() {
    check(
        "
        start order; poll
        --
        complete: memo without-memo
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadModifyWorkflowPropertiesAttributes "BadModifyWorkflowPropertiesAttributes: UpsertedMemo is not set on ModifyWorkflowPropertiesCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadModifyWorkflowPropertiesAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: memo
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadModifyWorkflowPropertiesAttributes "BadModifyWorkflowPropertiesAttributes: UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadModifyWorkflowPropertiesAttributes
        "#]],
    );
}

#[test]
fn markers_are_recorded() {
    check(
        "
        start order; poll
        --
        complete: marker m details
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 MarkerRecorded m details
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: marker
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRecordMarkerAttributes "BadRecordMarkerAttributes: MarkerName is not set on RecordMarkerCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadRecordMarkerAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: marker x*1001
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRecordMarkerAttributes "BadRecordMarkerAttributes: MarkerName on RecordMarkerCommand exceeds length limit. MarkerName=x*1001 Length=1001 Limit=1000"(Server) by=worker
              +WorkflowTask on q
            answers: BadRecordMarkerAttributes
        "#]],
    );
}
