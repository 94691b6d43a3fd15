//! Children, and what becomes of them when their parent closes.

use expect_test::expect;

use super::check;

#[test]
fn a_child_starts_and_completes() {
    check(
        "
        start order; poll
        --
        complete: child kid; child-started 5 kid-run; duty-done ScheduleChild 5; poll; complete; child-closed 5 completed
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 StartChildWorkflowExecutionInitiated kid on=q policy=Terminate
              +StartChild(5)
            6 ChildWorkflowExecutionStarted initiated=5
            7 WorkflowTaskScheduled on=q
              +ScheduleChild(5) kid-run +WorkflowTask on q -StartChild(5)
              -ScheduleChild(5)
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ChildWorkflowExecutionCompleted initiated=5 started=6 run=kid-last-run
            11 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn every_end_of_a_child_is_told() {
    check(
        "
        start order; poll; complete: child kid, child kid, child kid, child kid; child-started 5 kid-run; child-started 6 kid-run; child-started 7 kid-run; child-started 8 kid-run
        --
        child-closed 5 failed; child-closed 6 canceled; child-closed 7 timed_out; child-closed 8 terminated
        ",
        expect![[r#"
            14 ChildWorkflowExecutionFailed initiated=5 started=9 run=kid-last-run
              -ScheduleChild(5)
            15 ChildWorkflowExecutionCanceled initiated=6 started=11 run=kid-last-run
              -ScheduleChild(6)
            16 ChildWorkflowExecutionTimedOut initiated=7 started=12 run=kid-last-run
              -ScheduleChild(7)
            17 ChildWorkflowExecutionTerminated initiated=8 started=13 run=kid-last-run
              -ScheduleChild(8)
        "#]],
    );
}

#[test]
fn a_child_that_could_not_start_is_told() {
    check(
        "
        start order; poll; complete: child kid
        --
        child-not-started 5; child-not-started 5; child-started 5 kid-run
        ",
        expect![[r#"
            6 StartChildWorkflowExecutionFailed kid initiated=5 WorkflowAlreadyExists
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -StartChild(5)
        "#]],
    );
}

#[test]
fn news_is_recorded_once() {
    check(
        "
        start order; poll; complete: child kid; child-started 5 kid-run
        --
        child-started 5 kid-run; child-not-started 5; child-closed 5 completed first=another; child-closed 5 completed id=another; child-closed 5 completed; child-closed 5 completed
        ",
        expect![[r#"
            8 ChildWorkflowExecutionCompleted initiated=5 started=6 run=kid-last-run
              -ScheduleChild(5)
        "#]],
    );
}

#[test]
fn an_end_that_overtakes_the_start_tells_both() {
    check(
        "
        start order; poll; complete: child kid
        --
        child-closed 5 completed; child-started 5 kid-run
        ",
        expect![[r#"
            6 ChildWorkflowExecutionStarted initiated=5
            7 ChildWorkflowExecutionCompleted initiated=5 started=6 run=kid-last-run
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q -StartChild(5) -ScheduleChild(5)
        "#]],
    );
}

#[test]
fn the_policy_decides_about_started_children() {
    check(
        "
        start order; poll; complete: child a policy=abandon, child b policy=request_cancel, child c policy=terminate, child d; child-started 5 a-run; child-started 6 b-run; child-started 7 c-run; child-started 8 d-run
        --
        terminate; duty-done CloseChild 6; duty-done CloseChild 6
        ",
        expect![[r#"
            14 WorkflowExecutionTerminated reason="" by=client
              +CloseChild(6) b-run by RequestCancel +CloseChild(7) c-run by Terminate +CloseChild(8) d-run by Terminate -WorkflowTask
              -CloseChild(6)
        "#]],
    );
}

#[test]
fn a_child_that_has_not_started_never_will() {
    check(
        "
        start order; poll
        --
        complete: child a policy=abandon, child b, done
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 StartChildWorkflowExecutionInitiated a on=q policy=Abandon
            6 StartChildWorkflowExecutionInitiated b on=q policy=Terminate
            7 WorkflowExecutionCompleted
              -StartChild(5) -StartChild(6)
        "#]],
    );
}

#[test]
fn news_for_a_closed_parent_changes_nothing() {
    check(
        "
        start order; poll; complete: child a, child b, child c; child-started 5 kid-run; terminate
        --
        child-started 6 kid-run; child-not-started 7; child-closed 5 completed id=a
        ",
        expect![[r#"
            refused: not found: workflow execution already completed
              -StartChild(7)
            refused: not found: workflow execution already completed
        "#]],
    );
}

#[test]
fn continuing_as_new_closes_the_children_too() {
    check(
        "
        start order; poll; complete: child kid; child-started 5 kid-run; wait 2s; poll
        --
        complete: again
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 WorkflowExecutionContinuedAsNew next=run-2 queue=q
              +CloseChild(5) kid-run by Terminate
                1 WorkflowExecutionStarted run_timeout=0s continues=run-1 initiator=Workflow
                2 WorkflowTaskScheduled on=q
                  +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_child_tells_its_parent_how_it_closed() {
    check(
        "
        start kid child; schedule-first-task; poll
        --
        complete: done result; duty-done NotifyParent
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCompleted result=result
              +NotifyParent
              -NotifyParent
        "#]],
    );
}

#[test]
fn a_child_that_goes_on_tells_its_parent_later() {
    check(
        "
        start kid child; schedule-first-task; poll; wait 2s
        --
        complete: again; follow; poll; complete: done
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionContinuedAsNew next=run-2 queue=q
                1 WorkflowExecutionStarted run_timeout=0s continues=run-1 initiator=Workflow
                2 WorkflowTaskScheduled on=q
                  +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCompleted
              +NotifyParent
        "#]],
    );
}

#[test]
fn a_child_obeys_only_its_parent() {
    check(
        "
        start kid child; schedule-first-task
        --
        signal s child-only from=stranger; signal s child-only from=parent; cancel child-only from=stranger; cancel child-only from=parent; terminate from=stranger; terminate from=parent
        ",
        expect![[r#"
            refused: not found: workflow execution is not a child of the requester
            3 WorkflowExecutionSignaled s from=parent
            refused: not found: workflow execution is not a child of the requester
            4 WorkflowExecutionCancelRequested from=parent
            refused: not found: workflow execution is not a child of the requester
            5 WorkflowExecutionTerminated reason="" by=client
              +NotifyParent -WorkflowTask
        "#]],
    );
}

#[test]
fn a_child_whose_start_is_under_way_is_looked_for() {
    check(
        "
        start order; poll; complete: child a policy=abandon, child b policy=request_cancel, child c
        --
        terminate; owes StartChild 5; owes StartChild 6; owes StartChild 7; duty-done StartChild 5; child-started 6 b-run; child-not-started 7; owes StartChild 7; duty-done StartChild 6
        ",
        expect![[r#"
            8 WorkflowExecutionTerminated reason="" by=client
            owes StartChild(5) to be settled by Abandon
            owes StartChild(6) to be settled by RequestCancel
            owes StartChild(7) to be settled by Terminate
              -StartChild(5)
            refused: not found: workflow execution already completed
              -StartChild(7)
            owes StartChild(7) void
              -StartChild(6)
        "#]],
    );
}
