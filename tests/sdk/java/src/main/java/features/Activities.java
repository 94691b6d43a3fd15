package features;

import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInterface;
import io.temporal.failure.ApplicationFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Activities the cases use. */
@ActivityInterface
public interface Activities {
  String echo(String value);

  int failUntil(int attempt);

  void failWith(String message, String kind);

  List<Integer> resumeFromHeartbeat();

  void hang(String detail);

  void waitForCancel();

  String completeElsewhere(String key);

  /** Task tokens of activities that a case completes itself, by a key the case chose. */
  Map<String, CompletableFuture<byte[]>> TOKENS = new ConcurrentHashMap<>();

  static CompletableFuture<byte[]> tokenOf(String key) {
    return TOKENS.computeIfAbsent(key, k -> new CompletableFuture<>());
  }

  class Impl implements Activities {
    @Override
    public String echo(String value) {
      return value;
    }

    @Override
    public int failUntil(int attempt) {
      int now = Activity.getExecutionContext().getInfo().getAttempt();
      if (now < attempt) {
        throw ApplicationFailure.newFailure("attempt " + now + " fails", "NotYet");
      }
      return now;
    }

    @Override
    public void failWith(String message, String kind) {
      throw ApplicationFailure.newNonRetryableFailure(message, kind, "detail");
    }

    /** The first two attempts each leave a number; the third returns what the second left. */
    @Override
    @SuppressWarnings("unchecked")
    public List<Integer> resumeFromHeartbeat() {
      ActivityExecutionContext context = Activity.getExecutionContext();
      List<Integer> seen = new ArrayList<>(context.getHeartbeatDetails(List.class).orElse(List.of()));
      if (context.getInfo().getAttempt() < 3) {
        seen.add(context.getInfo().getAttempt());
        context.heartbeat(seen);
        throw ApplicationFailure.newFailure("again", "Again");
      }
      return seen;
    }

    /** Outlives every timeout of the cases that use it, but not the run. */
    @Override
    public void hang(String detail) {
      if (!detail.isEmpty()) {
        Activity.getExecutionContext().heartbeat(detail);
      }
      pause(3000);
    }

    @Override
    public void waitForCancel() {
      while (true) {
        Activity.getExecutionContext().heartbeat("alive");
        pause(100);
      }
    }

    @Override
    public String completeElsewhere(String key) {
      ActivityExecutionContext context = Activity.getExecutionContext();
      context.doNotCompleteOnReturn();
      tokenOf(key).complete(context.getTaskToken());
      return null;
    }

    private static void pause(long milliseconds) {
      try {
        Thread.sleep(milliseconds);
      } catch (InterruptedException e) {
        throw Activity.wrap(e);
      }
    }
  }
}
