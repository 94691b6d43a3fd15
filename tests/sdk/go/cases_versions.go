package main

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// deployment is two versions of workers on one task queue.
type deployment struct {
	name, queue string
	handle      client.WorkerDeploymentHandle
	stop        func()
}

func deploy(ctx context.Context, t *T, behavior workflow.VersioningBehavior) (*deployment, error) {
	d := &deployment{name: t.ID(), queue: t.ID()}
	d.handle = t.Client.WorkerDeploymentClient().GetHandle(d.name)
	var workers []worker.Worker
	d.stop = func() {
		for _, w := range workers {
			w.Stop()
		}
	}
	for _, build := range []string{"1", "2"} {
		w := newWorker(t.Client, d.queue, worker.Options{DeploymentOptions: worker.DeploymentOptions{
			UseVersioning:             true,
			Version:                   worker.WorkerDeploymentVersion{DeploymentName: d.name, BuildID: build},
			DefaultVersioningBehavior: behavior,
		}})
		if err := w.Start(); err != nil {
			return d, err
		}
		workers = append(workers, w)
	}
	known := func() (bool, error) {
		described, err := d.handle.Describe(ctx, client.WorkerDeploymentDescribeOptions{})
		return err == nil && len(described.Info.VersionSummaries) == 2, nil
	}
	if err := eventually(ctx, "both versions are known", known); err != nil {
		return d, err
	}
	return d, d.makeCurrent(ctx, "1")
}

func (d *deployment) makeCurrent(ctx context.Context, build string) error {
	_, err := d.handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{
		BuildID: build, IgnoreMissingTaskQueues: true,
	})
	return err
}

// buildOf tells on which build a run was last.
func buildOf(ctx context.Context, t *T, run client.WorkflowRun) (string, error) {
	described, err := t.Client.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return "", err
	}
	return described.WorkflowExecutionInfo.GetVersioningInfo().GetDeploymentVersion().GetBuildId(), nil
}

// movesCase lets the current version change under a run.
func movesCase(name string, behavior workflow.VersioningBehavior, want string) Case {
	return Case{name, func(ctx context.Context, t *T) error {
		d, err := deploy(ctx, t, behavior)
		defer d.stop()
		if err != nil {
			return err
		}
		run, err := t.Start(ctx, options{TaskQueue: d.queue}, Box)
		if err != nil {
			return err
		}
		begun := func() (bool, error) {
			build, err := buildOf(ctx, t, run)
			return build == "1", err
		}
		if err := eventually(ctx, "the run is on build 1", begun); err != nil {
			return err
		}
		if err := d.makeCurrent(ctx, "2"); err != nil {
			return err
		}
		moved := func() (bool, error) {
			if err := t.Client.SignalWorkflow(ctx, run.GetID(), "", "add", "x"); err != nil {
				return false, err
			}
			build, err := buildOf(ctx, t, run)
			return build == want, err
		}
		if err := eventually(ctx, fmt.Sprintf("the run is on build %s", want), moved); err != nil {
			return err
		}
		return t.Client.TerminateWorkflow(ctx, run.GetID(), "", "")
	}}
}

var versionCases = []Case{
	movesCase("versions_pinned_stays", workflow.VersioningBehaviorPinned, "1"),
	movesCase("versions_auto_upgrade_follows", workflow.VersioningBehaviorAutoUpgrade, "2"),
	{"versions_ramp", func(ctx context.Context, t *T) error {
		d, err := deploy(ctx, t, workflow.VersioningBehaviorPinned)
		defer d.stop()
		if err != nil {
			return err
		}
		_, err = d.handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{
			BuildID: "2", Percentage: 100, IgnoreMissingTaskQueues: true,
		})
		if err != nil {
			return err
		}
		return eventually(ctx, "a new run is on build 2", func() (bool, error) {
			run, err := t.Start(ctx, options{TaskQueue: d.queue}, Echo, "x")
			if _, err := result[any](ctx, run, err); err != nil {
				return false, err
			}
			build, err := buildOf(ctx, t, run)
			return build == "2", err
		})
	}},
	{"versions_override_at_the_start", func(ctx context.Context, t *T) error {
		d, err := deploy(ctx, t, workflow.VersioningBehaviorPinned)
		defer d.stop()
		if err != nil {
			return err
		}
		run, err := t.Start(ctx, options{TaskQueue: d.queue, VersioningOverride: &client.PinnedVersioningOverride{
			Version: worker.WorkerDeploymentVersion{DeploymentName: d.name, BuildID: "2"},
		}}, Echo, "x")
		if _, err := result[any](ctx, run, err); err != nil {
			return err
		}
		build, err := buildOf(ctx, t, run)
		return all(err, equal(build, "2", "build"))
	}},
}
