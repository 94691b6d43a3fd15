package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nexus-rpc/sdk-go/nexus"
	"go.temporal.io/api/enums/v1"
	nexuspb "go.temporal.io/api/nexus/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/temporalnexus"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// DeskCall is one call of an operation.
type DeskCall struct {
	Endpoint, Operation, Word string
	Timeout                   time.Duration
	Cancel                    bool
}

// DeskCaller calls one operation and returns its result.
func DeskCaller(ctx workflow.Context, call DeskCall) (string, error) {
	operationCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	c := workflow.NewNexusClient(call.Endpoint, "desk")
	future := c.ExecuteOperation(operationCtx, call.Operation, call.Word, workflow.NexusOperationOptions{ScheduleToCloseTimeout: call.Timeout})
	if call.Cancel {
		var started workflow.NexusOperationExecution
		if err := future.GetNexusOperationExecution().Get(ctx, &started); err != nil {
			return "", err
		}
		cancel()
	}
	var got string
	return got, future.Get(ctx, &got)
}

// DeskWork carries a long operation out.
func DeskWork(ctx workflow.Context, word string) (string, error) {
	if word == "wait" {
		return "", workflow.Sleep(ctx, time.Hour)
	}
	if word == "fail" {
		return "", temporal.NewNonRetryableApplicationError("the work failed", "Kind", nil)
	}
	return word + " done", nil
}

var deskEcho = nexus.NewSyncOperation("echo", func(_ context.Context, word string, _ nexus.StartOperationOptions) (string, error) {
	return word, nil
})

var deskRefuse = nexus.NewSyncOperation("refuse", func(_ context.Context, word string, _ nexus.StartOperationOptions) (string, error) {
	return "", nexus.HandlerErrorf(nexus.HandlerErrorTypeBadRequest, "refused: %s", word)
})

var deskLong = temporalnexus.NewWorkflowRunOperation("long", DeskWork, func(_ context.Context, _ string, options nexus.StartOperationOptions) (client.StartWorkflowOptions, error) {
	return client.StartWorkflowOptions{ID: "desk-" + options.RequestID}, nil
})

// withDesk runs a case with an endpoint, its handler and a worker for callers.
func withDesk(name string, body func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error) Case {
	return Case{name, func(ctx context.Context, t *T) error {
		place := t.ID()
		spec := &nexuspb.EndpointSpec{Name: "desk-" + letters(place), Target: &nexuspb.EndpointTarget{
			Variant: &nexuspb.EndpointTarget_Worker_{Worker: &nexuspb.EndpointTarget_Worker{Namespace: t.Namespace, TaskQueue: place + "-handler"}},
		}}
		made, err := t.Client.OperatorService().CreateNexusEndpoint(ctx, &operatorservice.CreateNexusEndpointRequest{Spec: spec})
		if err != nil {
			return err
		}
		defer func() {
			_, _ = t.Client.OperatorService().DeleteNexusEndpoint(ctx, &operatorservice.DeleteNexusEndpointRequest{
				Id: made.Endpoint.Id, Version: made.Endpoint.Version})
		}()
		service := nexus.NewService("desk")
		if err := service.Register(deskEcho, deskRefuse, deskLong); err != nil {
			return err
		}
		handler := worker.New(t.Client, place+"-handler", worker.Options{})
		handler.RegisterNexusService(service)
		handler.RegisterWorkflow(DeskWork)
		caller := worker.New(t.Client, place+"-caller", worker.Options{})
		caller.RegisterWorkflow(DeskCaller)
		for _, each := range []worker.Worker{handler, caller} {
			if err := each.Start(); err != nil {
				return err
			}
			defer each.Stop()
		}
		return body(ctx, t, func(call DeskCall) (client.WorkflowRun, error) {
			call.Endpoint = spec.Name
			return t.Start(ctx, options{TaskQueue: place + "-caller"}, DeskCaller, call)
		})
	}}
}

// letters keeps what the name of an endpoint may have.
func letters(text string) string {
	kept := []rune{}
	for _, each := range text {
		if each == '-' || each >= '0' && each <= '9' || each >= 'a' && each <= 'z' {
			kept = append(kept, each)
		}
	}
	return string(kept[max(0, len(kept)-60):]) + "x"
}

func operationFailure(ctx context.Context, run client.WorkflowRun, err error) (*temporal.NexusOperationError, error) {
	if err != nil {
		return nil, err
	}
	return as[*temporal.NexusOperationError](run.Get(ctx, nil))
}

var nexusCases = []Case{
	withDesk("nexus_operation_at_once", func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error {
		run, err := call(DeskCall{Operation: "echo", Word: "hello"})
		got, err := result[string](ctx, run, err)
		return all(err, equal(got, "hello", "result"))
	}),
	withDesk("nexus_operation_by_a_workflow", func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error {
		run, err := call(DeskCall{Operation: "long", Word: "word"})
		got, err := result[string](ctx, run, err)
		if err := all(err, equal(got, "word done", "result")); err != nil {
			return err
		}
		kinds := map[enums.EventType]int{}
		events := t.Client.GetWorkflowHistory(ctx, run.GetID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			if err != nil {
				return err
			}
			kinds[event.EventType]++
		}
		return equal(kinds[enums.EVENT_TYPE_NEXUS_OPERATION_STARTED], 1, "started events")
	}),
	withDesk("nexus_operation_refused", func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error {
		run, err := call(DeskCall{Operation: "refuse", Word: "this"})
		failed, err := operationFailure(ctx, run, err)
		if err != nil {
			return err
		}
		var handlerError *nexus.HandlerError
		if !errors.As(failed, &handlerError) {
			return fmt.Errorf("no handler error: %v", failed)
		}
		return equal(handlerError.Type, nexus.HandlerErrorTypeBadRequest, "type")
	}),
	withDesk("nexus_operation_whose_workflow_fails", func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error {
		run, err := call(DeskCall{Operation: "long", Word: "fail"})
		failed, err := operationFailure(ctx, run, err)
		if err != nil {
			return err
		}
		application, err := as[*temporal.ApplicationError](failed)
		if err != nil {
			return err
		}
		return equal(application.Type(), "Kind", "type")
	}),
	withDesk("nexus_operation_canceled", func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error {
		run, err := call(DeskCall{Operation: "long", Word: "wait", Cancel: true})
		if err != nil {
			return err
		}
		// This SDK ends a workflow that returns a cancellation of what it waited for as cancelled itself.
		_, err = as[*temporal.CanceledError](run.Get(ctx, nil))
		return err
	}),
	withDesk("nexus_operation_times_out", func(ctx context.Context, t *T, call func(DeskCall) (client.WorkflowRun, error)) error {
		run, err := call(DeskCall{Operation: "long", Word: "wait", Timeout: 3 * time.Second})
		failed, err := operationFailure(ctx, run, err)
		if err != nil {
			return err
		}
		timeout, err := as[*temporal.TimeoutError](failed)
		if err != nil {
			return err
		}
		return equal(timeout.TimeoutType(), enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, "timeout")
	}),
}
