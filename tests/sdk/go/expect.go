package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

// equal is an error unless both values are deeply equal.
func equal(got, want any, what string) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, want)
}

func contains(whole, part string) error {
	if strings.Contains(whole, part) {
		return nil
	}
	return fmt.Errorf("%q is not in %q", part, whole)
}

// as finds an error of type E in the chain.
func as[E error](err error) (E, error) {
	var target E
	if errors.As(err, &target) {
		return target, nil
	}
	return target, fmt.Errorf("no %T: %v", target, err)
}

// result waits for a run and decodes what it returned.
func result[R any](ctx context.Context, run client.WorkflowRun, err error) (R, error) {
	var value R
	if err != nil {
		return value, err
	}
	return value, run.Get(ctx, &value)
}

// eventually polls what the API promises only eventually.
func eventually(ctx context.Context, what string, probe func() (bool, error)) error {
	deadline := time.Now().Add(15 * time.Second)
	for {
		ok, err := probe()
		if err != nil {
			return err
		}
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within 15s: %s", what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// eventTypes lists a run's history.
func eventTypes(ctx context.Context, c client.Client, id, runID string) ([]enums.EventType, error) {
	var types []enums.EventType
	events := c.GetWorkflowHistory(ctx, id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}
		types = append(types, event.EventType)
	}
	return types, nil
}

func count(types []enums.EventType, kind enums.EventType) int {
	n := 0
	for _, t := range types {
		if t == kind {
			n++
		}
	}
	return n
}

func closePolicy(value int32) enums.ParentClosePolicy { return enums.ParentClosePolicy(value) }

// all returns the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
