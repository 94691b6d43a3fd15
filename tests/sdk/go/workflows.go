package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Activities are what the workflows call.
type Activities struct{ Client client.Client }

var (
	tokens  sync.Map // key -> chan []byte, for activities that somebody else completes
	started sync.Map // key -> chan struct{}, closed when the activity of that key has begun
)

func tokenChannel(key string) chan []byte {
	c, _ := tokens.LoadOrStore(key, make(chan []byte, 1))
	return c.(chan []byte)
}

func startedChannel(key string) chan struct{} {
	c, _ := started.LoadOrStore(key, make(chan struct{}))
	return c.(chan struct{})
}

func (a *Activities) Echo(_ context.Context, value string) (string, error) { return value, nil }

func (a *Activities) FailUntil(ctx context.Context, attempt int32) (int32, error) {
	now := activity.GetInfo(ctx).Attempt
	if now < attempt {
		return 0, temporal.NewApplicationError(fmt.Sprintf("attempt %d fails", now), "NotYet", now)
	}
	return now, nil
}

func (a *Activities) FailWith(_ context.Context, message, kind string) error {
	return temporal.NewNonRetryableApplicationError(message, kind, nil, "detail")
}

func (a *Activities) ResumeFromHeartbeat(ctx context.Context) ([]int32, error) {
	var seen []int32
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &seen); err != nil {
			return nil, err
		}
	}
	if attempt := activity.GetInfo(ctx).Attempt; attempt < 3 {
		activity.RecordHeartbeat(ctx, append(seen, attempt))
		return nil, errors.New("again")
	}
	return seen, nil
}

func (a *Activities) Hang(ctx context.Context, detail string) error {
	if detail != "" {
		activity.RecordHeartbeat(ctx, detail)
	}
	<-ctx.Done()
	return ctx.Err()
}

func (a *Activities) WaitForCancel(ctx context.Context, key string) error {
	close(startedChannel(key))
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			activity.RecordHeartbeat(ctx, "alive")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *Activities) CompleteElsewhere(ctx context.Context, key string) (string, error) {
	tokenChannel(key) <- activity.GetInfo(ctx).TaskToken
	return "", activity.ErrResultPending
}

// Plan tells OneActivity what to call and how.
type Plan struct {
	Activity      string
	Args          []any
	ID            string
	Queue         string
	Local         bool
	Attempts      int32
	StartToClose  time.Duration
	ScheduleClose time.Duration
	ScheduleStart time.Duration
	Heartbeat     time.Duration
	Wait          bool
}

func OneActivity(ctx workflow.Context, p Plan) (any, error) {
	retry := &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond, BackoffCoefficient: 1, MaximumAttempts: p.Attempts}
	if p.StartToClose == 0 && p.ScheduleClose == 0 {
		p.ScheduleClose = 30 * time.Second
	}
	var result any
	if p.Local {
		ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
			ScheduleToCloseTimeout: p.ScheduleClose, RetryPolicy: retry,
		})
		err := workflow.ExecuteLocalActivity(ctx, p.Activity, p.Args...).Get(ctx, &result)
		return result, err
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID:             p.ID,
		TaskQueue:              p.Queue,
		StartToCloseTimeout:    p.StartToClose,
		ScheduleToCloseTimeout: p.ScheduleClose,
		ScheduleToStartTimeout: p.ScheduleStart,
		HeartbeatTimeout:       p.Heartbeat,
		WaitForCancellation:    p.Wait,
		RetryPolicy:            retry,
	})
	err := workflow.ExecuteActivity(ctx, p.Activity, p.Args...).Get(ctx, &result)
	return result, err
}

func Echo(_ workflow.Context, value string) (string, error) { return value, nil }

func Sleeper(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Hour) }

func Fail(_ workflow.Context, message, kind string) error {
	return temporal.NewApplicationError(message, kind, "detail")
}

func FailUntilAttempt(ctx workflow.Context, attempt int32) (int32, error) {
	now := workflow.GetInfo(ctx).Attempt
	if now < attempt {
		return 0, fmt.Errorf("attempt %d", now)
	}
	return now, nil
}

func Timers(ctx workflow.Context, milliseconds []int) ([]int, error) {
	var fired []int
	selector := workflow.NewSelector(ctx)
	for _, ms := range milliseconds {
		selector.AddFuture(workflow.NewTimer(ctx, time.Duration(ms)*time.Millisecond), func(workflow.Future) {
			fired = append(fired, ms)
		})
	}
	for range milliseconds {
		selector.Select(ctx)
	}
	return fired, nil
}

// Box collects signals until told to stop, answers queries and takes updates.
func Box(ctx workflow.Context) ([]string, error) {
	items := []string{}
	unlocked := false
	if err := workflow.SetQueryHandler(ctx, "all", func() ([]string, error) { return items, nil }); err != nil {
		return nil, err
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, "put", func(_ workflow.Context, item string) (int, error) {
		items = append(items, item)
		return len(items), nil
	}, workflow.UpdateHandlerOptions{Validator: func(item string) error {
		if item == "" {
			return temporal.NewApplicationError("empty items are refused", "Refused")
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	err = workflow.SetUpdateHandler(ctx, "put-when-unlocked", func(ctx workflow.Context, item string) (string, error) {
		if err := workflow.Await(ctx, func() bool { return unlocked }); err != nil {
			return "", err
		}
		items = append(items, item)
		return "put " + item, nil
	})
	if err != nil {
		return nil, err
	}
	stopped := false
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(workflow.GetSignalChannel(ctx, "add"), func(c workflow.ReceiveChannel, _ bool) {
		var item string
		c.Receive(ctx, &item)
		items = append(items, item)
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, "unlock"), func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		unlocked = true
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, "stop"), func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		stopped = true
	})
	for !stopped || selector.HasPending() {
		selector.Select(ctx)
	}
	err = workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return items, err
}

func CountDown(ctx workflow.Context, left int, runs []string) ([]string, error) {
	runs = append(runs, workflow.GetInfo(ctx).WorkflowExecution.RunID)
	if left > 0 {
		return nil, workflow.NewContinueAsNewError(ctx, CountDown, left-1, runs)
	}
	return runs, nil
}

func CronTick(ctx workflow.Context) (int, error) {
	last := 0
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			return 0, err
		}
	}
	return last + 1, nil
}

func childContext(ctx workflow.Context, id string, policy int32) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: id, ParentClosePolicy: closePolicy(policy), WaitForCancellation: true,
	})
}

func Children(ctx workflow.Context, count int) ([]string, error) {
	base := workflow.GetInfo(ctx).WorkflowExecution.ID
	var futures []workflow.Future
	for i := range count {
		id := fmt.Sprintf("%s/%d", base, i)
		futures = append(futures, workflow.ExecuteChildWorkflow(childContext(ctx, id, 0), Echo, id))
	}
	var results []string
	for _, f := range futures {
		var one string
		if err := f.Get(ctx, &one); err != nil {
			return nil, err
		}
		results = append(results, one)
	}
	return results, nil
}

func OneChild(ctx workflow.Context, id, kind string, args []any) (any, error) {
	var result any
	err := workflow.ExecuteChildWorkflow(childContext(ctx, id, 0), kind, args...).Get(ctx, &result)
	return result, err
}

func ChildCancel(ctx workflow.Context, id string) (string, error) {
	childCtx, cancel := workflow.WithCancel(childContext(ctx, id, 0))
	child := workflow.ExecuteChildWorkflow(childCtx, Sleeper)
	if err := child.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
		return "", err
	}
	cancel()
	if err := child.Get(ctx, nil); temporal.IsCanceledError(err) {
		return "cancelled", nil
	} else {
		return "", fmt.Errorf("child ended with %v", err)
	}
}

func ParentOf(ctx workflow.Context, id string, policy int32) (string, error) {
	var execution workflow.Execution
	child := workflow.ExecuteChildWorkflow(childContext(ctx, id, policy), Sleeper)
	err := child.GetChildWorkflowExecution().Get(ctx, &execution)
	return execution.RunID, err
}

func External(ctx workflow.Context, action, id string) error {
	if action == "cancel" {
		return workflow.RequestCancelExternalWorkflow(ctx, id, "").Get(ctx, nil)
	}
	return workflow.SignalExternalWorkflow(ctx, id, "", "add", "from outside").Get(ctx, nil)
}

func Versioned(ctx workflow.Context) (int, error) {
	version := workflow.GetVersion(ctx, "step-one", workflow.DefaultVersion, 2)
	return int(version), nil
}

// Drawn holds what SideEffects drew, and again after a timer, when the first part has been replayed.
type Drawn struct{ First, Mutable string }

func SideEffects(ctx workflow.Context) (Drawn, error) {
	var d Drawn
	draw := func(workflow.Context) any { return fmt.Sprint(time.Now().UnixNano()) }
	if err := workflow.SideEffect(ctx, draw).Get(&d.First); err != nil {
		return d, err
	}
	if err := workflow.Sleep(ctx, 10*time.Millisecond); err != nil {
		return d, err
	}
	same := func(a, b any) bool { return a == b }
	fixed := func(workflow.Context) any { return "fixed" }
	err := workflow.MutableSideEffect(ctx, "m", fixed, same).Get(&d.Mutable)
	return d, err
}

func Attributes(ctx workflow.Context, keyword string) (map[string]string, error) {
	key := temporal.NewSearchAttributeKeyKeyword("FeatureKeyword")
	if err := workflow.UpsertTypedSearchAttributes(ctx, key.ValueSet(keyword)); err != nil {
		return nil, err
	}
	return nil, workflow.UpsertMemo(ctx, map[string]any{"added": "yes"})
}

func CancelCleanup(ctx workflow.Context) error {
	err := workflow.Sleep(ctx, time.Hour)
	clean, _ := workflow.NewDisconnectedContext(ctx)
	clean = workflow.WithActivityOptions(clean, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	if failure := workflow.ExecuteActivity(clean, "Echo", "clean").Get(clean, nil); failure != nil {
		return failure
	}
	return err
}

func registerWorkflows(w interface{ RegisterWorkflow(any) }) {
	for _, one := range []any{
		Attributes, Box, CancelCleanup, ChildCancel, Children, CountDown, CronTick, Echo, External, Fail, FailUntilAttempt,
		OneActivity, OneChild, ParentOf, SideEffects, Sleeper, Timers, Versioned,
	} {
		w.RegisterWorkflow(one)
	}
}
