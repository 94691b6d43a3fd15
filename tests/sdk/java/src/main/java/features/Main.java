package features;

import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs features of the official Java SDK against a server: {@code --address HOST:PORT [--only PATTERN]}.
 *
 * <p>One line for each case; the last line is {@code N passed, N failed}.
 */
public final class Main {
  private static final int CASES_AT_A_TIME = 8;
  private static final long CASE_SECONDS_MAX = 60;

  private Main() {}

  public static void main(String[] args) throws Exception {
    String address = option(args, "--address", null);
    if (address == null) {
      System.err.println("usage: --address HOST:PORT [--only PATTERN]");
      System.exit(2);
    }
    String only = option(args, "--only", "");
    WorkflowServiceStubs service =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(address).build());
    WorkflowClient client =
        WorkflowClient.newInstance(
            service, WorkflowClientOptions.newBuilder().setNamespace("default").build());
    int failed = against(client, only);
    service.shutdownNow();
    System.exit(failed == 0 ? 0 : 1);
  }

  static String option(String[] args, String name, String otherwise) {
    for (int i = 0; i + 1 < args.length; i++) {
      if (args[i].equals(name)) {
        return args[i + 1];
      }
    }
    return otherwise;
  }

  static Worker register(WorkerFactory factory, String taskQueue) {
    Worker worker = factory.newWorker(taskQueue);
    worker.registerWorkflowImplementationTypes(Workflows.ALL);
    worker.registerActivitiesImplementations(new Activities.Impl());
    return worker;
  }

  /** Returns the number of failures; a run without any case counts as one. */
  private static int against(WorkflowClient client, String only) throws InterruptedException {
    String taskQueue = "features-" + UUID.randomUUID();
    WorkerFactory factory = WorkerFactory.newInstance(client);
    register(factory, taskQueue);
    factory.start();
    ExecutorService places = Executors.newFixedThreadPool(CASES_AT_A_TIME, Main::daemon);
    ExecutorService runners = Executors.newCachedThreadPool(Main::daemon);
    List<Future<Boolean>> verdicts = new ArrayList<>();
    for (Map.Entry<String, Cases.Case> entry : Cases.all().entrySet()) {
      if (entry.getKey().contains(only)) {
        Context context = new Context(client, taskQueue, entry.getKey());
        verdicts.add(places.submit(() -> runOne(runners, context, entry.getValue())));
      }
    }
    int passed = 0;
    for (Future<Boolean> verdict : verdicts) {
      try {
        passed += verdict.get() ? 1 : 0;
      } catch (ExecutionException e) {
        System.out.println("FAILED runner: " + e.getCause());
      }
    }
    factory.shutdownNow();
    int failed = verdicts.size() - passed;
    System.out.println(passed + " passed, " + failed + " failed");
    return passed == 0 ? Math.max(failed, 1) : failed;
  }

  private static boolean runOne(ExecutorService runners, Context context, Cases.Case one)
      throws InterruptedException {
    long began = System.nanoTime();
    Future<?> run =
        runners.submit(
            () -> {
              one.run(context);
              return null;
            });
    String reason;
    try {
      run.get(CASE_SECONDS_MAX, TimeUnit.SECONDS);
      System.out.printf("ok %s (%d ms)%n", context.name(), (System.nanoTime() - began) / 1_000_000);
      return true;
    } catch (ExecutionException e) {
      reason = withCauses(e.getCause());
    } catch (TimeoutException e) {
      run.cancel(true);
      reason = "not done after " + CASE_SECONDS_MAX + " s";
    }
    System.out.println("FAILED " + context.name() + ": " + reason.replace('\n', ' '));
    return false;
  }

  private static String withCauses(Throwable thrown) {
    StringBuilder text = new StringBuilder(thrown.toString());
    for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) {
      text.append(" <- ").append(cause);
    }
    return text.toString();
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    return thread;
  }
}
