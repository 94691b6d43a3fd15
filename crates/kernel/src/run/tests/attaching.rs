//! What later starts and operators attach to a run that goes on.

use expect_test::expect;

use super::check;

#[test]
fn a_request_is_attached_once_and_no_worker_is_told() {
    check(
        "
        start order; poll; complete: timer t 60s
        --
        attach request=a callbacks=2; attach request=a callbacks=2; attach request=b; attach; attach; show
        ",
        expect![[r#"
            6 WorkflowExecutionOptionsUpdated request=a callbacks=2
            already
            7 WorkflowExecutionOptionsUpdated request=b
            8 WorkflowExecutionOptionsUpdated
            9 WorkflowExecutionOptionsUpdated
            Running after 7 transitions, no task, timers 1
        "#]],
    );
}

#[test]
fn what_is_attached_while_a_worker_has_a_task_waits_for_its_end() {
    check(
        "
        start order; poll
        --
        attach request=a; attach request=a; complete; show
        ",
        expect![[r#"
            ~ WorkflowExecutionOptionsUpdated request=a
            already
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionOptionsUpdated request=a
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            Running after 4 transitions, Normal task scheduled, attempt 1, timeout 10s
        "#]],
    );
}

#[test]
fn a_workflow_does_not_complete_past_what_was_attached() {
    check(
        "
        start order; poll
        --
        attach request=a; complete: done
        ",
        expect![[r#"
            ~ WorkflowExecutionOptionsUpdated request=a
            4 WorkflowTaskFailed cause=UnhandledCommand "UnhandledCommand"(Server) by=worker
            5 WorkflowExecutionOptionsUpdated request=a
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            answers: UnhandledCommand
        "#]],
    );
}

#[test]
fn callbacks_have_a_limit() {
    check(
        "
        limit callbacks=3
        start order
        --
        attach request=a callbacks=2; attach request=b callbacks=2; attach request=c callbacks=1; attach request=d
        ",
        expect![[r#"
            3 WorkflowExecutionOptionsUpdated request=a callbacks=2
            refused: FailedPrecondition("cannot attach more than 3 callbacks to a workflow (2 callbacks already attached)")
            4 WorkflowExecutionOptionsUpdated request=c callbacks=1
            5 WorkflowExecutionOptionsUpdated request=d
        "#]],
    );
}

#[test]
fn nothing_is_attached_to_a_closed_run() {
    check(
        "
        start order; terminate
        --
        attach request=a; options priority=1
        ",
        expect![[r#"
            refused: not found: workflow execution already completed
            refused: not found: workflow execution already completed
        "#]],
    );
}

#[test]
fn callbacks_go_on_with_the_chain_and_request_ids_do_not() {
    check(
        "
        start order; attach request=a callbacks=2; poll; wait 2s
        --
        complete: again; follow; attach request=a
        ",
        expect![[r#"
            5 WorkflowTaskCompleted scheduled=2 started=4
            6 WorkflowExecutionContinuedAsNew next=run-2 queue=q
                1 WorkflowExecutionStarted run_timeout=0s continues=run-1 initiator=Workflow
                2 WorkflowTaskScheduled on=q
                  +WorkflowTask on q
            3 WorkflowExecutionOptionsUpdated request=a
        "#]],
    );
}

#[test]
fn options_change_what_the_mask_covers() {
    check(
        "
        start order priority=2
        --
        options priority=2; options priority=4; options override=auto; options override=none; options; show
        ",
        expect![[r#"
            options: priority=2 override=false
            3 WorkflowExecutionOptionsUpdated priority=4 no-override by=client
            options: priority=4 override=false
            4 WorkflowExecutionOptionsUpdated priority=4 override by=client
            options: priority=4 override=true
            5 WorkflowExecutionOptionsUpdated priority=4 no-override by=client
            options: priority=4 override=false
            options: priority=4 override=false
            Running after 4 transitions, Normal task scheduled, attempt 1, timeout 10s
        "#]],
    );
}

#[test]
fn a_mask_has_to_name_whole_fields_that_there_are() {
    check(
        "
        start order
        --
        options mask=nonsense; options mask=versioning_override.auto_upgrade; options mask=priority.fairness_key
        ",
        expect![[r#"
            refused: error applying update_options: proto: invalid path "nonsense" for message "temporal.api.workflow.v1.WorkflowExecutionOptions"
            refused: error applying update_options: versioning_override doesn't support partial updates
            3 WorkflowExecutionOptionsUpdated priority=0 no-override by=client
            options: priority=0 override=false
        "#]],
    );
}

#[test]
fn a_retry_begins_as_the_chain_began() {
    check(
        "
        start order priority=2 attempts=3; options priority=4 override=auto; poll
        --
        complete: fail oops; follow; options
        ",
        expect![[r#"
            5 WorkflowTaskCompleted scheduled=2 started=4
            6 WorkflowExecutionFailed "oops"(Oops) retry_state=InProgress next=run-2
                1 WorkflowExecutionStarted attempt=2 backoff=1s continues=run-1 initiator=Retry after "oops"(Oops) retry_policy
            options: priority=2 override=false
        "#]],
    );
}
