package features;

import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.activity.LocalActivityOptions;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.common.RetryOptions;
import io.temporal.common.SearchAttributeKey;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.UpdateValidatorMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Workflows the cases run. */
public final class Workflows {
  private Workflows() {}

  static final Class<?>[] ALL = {
    EchoImpl.class, OneActivityImpl.class, FailImpl.class, FailUntilAttemptImpl.class, TimersImpl.class,
    SleeperImpl.class, CountDownImpl.class, ChildrenImpl.class, FailingChildImpl.class, ParentOfImpl.class,
    ExternalImpl.class, VersionedImpl.class, SeededImpl.class, BoxImpl.class, ChildCancelImpl.class,
    CronTickImpl.class, SearchableImpl.class,
  };

  static RetryOptions fast(int attempts) {
    return RetryOptions.newBuilder()
        .setInitialInterval(Duration.ofMillis(20))
        .setBackoffCoefficient(1)
        .setMaximumAttempts(attempts)
        .build();
  }

  @WorkflowInterface
  public interface Echo {
    @WorkflowMethod
    String run(String value);
  }

  public static class EchoImpl implements Echo {
    @Override
    public String run(String value) {
      return value;
    }
  }

  @WorkflowInterface
  public interface OneActivity {
    /** Limits, in milliseconds: startToClose, scheduleToClose, scheduleToStart, heartbeat, attempts, local, otherQueue. */
    @WorkflowMethod
    Object run(String name, List<Object> args, Map<String, Integer> limits);
  }

  public static class OneActivityImpl implements OneActivity {
    @Override
    public Object run(String name, List<Object> args, Map<String, Integer> limits) {
      RetryOptions retry = fast(limits.getOrDefault("attempts", 0));
      Duration close = Duration.ofMillis(limits.getOrDefault("startToClose", 30_000));
      String type = Character.toUpperCase(name.charAt(0)) + name.substring(1);
      if (limits.containsKey("local")) {
        LocalActivityOptions local =
            LocalActivityOptions.newBuilder().setStartToCloseTimeout(close).setRetryOptions(retry).build();
        return Workflow.newUntypedLocalActivityStub(local).execute(type, Object.class, args.toArray());
      }
      ActivityOptions.Builder options =
          ActivityOptions.newBuilder()
              .setStartToCloseTimeout(close)
              .setRetryOptions(retry)
              .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED);
      if (limits.containsKey("scheduleToClose")) {
        options.setScheduleToCloseTimeout(Duration.ofMillis(limits.get("scheduleToClose")));
      }
      if (limits.containsKey("scheduleToStart")) {
        options.setScheduleToStartTimeout(Duration.ofMillis(limits.get("scheduleToStart")));
      }
      if (limits.containsKey("heartbeat")) {
        options.setHeartbeatTimeout(Duration.ofMillis(limits.get("heartbeat")));
      }
      if (limits.containsKey("otherQueue")) {
        options.setTaskQueue(Workflow.getInfo().getWorkflowId());
      }
      return Workflow.newUntypedActivityStub(options.build()).execute(type, Object.class, args.toArray());
    }
  }

  @WorkflowInterface
  public interface Fail {
    @WorkflowMethod
    void run(String message, String kind);
  }

  public static class FailImpl implements Fail {
    @Override
    public void run(String message, String kind) {
      throw ApplicationFailure.newFailure(message, kind, "detail");
    }
  }

  @WorkflowInterface
  public interface FailUntilAttempt {
    @WorkflowMethod
    int run(int attempt);
  }

  public static class FailUntilAttemptImpl implements FailUntilAttempt {
    @Override
    public int run(int attempt) {
      int now = Workflow.getInfo().getAttempt();
      if (now < attempt) {
        throw ApplicationFailure.newFailure("attempt " + now, "NotYet");
      }
      return now;
    }
  }

  @WorkflowInterface
  public interface Timers {
    @WorkflowMethod
    List<Integer> run(List<Integer> milliseconds);
  }

  public static class TimersImpl implements Timers {
    @Override
    public List<Integer> run(List<Integer> milliseconds) {
      List<Integer> fired = new ArrayList<>();
      List<Promise<Void>> all = new ArrayList<>();
      for (Integer ms : milliseconds) {
        all.add(Workflow.newTimer(Duration.ofMillis(ms)).thenApply(done -> (Void) add(fired, ms)));
      }
      Promise.allOf(all).get();
      return fired;
    }

    private static Object add(List<Integer> fired, Integer ms) {
      fired.add(ms);
      return null;
    }
  }

  @WorkflowInterface
  public interface Sleeper {
    @WorkflowMethod
    void run();
  }

  /** Waits for cancellation, cleans up with an activity, and ends as cancelled. */
  public static class SleeperImpl implements Sleeper {
    @Override
    public void run() {
      try {
        Workflow.await(() -> false);
      } catch (CanceledFailure cancelled) {
        ActivityOptions options =
            ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build();
        Workflow.newDetachedCancellationScope(
                () -> Workflow.newActivityStub(Activities.class, options).echo("clean"))
            .run();
        throw cancelled;
      }
    }
  }

  @WorkflowInterface
  public interface CountDown {
    @WorkflowMethod
    List<String> run(int left, List<String> runs);
  }

  public static class CountDownImpl implements CountDown {
    @Override
    public List<String> run(int left, List<String> runs) {
      List<String> seen = new ArrayList<>(runs);
      seen.add(Workflow.getInfo().getRunId());
      if (left > 0) {
        Workflow.continueAsNew(left - 1, seen);
      }
      return seen;
    }
  }

  static ChildWorkflowOptions childOptions(String id, ParentClosePolicy policy) {
    return ChildWorkflowOptions.newBuilder().setWorkflowId(id).setParentClosePolicy(policy).build();
  }

  @WorkflowInterface
  public interface Children {
    @WorkflowMethod
    List<String> run(int count);
  }

  public static class ChildrenImpl implements Children {
    @Override
    public List<String> run(int count) {
      List<Promise<String>> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String id = Workflow.getInfo().getWorkflowId() + "/" + i;
        Echo child =
            Workflow.newChildWorkflowStub(
                Echo.class, childOptions(id, ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE));
        all.add(Async.function(child::run, String.valueOf(i)));
      }
      List<String> results = new ArrayList<>();
      all.forEach(p -> results.add(p.get()));
      return results;
    }
  }

  @WorkflowInterface
  public interface FailingChild {
    @WorkflowMethod
    void run(String childId);
  }

  public static class FailingChildImpl implements FailingChild {
    @Override
    public void run(String childId) {
      ChildWorkflowOptions options = childOptions(childId, ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE);
      Workflow.newChildWorkflowStub(Fail.class, options).run("broken", "Kind");
    }
  }

  @WorkflowInterface
  public interface ChildCancel {
    @WorkflowMethod
    String run(String childId);
  }

  public static class ChildCancelImpl implements ChildCancel {
    @Override
    public String run(String childId) {
      Sleeper child =
          Workflow.newChildWorkflowStub(
              Sleeper.class, childOptions(childId, ParentClosePolicy.PARENT_CLOSE_POLICY_TERMINATE));
      List<Promise<Void>> done = new ArrayList<>();
      CancellationScope scope = Workflow.newCancellationScope(() -> done.add(Async.procedure(child::run)));
      scope.run();
      Workflow.getWorkflowExecution(child).get();
      scope.cancel();
      try {
        done.get(0).get();
      } catch (ChildWorkflowFailure failure) {
        return failure.getCause() instanceof CanceledFailure ? "cancelled" : failure.toString();
      }
      return "completed";
    }
  }

  @WorkflowInterface
  public interface ParentOf {
    @WorkflowMethod
    String run(String childId, String policy);
  }

  public static class ParentOfImpl implements ParentOf {
    @Override
    public String run(String childId, String policy) {
      ParentClosePolicy chosen = ParentClosePolicy.valueOf("PARENT_CLOSE_POLICY_" + policy);
      Sleeper child = Workflow.newChildWorkflowStub(Sleeper.class, childOptions(childId, chosen));
      Async.procedure(child::run);
      WorkflowExecution started = Workflow.getWorkflowExecution(child).get();
      return started.getRunId();
    }
  }

  @WorkflowInterface
  public interface External {
    @WorkflowMethod
    void run(String action, String workflowId);
  }

  public static class ExternalImpl implements External {
    @Override
    public void run(String action, String workflowId) {
      if (action.equals("cancel")) {
        Workflow.newUntypedExternalWorkflowStub(workflowId).cancel();
      } else {
        Workflow.newUntypedExternalWorkflowStub(workflowId).signal("add", "from outside");
      }
    }
  }

  @WorkflowInterface
  public interface Versioned {
    @WorkflowMethod
    int run();
  }

  public static class VersionedImpl implements Versioned {
    @Override
    public int run() {
      return Workflow.getVersion("step-one", Workflow.DEFAULT_VERSION, 2);
    }
  }

  @WorkflowInterface
  public interface Seeded {
    @WorkflowMethod
    boolean run();
  }

  public static class SeededImpl implements Seeded {
    @Override
    public boolean run() {
      String drawn = Workflow.sideEffect(String.class, () -> Long.toString(System.nanoTime()));
      String uuid = Workflow.randomUUID().toString();
      Workflow.sleep(Duration.ofMillis(10));
      ActivityOptions options = ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(10)).build();
      return Workflow.newActivityStub(Activities.class, options).echo(drawn + uuid).equals(drawn + uuid);
    }
  }

  @WorkflowInterface
  public interface CronTick {
    @WorkflowMethod
    int run();
  }

  public static class CronTickImpl implements CronTick {
    @Override
    public int run() {
      return 1;
    }
  }

  @WorkflowInterface
  public interface Searchable {
    @WorkflowMethod
    void run(String value);
  }

  public static class SearchableImpl implements Searchable {
    @Override
    public void run(String value) {
      Workflow.upsertTypedSearchAttributes(SearchAttributeKey.forKeyword("FeatureKeyword").valueSet(value));
    }
  }

  @WorkflowInterface
  public interface Box {
    @WorkflowMethod
    List<String> run();

    @SignalMethod
    void add(String item);

    @SignalMethod
    void stop();

    @SignalMethod
    void unlock();

    @UpdateMethod
    String putWhenUnlocked(String item);

    @QueryMethod
    List<String> all();

    @UpdateMethod
    int put(String item);

    @UpdateValidatorMethod(updateName = "put")
    void checkPut(String item);
  }

  /** Collects signals until told to stop; answers queries; takes updates. */
  public static class BoxImpl implements Box {
    private final List<String> items = new ArrayList<>();
    private boolean stopped;
    private boolean unlocked;

    @Override
    public List<String> run() {
      Workflow.await(() -> stopped);
      return items;
    }

    @Override
    public void add(String item) {
      items.add(item);
    }

    @Override
    public void stop() {
      stopped = true;
    }

    @Override
    public void unlock() {
      unlocked = true;
    }

    @Override
    public String putWhenUnlocked(String item) {
      Workflow.await(() -> unlocked);
      items.add(item);
      return "put " + item;
    }

    @Override
    public List<String> all() {
      return items;
    }

    @Override
    public int put(String item) {
      items.add(item);
      return items.size();
    }

    @Override
    public void checkPut(String item) {
      if (item.isEmpty()) {
        throw ApplicationFailure.newFailure("empty items are refused", "Refused");
      }
    }
  }
}
