package features;

import static features.Context.equal;
import static features.Context.eventually;
import static features.Context.raises;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.enums.v1.RetryState;
import io.temporal.api.enums.v1.TimeoutType;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.client.ActivityNotExistsException;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowQueryException;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowUpdateHandle;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.client.schedules.Schedule;
import io.temporal.client.schedules.ScheduleActionStartWorkflow;
import io.temporal.client.schedules.ScheduleClient;
import io.temporal.client.schedules.ScheduleHandle;
import io.temporal.client.schedules.ScheduleIntervalSpec;
import io.temporal.client.schedules.ScheduleOptions;
import io.temporal.client.schedules.ScheduleSpec;
import io.temporal.client.schedules.ScheduleState;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.failure.TerminatedFailure;
import io.temporal.failure.TimeoutFailure;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.worker.WorkerFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The cases: each fails by throwing. */
final class Cases {
  private Cases() {}

  interface Case {
    void run(Context t) throws Exception;
  }

  static Map<String, Case> all() {
    Map<String, Case> cases = new LinkedHashMap<>();
    addActivities(cases);
    addRuns(cases);
    addFamily(cases);
    addMessages(cases);
    return cases;
  }

  private static WorkflowStub activity(Context t, String name, List<Object> args, Map<String, Integer> limits) {
    return t.start("OneActivity", name, args, limits);
  }

  private static Object result(WorkflowStub stub) {
    return stub.getResult(Object.class);
  }

  private static void timeout(Context t, String name, List<Object> args, Map<String, Integer> limits, String kind) {
    TimeoutFailure failure = raises(TimeoutFailure.class, () -> result(activity(t, name, args, limits)));
    equal(failure.getTimeoutType(), TimeoutType.valueOf("TIMEOUT_TYPE_" + kind));
  }

  private static void addActivities(Map<String, Case> cases) {
    cases.put("activity_result", t -> equal(result(activity(t, "echo", List.of("hello"), Map.of())), "hello"));
    cases.put(
        "activity_retried_until_success", t -> equal(result(activity(t, "failUntil", List.of(3), Map.of())), 3));
    cases.put(
        "activity_attempts_used_up",
        t -> {
          WorkflowStub run = activity(t, "failUntil", List.of(9), Map.of("attempts", 2));
          ActivityFailure failure = raises(ActivityFailure.class, () -> result(run));
          equal(failure.getRetryState(), RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
          equal(((ApplicationFailure) failure.getCause()).getOriginalMessage(), "attempt 2 fails");
        });
    cases.put(
        "activity_non_retryable_flag",
        t -> {
          WorkflowStub run = activity(t, "failWith", List.of("no", "Fatal"), Map.of());
          ActivityFailure failure = raises(ActivityFailure.class, () -> result(run));
          equal(failure.getRetryState(), RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE);
          ApplicationFailure cause = (ApplicationFailure) failure.getCause();
          equal(List.of(cause.getType(), cause.getDetails().get(String.class)), List.of("Fatal", "detail"));
        });
    cases.put(
        "activity_heartbeat_details_carried",
        t -> {
          Map<String, Integer> limits = Map.of("heartbeat", 5000, "attempts", 3);
          equal(result(activity(t, "resumeFromHeartbeat", List.of(), limits)), List.of(1, 2));
        });
    cases.put(
        "activity_timeout_start_to_close",
        t -> timeout(t, "hang", List.of(""), Map.of("startToClose", 300, "attempts", 1), "START_TO_CLOSE"));
    cases.put(
        "activity_timeout_schedule_to_start",
        t -> timeout(t, "echo", List.of(""), Map.of("scheduleToStart", 300, "otherQueue", 1), "SCHEDULE_TO_START"));
    cases.put(
        "activity_timeout_schedule_to_close",
        t -> timeout(t, "hang", List.of(""), Map.of("scheduleToClose", 400), "SCHEDULE_TO_CLOSE"));
    cases.put(
        "activity_timeout_heartbeat",
        t -> timeout(t, "hang", List.of("detail"), Map.of("heartbeat", 400, "attempts", 1), "HEARTBEAT"));
    cases.put(
        "activity_cancelled_with_workflow",
        t -> {
          WorkflowStub run = activity(t, "waitForCancel", List.of(), Map.of("heartbeat", 1000, "attempts", 1));
          eventually("the activity runs", () -> pendingStarted(run));
          run.cancel();
          raises(CanceledFailure.class, () -> result(run));
          equal(count(t, run, EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED), 1);
        });
    cases.put(
        "async_completion_by_token",
        t -> {
          String key = t.id();
          WorkflowStub run = activity(t, "completeElsewhere", List.of(key), Map.of());
          byte[] token = Activities.tokenOf(key).get();
          t.client().newActivityCompletionClient().complete(token, "by token");
          equal(result(run), "by token");
          raises(
              ActivityNotExistsException.class,
              () -> {
                t.client().newActivityCompletionClient().complete(token, "again");
                return null;
              });
        });
    cases.put(
        "async_completion_by_id",
        t -> {
          String key = t.id();
          WorkflowStub run = activity(t, "completeElsewhere", List.of(key), Map.of());
          Activities.tokenOf(key).get();
          String activityId = run.describe().getRawDescription().getPendingActivities(0).getActivityId();
          String workflowId = run.getExecution().getWorkflowId();
          t.client().newActivityCompletionClient().complete(workflowId, Optional.empty(), activityId, "by id");
          equal(result(run), "by id");
        });
    cases.put(
        "local_activity",
        t -> {
          WorkflowStub run = activity(t, "echo", List.of("near"), Map.of("local", 1));
          equal(result(run), "near");
          equal(count(t, run, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), 0);
        });
  }

  private static boolean pendingStarted(WorkflowStub run) {
    return run.describe().getRawDescription().getPendingActivitiesList().stream()
        .anyMatch(p -> p.hasLastStartedTime());
  }

  private static int count(Context t, WorkflowStub run, EventType kind) {
    return Collections.frequency(t.events(run.getExecution()), kind);
  }

  private static void addRuns(Map<String, Case> cases) {
    cases.put("workflow_echo", t -> equal(result(t.start("Echo", "hello")), "hello"));
    cases.put(
        "workflow_failure",
        t -> {
          ApplicationFailure failure =
              raises(ApplicationFailure.class, () -> result(t.start("Fail", "broken", "Kind")));
          equal(List.of(failure.getOriginalMessage(), failure.getType()), List.of("broken", "Kind"));
        });
    cases.put(
        "workflow_retry_policy",
        t -> equal(result(t.start(t.options().setRetryOptions(Workflows.fast(5)), "FailUntilAttempt", 3)), 3));
    cases.put(
        "timers_in_order",
        t -> equal(result(t.start("Timers", List.of(2200, 10, 1100))), List.of(10, 1100, 2200)));
    cases.put(
        "continue_as_new",
        t -> equal(new HashSet<>((List<?>) result(t.start("CountDown", 2, List.of()))).size(), 3));
    cases.put(
        "cancel_runs_cleanup",
        t -> {
          WorkflowStub run = t.start("Sleeper");
          eventually("first task done", () -> count(t, run, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 1);
          run.cancel();
          raises(CanceledFailure.class, () -> result(run));
          equal(count(t, run, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED), 1);
        });
    cases.put(
        "terminate",
        t -> {
          WorkflowStub run = t.start("Sleeper");
          run.terminate("because");
          raises(TerminatedFailure.class, () -> result(run));
        });
    cases.put(
        "run_timeout",
        t -> {
          WorkflowStub run = t.start(t.options().setWorkflowRunTimeout(Duration.ofSeconds(1)), "Sleeper");
          raises(TimeoutFailure.class, () -> result(run));
        });
    cases.put(
        "unknown_workflow_is_not_found",
        t -> raises(WorkflowNotFoundException.class, () -> t.client().newUntypedWorkflowStub(t.id()).describe()));
    cases.put(
        "id_reuse_reject",
        t -> {
          WorkflowStub first = t.start("Echo", "one");
          result(first);
          raises(
              WorkflowExecutionAlreadyStarted.class,
              () ->
                  t.start(
                      t.options()
                          .setWorkflowId(first.getExecution().getWorkflowId())
                          .setWorkflowIdReusePolicy(
                              WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE),
                      "Echo",
                      "two"));
        });
    cases.put(
        "id_conflict_fail",
        t -> {
          WorkflowStub first = t.start("Box");
          raises(
              WorkflowExecutionAlreadyStarted.class,
              () ->
                  t.start(
                      t.options()
                          .setWorkflowId(first.getExecution().getWorkflowId())
                          .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL),
                      "Box"));
          stop(first);
        });
    cases.put(
        "start_delay",
        t -> {
          long began = System.nanoTime();
          result(t.start(t.options().setStartDelay(Duration.ofMillis(700)), "Echo", "late"));
          equal(System.nanoTime() - began >= 700_000_000L, true);
        });
    cases.put("cron", Cases::cron);
    cases.put("search_attributes_upsert", Cases::searchable);
    cases.put(
        "list_and_count",
        t -> {
          WorkflowStub run = t.start("Echo", "x");
          result(run);
          String id = run.getExecution().getWorkflowId();
          String query = "WorkflowId = '" + id + "' AND ExecutionStatus = 'Completed'";
          eventually("it is listed as completed", () -> t.client().listExecutions(query).count() == 1);
          equal(t.client().countWorkflows(query).getCount(), 1L);
        });
    cases.put("schedule_trigger_and_pause", Cases::schedule);
    cases.put(
        "id_conflict_use_existing",
        t -> {
          WorkflowStub first = t.start("Box");
          WorkflowStub second =
              t.start(
                  t.options()
                      .setWorkflowId(first.getExecution().getWorkflowId())
                      .setWorkflowIdConflictPolicy(
                          WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING),
                  "Box");
          equal(second.getExecution(), first.getExecution());
          stop(first);
        });
    cases.put("patched_new_run", t -> equal(result(t.start("Versioned")), 2));
    cases.put("random_is_stable", t -> equal(result(t.start("Seeded")), true));
    cases.put(
        "memo",
        t -> {
          WorkflowStub run = t.start(t.options().setMemo(Map.of("colour", "red")), "Echo", "x");
          result(run);
          equal(run.describe().getMemo("colour", String.class), "red");
        });
    cases.put(
        "user_metadata",
        t -> {
          WorkflowStub run = t.start(t.options().setStaticSummary("in short"), "Echo", "x");
          result(run);
          equal(run.describe().getStaticSummary(), "in short");
        });
  }

  private static void cron(Context t) throws Exception {
    WorkflowStub first = t.start(t.options().setCronSchedule("@every 1s"), "CronTick");
    String id = first.getExecution().getWorkflowId();
    WorkflowStub newest = t.client().newUntypedWorkflowStub(id);
    eventually(
        "the second run has the first one's result",
        () -> {
          String runId = newest.describe().getExecution().getRunId();
          return !runId.equals(first.getExecution().getRunId())
              && t.client()
                  .fetchHistory(id, runId)
                  .getEvents()
                  .get(0)
                  .getWorkflowExecutionStartedEventAttributes()
                  .hasLastCompletionResult();
        });
    newest.terminate("enough");
  }

  private static void searchable(Context t) throws Exception {
    OperatorServiceStubs.newServiceStubs(
            OperatorServiceStubsOptions.newBuilder()
                .setChannel(t.client().getWorkflowServiceStubs().getRawChannel())
                .validateAndBuildWithDefaults())
        .blockingStub()
        .addSearchAttributes(
            AddSearchAttributesRequest.newBuilder()
                .setNamespace("default")
                .putSearchAttributes("FeatureKeyword", IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
                .build());
    String unique = t.id();
    WorkflowStub run = t.start("Searchable", unique);
    run.getResult(Void.class);
    eventually(
        "it is listed", () -> t.client().listExecutions("FeatureKeyword = '" + unique + "'").count() == 1);
  }

  private static void schedule(Context t) throws Exception {
    ScheduleClient client = ScheduleClient.newInstance(t.client().getWorkflowServiceStubs());
    ScheduleActionStartWorkflow action =
        ScheduleActionStartWorkflow.newBuilder()
            .setWorkflowType("Echo")
            .setArguments("x")
            .setOptions(t.options().build())
            .build();
    ScheduleSpec spec =
        ScheduleSpec.newBuilder().setIntervals(List.of(new ScheduleIntervalSpec(Duration.ofHours(1)))).build();
    ScheduleState state = ScheduleState.newBuilder().setPaused(true).build();
    Schedule schedule = Schedule.newBuilder().setAction(action).setSpec(spec).setState(state).build();
    ScheduleHandle handle = client.createSchedule(t.id(), schedule, ScheduleOptions.newBuilder().build());
    try {
      handle.trigger();
      eventually("the trigger acted", () -> handle.describe().getInfo().getRecentActions().size() == 1);
      handle.unpause();
      equal(handle.describe().getSchedule().getState().isPaused(), false);
    } finally {
      handle.delete();
    }
  }

  private static void addFamily(Map<String, Case> cases) {
    cases.put("ten_children", t -> equal(((List<?>) result(t.start("Children", 10))).size(), 10));
    cases.put(
        "child_fails",
        t -> {
          WorkflowStub run = t.start("FailingChild", t.id());
          ChildWorkflowFailure failure = raises(ChildWorkflowFailure.class, () -> result(run));
          equal(((ApplicationFailure) failure.getCause()).getType(), "Kind");
        });
    cases.put("child_cancel", t -> equal(result(t.start("ChildCancel", t.id())), "cancelled"));
    cases.put("parent_close_terminate", t -> closeParent(t, "TERMINATE", "TERMINATED"));
    cases.put("parent_close_request_cancel", t -> closeParent(t, "REQUEST_CANCEL", "CANCELED"));
    cases.put("parent_close_abandon", t -> closeParent(t, "ABANDON", "RUNNING"));
    cases.put(
        "external_signal",
        t -> {
          WorkflowStub target = t.start("Box");
          result(t.start("External", "signal", target.getExecution().getWorkflowId()));
          equal(stop(target), List.of("from outside"));
        });
    cases.put(
        "external_cancel",
        t -> {
          WorkflowStub target = t.start("Sleeper");
          result(t.start("External", "cancel", target.getExecution().getWorkflowId()));
          raises(CanceledFailure.class, () -> result(target));
        });
  }

  private static void closeParent(Context t, String policy, String status) throws Exception {
    String childId = t.id();
    String runId = (String) result(t.start("ParentOf", childId, policy));
    WorkflowExecution execution = WorkflowExecution.newBuilder().setWorkflowId(childId).setRunId(runId).build();
    WorkflowStub child = t.client().newUntypedWorkflowStub(execution, Optional.empty());
    WorkflowExecutionStatus want = WorkflowExecutionStatus.valueOf("WORKFLOW_EXECUTION_STATUS_" + status);
    eventually("the child is " + status, () -> child.describe().getStatus() == want);
    if (status.equals("RUNNING")) {
      child.terminate("enough");
    }
  }

  private static Object stop(WorkflowStub box) {
    box.signal("stop");
    return result(box);
  }

  private static void addMessages(Map<String, Case> cases) {
    cases.put(
        "signals_in_order",
        t -> {
          WorkflowStub box = t.start("Box");
          List<String> want = new ArrayList<>();
          for (int i = 0; i < 30; i++) {
            want.add(String.valueOf(i));
            box.signal("add", String.valueOf(i));
          }
          equal(stop(box), want);
        });
    cases.put(
        "signal_with_start_new",
        t -> {
          WorkflowStub box = t.client().newUntypedWorkflowStub("Box", t.options().build());
          box.signalWithStart("add", new Object[] {"first"}, new Object[] {});
          equal(stop(box), List.of("first"));
        });
    cases.put(
        "query_running",
        t -> {
          WorkflowStub box = t.start("Box");
          box.signal("add", "a");
          equal(box.query("all", Object.class), List.of("a"));
          stop(box);
        });
    cases.put(
        "query_closed",
        t -> {
          WorkflowStub box = t.start("Box");
          stop(box);
          equal(box.query("all", Object.class), List.of());
        });
    cases.put(
        "query_unknown_name",
        t -> {
          WorkflowStub box = t.start("Box");
          raises(WorkflowQueryException.class, () -> box.query("nothing", Object.class));
          stop(box);
        });
    cases.put(
        "update_completes",
        t -> {
          WorkflowStub box = t.start("Box");
          equal(box.update("put", Integer.class, "a"), 1);
          equal(box.update("put", Integer.class, "b"), 2);
          equal(stop(box), List.of("a", "b"));
        });
    cases.put(
        "update_rejected",
        t -> {
          WorkflowStub box = t.start("Box");
          WorkflowUpdateException failure =
              raises(WorkflowUpdateException.class, () -> box.update("put", Integer.class, ""));
          equal(((ApplicationFailure) failure.getCause()).getOriginalMessage(), "empty items are refused");
          equal(stop(box), List.of());
        });
    cases.put(
        "update_same_id_runs_once",
        t -> {
          WorkflowStub box = t.start("Box");
          UpdateOptions<Integer> same =
              UpdateOptions.newBuilder(Integer.class)
                  .setUpdateName("put")
                  .setUpdateId("same")
                  .setWaitForStage(WorkflowUpdateStage.COMPLETED)
                  .build();
          for (int i = 0; i < 3; i++) {
            equal(box.startUpdate(same, "a").getResult(), 1);
          }
          equal(stop(box), List.of("a"));
        });
    cases.put(
        "update_accepted_then_completed",
        t -> {
          WorkflowStub box = t.start("Box");
          WorkflowUpdateHandle<String> update =
              box.startUpdate("putWhenUnlocked", WorkflowUpdateStage.ACCEPTED, String.class, "later");
          box.signal("unlock");
          equal(update.getResult(), "put later");
          stop(box);
        });
    cases.put(
        "update_with_start_new",
        t -> {
          WorkflowOptions options =
              t.options()
                  .setWorkflowIdConflictPolicy(
                      WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
                  .build();
          WorkflowStub box = t.client().newUntypedWorkflowStub("Box", options);
          UpdateOptions<Integer> put =
              UpdateOptions.newBuilder(Integer.class)
                  .setUpdateName("put")
                  .setWaitForStage(WorkflowUpdateStage.COMPLETED)
                  .build();
          equal(box.executeUpdateWithStart(put, new Object[] {"a"}, new Object[] {}), 1);
          equal(stop(box), List.of("a"));
        });
    cases.put("worker_restart_keeps_state", Cases::restart);
  }

  private static void restart(Context t) throws Exception {
    String queue = t.id();
    WorkerFactory first = WorkerFactory.newInstance(t.client());
    Main.register(first, queue);
    first.start();
    WorkflowStub box = t.start(t.options().setTaskQueue(queue), "Box");
    box.signal("add", "before");
    equal(box.query("all", Object.class), List.of("before"));
    first.shutdownNow();
    WorkerFactory second = WorkerFactory.newInstance(t.client());
    Main.register(second, queue);
    second.start();
    equal(stop(box), List.of("before"));
    second.shutdownNow();
  }
}
