package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

type options = client.StartWorkflowOptions

func cases() []Case {
	cases := append(append(append([]Case{}, activityCases...), runCases...), messageCases...)
	return append(append(cases, versionCases...), nexusCases...)
}

func activityFailure(ctx context.Context, t *T, p Plan) (*temporal.ActivityError, error) {
	run, err := t.Start(ctx, options{}, OneActivity, p)
	if err != nil {
		return nil, err
	}
	return as[*temporal.ActivityError](run.Get(ctx, nil))
}

func timeoutCase(name string, p Plan, kind enums.TimeoutType) Case {
	return Case{name, func(ctx context.Context, t *T) error {
		if p.Queue == "nobody" {
			p.Queue = t.ID()
		}
		failure, err := activityFailure(ctx, t, p)
		if err != nil {
			return err
		}
		timeout, err := as[*temporal.TimeoutError](failure)
		if err != nil {
			return err
		}
		if p.Heartbeat > 0 {
			var detail string
			if err := timeout.LastHeartbeatDetails(&detail); err != nil || detail != "detail" {
				return fmt.Errorf("heartbeat details %q, %v", detail, err)
			}
		}
		return equal(timeout.TimeoutType(), kind, "timeout")
	}}
}

var activityCases = []Case{
	{"activity_result", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, OneActivity, Plan{Activity: "Echo", Args: []any{"hello"}})
		got, err := result[string](ctx, run, err)
		return all(err, equal(got, "hello", "result"))
	}},
	{"activity_retried_until_success", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, OneActivity, Plan{Activity: "FailUntil", Args: []any{3}})
		got, err := result[int](ctx, run, err)
		return all(err, equal(got, 3, "attempt"))
	}},
	{"activity_attempts_used_up", func(ctx context.Context, t *T) error {
		failure, err := activityFailure(ctx, t, Plan{Activity: "FailUntil", Args: []any{9}, Attempts: 2})
		if err != nil {
			return err
		}
		cause, err := as[*temporal.ApplicationError](failure)
		if err != nil {
			return err
		}
		return all(
			equal(failure.RetryState(), enums.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED, "retry state"),
			equal(cause.Message(), "attempt 2 fails", "message"),
		)
	}},
	{"activity_non_retryable_flag", func(ctx context.Context, t *T) error {
		failure, err := activityFailure(ctx, t, Plan{Activity: "FailWith", Args: []any{"no", "Fatal"}})
		if err != nil {
			return err
		}
		cause, err := as[*temporal.ApplicationError](failure)
		if err != nil {
			return err
		}
		var detail string
		return all(
			equal(failure.RetryState(), enums.RETRY_STATE_NON_RETRYABLE_FAILURE, "retry state"),
			equal(cause.Type(), "Fatal", "type"),
			cause.Details(&detail),
			equal(detail, "detail", "details"),
		)
	}},
	{"activity_heartbeat_details_carried", func(ctx context.Context, t *T) error {
		p := Plan{Activity: "ResumeFromHeartbeat", Attempts: 3, Heartbeat: 5 * time.Second}
		run, err := t.Start(ctx, options{}, OneActivity, p)
		got, err := result[[]int](ctx, run, err)
		return all(err, equal(got, []int{1, 2}, "details"))
	}},
	timeoutCase("activity_timeout_start_to_close",
		Plan{Activity: "Hang", Args: []any{""}, StartToClose: 300 * time.Millisecond, Attempts: 1},
		enums.TIMEOUT_TYPE_START_TO_CLOSE),
	timeoutCase("activity_timeout_schedule_to_close",
		Plan{Activity: "Hang", Args: []any{""}, ScheduleClose: 500 * time.Millisecond},
		enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE),
	timeoutCase("activity_timeout_schedule_to_start",
		Plan{Activity: "Echo", Args: []any{""}, Queue: "nobody", ScheduleStart: 300 * time.Millisecond},
		enums.TIMEOUT_TYPE_SCHEDULE_TO_START),
	timeoutCase("activity_timeout_heartbeat",
		Plan{Activity: "Hang", Args: []any{"detail"}, Heartbeat: 400 * time.Millisecond, Attempts: 1},
		enums.TIMEOUT_TYPE_HEARTBEAT),
	{"activity_cancelled_with_workflow", func(ctx context.Context, t *T) error {
		key := t.ID()
		p := Plan{Activity: "WaitForCancel", Args: []any{key}, Heartbeat: time.Second, Wait: true}
		run, err := t.Start(ctx, options{}, OneActivity, p)
		if err != nil {
			return err
		}
		<-startedChannel(key)
		if err := t.Client.CancelWorkflow(ctx, run.GetID(), ""); err != nil {
			return err
		}
		if err := run.Get(ctx, nil); !temporal.IsCanceledError(err) {
			return fmt.Errorf("not cancelled: %v", err)
		}
		types, err := eventTypes(ctx, t.Client, run.GetID(), "")
		return all(err, equal(count(types, enums.EVENT_TYPE_ACTIVITY_TASK_CANCELED), 1, "activity cancelled"))
	}},
	{"async_completion_by_token", func(ctx context.Context, t *T) error {
		key := t.ID()
		run, err := t.Start(ctx, options{}, OneActivity, Plan{Activity: "CompleteElsewhere", Args: []any{key}})
		if err != nil {
			return err
		}
		if err := t.Client.CompleteActivity(ctx, <-tokenChannel(key), "by token", nil); err != nil {
			return err
		}
		got, err := result[string](ctx, run, nil)
		return all(err, equal(got, "by token", "result"))
	}},
	{"async_completion_by_id", func(ctx context.Context, t *T) error {
		key := t.ID()
		p := Plan{Activity: "CompleteElsewhere", Args: []any{key}, ID: "the-one"}
		run, err := t.Start(ctx, options{}, OneActivity, p)
		if err != nil {
			return err
		}
		<-tokenChannel(key)
		err = t.Client.CompleteActivityByID(ctx, t.Namespace, run.GetID(), "", "the-one", "by id", nil)
		if err != nil {
			return err
		}
		got, err := result[string](ctx, run, nil)
		return all(err, equal(got, "by id", "result"))
	}},
	{"local_activity", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, OneActivity, Plan{Activity: "Echo", Args: []any{"x"}, Local: true})
		got, err := result[string](ctx, run, err)
		if err != nil {
			return err
		}
		types, err := eventTypes(ctx, t.Client, run.GetID(), "")
		return all(err, equal(got, "x", "result"),
			equal(count(types, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), 0, "scheduled"),
			equal(count(types, enums.EVENT_TYPE_MARKER_RECORDED), 1, "markers"))
	}},
}

var runCases = []Case{
	{"workflow_echo", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Echo, "hello")
		got, err := result[string](ctx, run, err)
		return all(err, equal(got, "hello", "result"))
	}},
	{"workflow_failure", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Fail, "broken", "Kind")
		if err != nil {
			return err
		}
		cause, err := as[*temporal.ApplicationError](run.Get(ctx, nil))
		if err != nil {
			return err
		}
		return all(equal(cause.Message(), "broken", "message"), equal(cause.Type(), "Kind", "type"))
	}},
	{"workflow_retry_policy", func(ctx context.Context, t *T) error {
		policy := &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond, BackoffCoefficient: 1, MaximumAttempts: 5}
		run, err := t.Start(ctx, options{RetryPolicy: policy}, FailUntilAttempt, int32(3))
		got, err := result[int](ctx, run, err)
		return all(err, equal(got, 3, "attempt"))
	}},
	{"timers_in_order", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Timers, []int{2200, 10, 1100})
		got, err := result[[]int](ctx, run, err)
		return all(err, equal(got, []int{10, 1100, 2200}, "order"))
	}},
	{"continue_as_new", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, CountDown, 2, []string{})
		got, err := result[[]string](ctx, run, err)
		return all(err, equal(len(got), 3, "runs"))
	}},
	{"cron", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{CronSchedule: "@every 1s"}, CronTick)
		if err != nil {
			return err
		}
		_, err = as[*workflow.ContinueAsNewError](run.GetWithOptions(ctx, nil, client.WorkflowRunGetOptions{DisableFollowingRuns: true}))
		if err != nil {
			return err
		}
		second, err := t.Client.DescribeWorkflowExecution(ctx, run.GetID(), "")
		if err != nil {
			return err
		}
		runID := second.WorkflowExecutionInfo.Execution.RunId
		events := t.Client.GetWorkflowHistory(ctx, run.GetID(), runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		event, err := events.Next()
		if err != nil {
			return err
		}
		last := event.GetWorkflowExecutionStartedEventAttributes().GetLastCompletionResult().GetPayloads()
		if runID == run.GetRunID() || len(last) != 1 {
			return fmt.Errorf("run %s carries %v", runID, last)
		}
		return t.Client.TerminateWorkflow(ctx, run.GetID(), "", "enough")
	}},
	{"cancel_runs_cleanup", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, CancelCleanup)
		if err != nil {
			return err
		}
		err = eventually(ctx, "first workflow task done", func() (bool, error) {
			types, err := eventTypes(ctx, t.Client, run.GetID(), "")
			return count(types, enums.EVENT_TYPE_TIMER_STARTED) == 1, err
		})
		if err != nil {
			return err
		}
		if err := t.Client.CancelWorkflow(ctx, run.GetID(), ""); err != nil {
			return err
		}
		if err := run.Get(ctx, nil); !temporal.IsCanceledError(err) {
			return fmt.Errorf("not cancelled: %v", err)
		}
		types, err := eventTypes(ctx, t.Client, run.GetID(), "")
		return all(err, equal(count(types, enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED), 1, "cleanup"))
	}},
	{"terminate", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Sleeper)
		if err != nil {
			return err
		}
		if err := t.Client.TerminateWorkflow(ctx, run.GetID(), "", "because", "detail"); err != nil {
			return err
		}
		_, err = as[*temporal.TerminatedError](run.Get(ctx, nil))
		return err
	}},
	{"run_timeout", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{WorkflowRunTimeout: time.Second}, Sleeper)
		if err != nil {
			return err
		}
		_, err = as[*temporal.TimeoutError](run.Get(ctx, nil))
		return err
	}},
	{"start_delay", func(ctx context.Context, t *T) error {
		began := time.Now()
		run, err := t.Start(ctx, options{StartDelay: 700 * time.Millisecond}, Echo, "late")
		_, err = result[string](ctx, run, err)
		if waited := time.Since(began); err == nil && waited < 700*time.Millisecond {
			return fmt.Errorf("ran after %v", waited)
		}
		return err
	}},
	{"ten_children", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Children, 10)
		got, err := result[[]string](ctx, run, err)
		return all(err, equal(len(got), 10, "results"))
	}},
	{"child_fails", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, OneChild, t.ID(), "Fail", []any{"broken", "Kind"})
		if err != nil {
			return err
		}
		failure, err := as[*temporal.ChildWorkflowExecutionError](run.Get(ctx, nil))
		if err != nil {
			return err
		}
		cause, err := as[*temporal.ApplicationError](failure)
		if err != nil {
			return err
		}
		return equal(cause.Type(), "Kind", "type")
	}},
	{"child_cancel", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, ChildCancel, t.ID())
		got, err := result[string](ctx, run, err)
		return all(err, equal(got, "cancelled", "result"))
	}},
	closePolicyCase("parent_close_terminate", enums.PARENT_CLOSE_POLICY_TERMINATE, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED),
	closePolicyCase("parent_close_request_cancel", enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL, enums.WORKFLOW_EXECUTION_STATUS_CANCELED),
	closePolicyCase("parent_close_abandon", enums.PARENT_CLOSE_POLICY_ABANDON, enums.WORKFLOW_EXECUTION_STATUS_RUNNING),
	{"id_reuse_reject", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Echo, "one")
		if _, err = result[string](ctx, run, err); err != nil {
			return err
		}
		_, err = t.Start(ctx, options{
			ID:                                       run.GetID(),
			WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
			WorkflowExecutionErrorWhenAlreadyStarted: true,
		}, Echo, "two")
		taken, err := as[*serviceerror.WorkflowExecutionAlreadyStarted](err)
		if err != nil {
			return err
		}
		return equal(taken.RunId, run.GetRunID(), "run id")
	}},
	{"id_conflict_fail", func(ctx context.Context, t *T) error {
		first, err := t.Start(ctx, options{}, Sleeper)
		if err != nil {
			return err
		}
		_, err = t.Start(ctx, options{
			ID:                                       first.GetID(),
			WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
			WorkflowExecutionErrorWhenAlreadyStarted: true,
		}, Sleeper)
		_, taken := as[*serviceerror.WorkflowExecutionAlreadyStarted](err)
		return all(taken, t.Client.TerminateWorkflow(ctx, first.GetID(), "", "enough"))
	}},
	{"unknown_workflow_is_not_found", func(ctx context.Context, t *T) error {
		_, err := t.Client.DescribeWorkflowExecution(ctx, t.ID(), "")
		_, err = as[*serviceerror.NotFound](err)
		return err
	}},
	{"id_conflict_use_existing", func(ctx context.Context, t *T) error {
		first, err := t.Start(ctx, options{}, Sleeper)
		if err != nil {
			return err
		}
		second, err := t.Start(ctx, options{
			ID: first.GetID(), WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, Sleeper)
		if err != nil {
			return err
		}
		return all(equal(second.GetRunID(), first.GetRunID(), "run id"),
			t.Client.TerminateWorkflow(ctx, first.GetID(), "", ""))
	}},
	{"patched_new_run", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Versioned)
		got, err := result[int](ctx, run, err)
		return all(err, equal(got, 2, "version"))
	}},
	{"side_effects_are_stable", func(ctx context.Context, t *T) error {
		queue := t.ID()
		w := newWorker(t.Client, queue, worker.Options{})
		if err := w.Start(); err != nil {
			return err
		}
		defer w.Stop()
		run, err := t.Start(ctx, options{TaskQueue: queue}, SideEffects)
		got, err := result[Drawn](ctx, run, err)
		if err != nil || got.First == "" || got.Mutable != "fixed" {
			return fmt.Errorf("drew %+v, %v", got, err)
		}
		replayer := worker.NewWorkflowReplayer()
		registerWorkflows(replayer)
		events := t.Client.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		return replay(replayer, events)
	}},
}

func closePolicyCase(name string, policy enums.ParentClosePolicy, status enums.WorkflowExecutionStatus) Case {
	return Case{name, func(ctx context.Context, t *T) error {
		childID := t.ID()
		run, err := t.Start(ctx, options{}, ParentOf, childID, int32(policy))
		childRun, err := result[string](ctx, run, err)
		if err != nil {
			return err
		}
		return eventually(ctx, "the child is "+status.String(), func() (bool, error) {
			d, err := t.Client.DescribeWorkflowExecution(ctx, childID, childRun)
			return err == nil && d.WorkflowExecutionInfo.Status == status, err
		})
	}}
}
