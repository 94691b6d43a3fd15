// Command sdk runs features of the official Go SDK against a server.
//
//	go run . --address HOST:PORT     a server that is already running
//	go run . --binary PATH           starts PATH as the SDK's local dev server, and stops it
//
// One line for each case; the last line is `N passed, N failed`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
)

const caseTimeout = 60 * time.Second

// Case is one feature: it fails by returning an error.
type Case struct {
	Name string
	Run  func(ctx context.Context, t *T) error
}

// T is what a case may use: a client, the shared worker's task queue, and ids nobody else has.
type T struct {
	Client    client.Client
	TaskQueue string
	Namespace string
	name      string
}

// ID returns a new id that names the case.
func (t *T) ID() string { return t.name + "-" + uuid.NewString()[:13] }

// Start starts a workflow on the shared task queue unless the options name another.
func (t *T) Start(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	if options.ID == "" {
		options.ID = t.ID()
	}
	if options.TaskQueue == "" {
		options.TaskQueue = t.TaskQueue
	}
	return t.Client.ExecuteWorkflow(ctx, options, workflow, args...)
}

func newWorker(c client.Client, taskQueue string, options worker.Options) worker.Worker {
	w := worker.New(c, taskQueue, options)
	registerWorkflows(w)
	w.RegisterActivity(&Activities{Client: c})
	return w
}

func matches(name, pattern string) bool {
	if pattern == "" || strings.Contains(name, pattern) {
		return true
	}
	ok, err := filepath.Match(pattern, name)
	return err == nil && ok
}

func runAll(c client.Client, namespace, only string, limit int) (passed, failed int) {
	taskQueue := "features-" + uuid.NewString()[:13]
	w := newWorker(c, taskQueue, worker.Options{})
	if err := w.Start(); err != nil {
		fmt.Println("FAILED worker:", err)
		return 0, 1
	}
	defer w.Stop()

	var (
		gate  = make(chan struct{}, limit)
		lock  sync.Mutex
		group sync.WaitGroup
	)
	for _, one := range cases() {
		if !matches(one.Name, only) {
			continue
		}
		group.Add(1)
		go func() {
			defer group.Done()
			gate <- struct{}{}
			defer func() { <-gate }()
			ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
			defer cancel()
			began := time.Now()
			err := one.Run(ctx, &T{Client: c, TaskQueue: taskQueue, Namespace: namespace, name: one.Name})
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				failed++
				fmt.Printf("FAILED %s: %s\n", one.Name, strings.ReplaceAll(err.Error(), "\n", " "))
			} else {
				passed++
				fmt.Printf("ok %s (%d ms)\n", one.Name, time.Since(began).Milliseconds())
			}
		}()
	}
	group.Wait()
	return passed, failed
}

func main() {
	address := flag.String("address", "", "HOST:PORT of a running server")
	binary := flag.String("binary", "", "server to start for the run")
	namespace := flag.String("namespace", "default", "namespace")
	only := flag.String("only", "", "part of a name, or a glob")
	limit := flag.Int("limit", 12, "cases at a time")
	flag.Parse()
	if (*address == "") == (*binary == "") {
		fmt.Fprintln(os.Stderr, "one of --address and --binary is needed")
		os.Exit(2)
	}
	passed, failed, err := against(*address, *binary, *namespace, *only, *limit)
	if err != nil {
		fmt.Println("FAILED start:", err)
		failed++
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

func against(address, binary, namespace, only string, limit int) (passed, failed int, err error) {
	folder, err := os.MkdirTemp("", "sdk-go-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(folder)
	os.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(folder, "temporal.toml"))
	options := client.Options{HostPort: address, Namespace: namespace, Logger: silent{}}
	if binary != "" {
		server, err := testsuite.StartDevServer(context.Background(), testsuite.DevServerOptions{
			ExistingPath:  binary,
			ClientOptions: &client.Options{Namespace: namespace, Logger: silent{}},
			LogLevel:      "error",
			Stdout:        os.Stderr,
		})
		if err != nil {
			return 0, 0, err
		}
		defer server.Stop()
		passed, failed = runAll(server.Client(), namespace, only, limit)
		return passed, failed, nil
	}
	c, err := client.Dial(options)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	passed, failed = runAll(c, namespace, only, limit)
	return passed, failed, nil
}

// silent drops the SDK's logs: cases fail on purpose, and only their verdicts are of interest.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
