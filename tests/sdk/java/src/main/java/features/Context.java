package features;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;

/** What a case may use: a client, the shared worker's task queue, ids nobody else has, and expectations. */
record Context(WorkflowClient client, String taskQueue, String name) {
  private static final long EVENTUALLY_MILLIS = 15_000;

  String id() {
    return name + "-" + UUID.randomUUID().toString().substring(0, 13);
  }

  WorkflowOptions.Builder options() {
    return WorkflowOptions.newBuilder().setWorkflowId(id()).setTaskQueue(taskQueue);
  }

  /** Starts a workflow by its type name. */
  WorkflowStub start(WorkflowOptions.Builder options, String type, Object... args) {
    WorkflowStub stub = client.newUntypedWorkflowStub(type, options.build());
    stub.start(args);
    return stub;
  }

  WorkflowStub start(String type, Object... args) {
    return start(options(), type, args);
  }

  List<EventType> events(WorkflowExecution execution) {
    return client.fetchHistory(execution.getWorkflowId(), execution.getRunId()).getEvents().stream()
        .map(e -> e.getEventType())
        .toList();
  }

  static void equal(Object got, Object want) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError("got " + got + ", want " + want);
    }
  }

  /** Runs something that must fail with a failure of the given kind somewhere in its causes, and returns that one. */
  static <E extends Throwable> E raises(Class<E> kind, Callable<?> call) {
    Object result;
    try {
      result = call.call();
    } catch (Throwable thrown) {
      for (Throwable t = thrown; t != null; t = t.getCause()) {
        if (kind.isInstance(t)) {
          return kind.cast(t);
        }
      }
      throw new AssertionError("no " + kind.getSimpleName() + " behind " + thrown, thrown);
    }
    throw new AssertionError("no " + kind.getSimpleName() + ": it returned " + result);
  }

  /** Polls what the API promises only eventually. */
  static void eventually(String what, Callable<Boolean> probe) throws Exception {
    long deadline = System.currentTimeMillis() + EVENTUALLY_MILLIS;
    while (!probe.call()) {
      if (System.currentTimeMillis() > deadline) {
        throw new AssertionError("not within " + EVENTUALLY_MILLIS + " ms: " + what);
      }
      Thread.sleep(50);
    }
  }
}
