package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
)

func startBox(ctx context.Context, t *T) (client.WorkflowRun, error) {
	return t.Start(ctx, options{}, Box)
}

func signal(ctx context.Context, t *T, id, name string, arg any) error {
	return t.Client.SignalWorkflow(ctx, id, "", name, arg)
}

func stop(ctx context.Context, t *T, run client.WorkflowRun) ([]string, error) {
	if err := signal(ctx, t, run.GetID(), "stop", nil); err != nil {
		return nil, err
	}
	return result[[]string](ctx, run, nil)
}

func query(ctx context.Context, t *T, id string) ([]string, error) {
	var items []string
	value, err := t.Client.QueryWorkflow(ctx, id, "", "all")
	if err != nil {
		return nil, err
	}
	return items, value.Get(&items)
}

func update(ctx context.Context, t *T, id, updateID, item string) (int, error) {
	handle, err := t.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateID: updateID, UpdateName: "put", Args: []any{item},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return 0, err
	}
	var length int
	return length, handle.Get(ctx, &length)
}

func replay(replayer worker.WorkflowReplayer, events client.HistoryEventIterator) error {
	whole := &history.History{}
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		whole.Events = append(whole.Events, event)
	}
	return replayer.ReplayWorkflowHistory(silent{}, whole)
}

var messageCases = []Case{
	{"signals_in_order", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		var want []string
		for i := range 30 {
			want = append(want, fmt.Sprint(i))
			if err := signal(ctx, t, run.GetID(), "add", fmt.Sprint(i)); err != nil {
				return err
			}
		}
		got, err := stop(ctx, t, run)
		return all(err, equal(got, want, "items"))
	}},
	{"signal_with_start_new", func(ctx context.Context, t *T) error {
		run, err := t.Client.SignalWithStartWorkflow(ctx, t.ID(), "add", "first", options{TaskQueue: t.TaskQueue}, Box)
		if err != nil {
			return err
		}
		got, err := stop(ctx, t, run)
		return all(err, equal(got, []string{"first"}, "items"))
	}},
	{"external_signal", func(ctx context.Context, t *T) error {
		target, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		run, err := t.Start(ctx, options{}, External, "signal", target.GetID())
		if err != nil {
			return err
		}
		if err := run.Get(ctx, nil); err != nil {
			return err
		}
		got, err := stop(ctx, t, target)
		return all(err, equal(got, []string{"from outside"}, "items"))
	}},
	{"external_cancel", func(ctx context.Context, t *T) error {
		target, err := t.Start(ctx, options{}, Sleeper)
		if err != nil {
			return err
		}
		run, err := t.Start(ctx, options{}, External, "cancel", target.GetID())
		if err != nil {
			return err
		}
		if err := run.Get(ctx, nil); err != nil {
			return err
		}
		if err := target.Get(ctx, nil); !temporal.IsCanceledError(err) {
			return fmt.Errorf("not cancelled: %v", err)
		}
		return nil
	}},
	{"query_running", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		if err := signal(ctx, t, run.GetID(), "add", "a"); err != nil {
			return err
		}
		got, err := query(ctx, t, run.GetID())
		_, stopped := stop(ctx, t, run)
		return all(err, equal(got, []string{"a"}, "items"), stopped)
	}},
	{"query_closed", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		if _, err := stop(ctx, t, run); err != nil {
			return err
		}
		got, err := query(ctx, t, run.GetID())
		return all(err, equal(len(got), 0, "items"))
	}},
	{"query_unknown_name", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		_, err = t.Client.QueryWorkflow(ctx, run.GetID(), "", "nothing")
		_, failed := as[*serviceerror.QueryFailed](err)
		_, stopped := stop(ctx, t, run)
		return all(failed, stopped)
	}},
	{"update_completes", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		first, err := update(ctx, t, run.GetID(), "", "a")
		if err != nil {
			return err
		}
		second, err := update(ctx, t, run.GetID(), "", "b")
		if err != nil {
			return err
		}
		got, err := stop(ctx, t, run)
		return all(err, equal([]int{first, second}, []int{1, 2}, "lengths"), equal(got, []string{"a", "b"}, "items"))
	}},
	{"update_rejected", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		_, err = update(ctx, t, run.GetID(), "", "")
		cause, kind := as[*temporal.ApplicationError](err)
		if kind != nil {
			return kind
		}
		got, err := stop(ctx, t, run)
		return all(err, equal(cause.Type(), "Refused", "type"), equal(len(got), 0, "items"))
	}},
	{"update_same_id_runs_once", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		for range 3 {
			length, err := update(ctx, t, run.GetID(), "same", "a")
			if err := all(err, equal(length, 1, "length")); err != nil {
				return err
			}
		}
		got, err := stop(ctx, t, run)
		return all(err, equal(got, []string{"a"}, "items"))
	}},
	{"update_accepted_then_completed", func(ctx context.Context, t *T) error {
		run, err := startBox(ctx, t)
		if err != nil {
			return err
		}
		handle, err := t.Client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: run.GetID(), UpdateName: "put-when-unlocked", Args: []any{"later"},
			WaitForStage: client.WorkflowUpdateStageAccepted,
		})
		if err != nil {
			return err
		}
		if err := signal(ctx, t, run.GetID(), "unlock", nil); err != nil {
			return err
		}
		var answer string
		if err := handle.Get(ctx, &answer); err != nil {
			return err
		}
		_, err = stop(ctx, t, run)
		return all(err, equal(answer, "put later", "answer"))
	}},
	{"update_with_start_new", func(ctx context.Context, t *T) error {
		start := t.Client.NewWithStartWorkflowOperation(options{
			ID: t.ID(), TaskQueue: t.TaskQueue,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, Box)
		handle, err := t.Client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: start,
			UpdateOptions: client.UpdateWorkflowOptions{
				UpdateName: "put", Args: []any{"a"}, WaitForStage: client.WorkflowUpdateStageCompleted,
			},
		})
		if err != nil {
			return err
		}
		var length int
		if err := handle.Get(ctx, &length); err != nil {
			return err
		}
		run, err := start.Get(ctx)
		if err != nil {
			return err
		}
		_, err = stop(ctx, t, run)
		return all(err, equal(length, 1, "length"))
	}},
	{"memo", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{Memo: map[string]any{"colour": "red"}}, Echo, "x")
		if _, err = result[string](ctx, run, err); err != nil {
			return err
		}
		d, err := t.Client.DescribeWorkflowExecution(ctx, run.GetID(), "")
		if err != nil {
			return err
		}
		return contains(string(d.WorkflowExecutionInfo.Memo.Fields["colour"].GetData()), "red")
	}},
	{"search_attributes_upsert", func(ctx context.Context, t *T) error {
		_, err := t.Client.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace:        t.Namespace,
			SearchAttributes: map[string]enums.IndexedValueType{"FeatureKeyword": enums.INDEXED_VALUE_TYPE_KEYWORD},
		})
		if _, known := err.(*serviceerror.AlreadyExists); err != nil && !known {
			return err
		}
		unique := t.ID()
		run, err := t.Start(ctx, options{}, Attributes, unique)
		if err != nil {
			return err
		}
		if err := run.Get(ctx, nil); err != nil {
			return err
		}
		return eventually(ctx, "it is listed", func() (bool, error) {
			list, err := t.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
				Query: fmt.Sprintf("FeatureKeyword = '%s'", unique),
			})
			return err == nil && len(list.Executions) == 1 && list.Executions[0].Execution.WorkflowId == run.GetID(), err
		})
	}},
	{"list_and_count", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{}, Echo, "x")
		if _, err = result[string](ctx, run, err); err != nil {
			return err
		}
		query := fmt.Sprintf("WorkflowId = '%s' AND ExecutionStatus = 'Completed'", run.GetID())
		err = eventually(ctx, "it is listed as completed", func() (bool, error) {
			list, err := t.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
			return err == nil && len(list.Executions) == 1, err
		})
		if err != nil {
			return err
		}
		counted, err := t.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return all(err, equal(counted.GetCount(), int64(1), "count"))
	}},
	{"user_metadata", func(ctx context.Context, t *T) error {
		run, err := t.Start(ctx, options{StaticSummary: "in short", StaticDetails: "at length"}, Echo, "x")
		if _, err = result[string](ctx, run, err); err != nil {
			return err
		}
		d, err := t.Client.DescribeWorkflow(ctx, run.GetID(), "")
		if err != nil {
			return err
		}
		summary, err := d.GetStaticSummary()
		return all(err, equal(summary, "in short", "summary"))
	}},
	{"schedule_trigger_and_pause", func(ctx context.Context, t *T) error {
		handle, err := t.Client.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID:     t.ID(),
			Spec:   client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour}}},
			Action: &client.ScheduleWorkflowAction{ID: t.ID(), Workflow: Echo, Args: []any{"x"}, TaskQueue: t.TaskQueue},
			Paused: true,
		})
		if err != nil {
			return err
		}
		if err := handle.Trigger(ctx, client.ScheduleTriggerOptions{}); err != nil {
			return err
		}
		err = eventually(ctx, "the trigger acted", func() (bool, error) {
			d, err := handle.Describe(ctx)
			return err == nil && len(d.Info.RecentActions) == 1, err
		})
		return all(err, handle.Delete(ctx))
	}},
	{"worker_restart_keeps_state", func(ctx context.Context, t *T) error {
		queue := t.ID()
		first := newWorker(t.Client, queue, worker.Options{})
		if err := first.Start(); err != nil {
			return err
		}
		run, err := t.Start(ctx, options{TaskQueue: queue}, Box)
		if err != nil {
			return err
		}
		if err := signal(ctx, t, run.GetID(), "add", "before"); err != nil {
			return err
		}
		if _, err := query(ctx, t, run.GetID()); err != nil {
			return err
		}
		first.Stop()
		second := newWorker(t.Client, queue, worker.Options{})
		if err := second.Start(); err != nil {
			return err
		}
		defer second.Stop()
		got, err := stop(ctx, t, run)
		return all(err, equal(got, []string{"before"}, "items"))
	}},
}
