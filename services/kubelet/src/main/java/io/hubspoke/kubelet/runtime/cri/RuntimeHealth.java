package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.cri.v1.RuntimeCondition;
import io.hubspoke.kubelet.runtime.cri.v1.StatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StatusResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the runtime again and again whether it can run pods, and keeps what it said, and which
 * images it has, for the node's status.
 */
final class RuntimeHealth {
  private static final Logger LOG = LoggerFactory.getLogger(RuntimeHealth.class);

  /** As often as the real kubelet asks. */
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Vertx vertx;
  private final CriClient client;
  private final CriImages images;
  private volatile String trouble = "";
  private volatile List<String> imageNames = List.of();
  private volatile boolean stopped;

  RuntimeHealth(Vertx vertx, CriClient client, CriImages images) {
    this.vertx = vertx;
    this.client = client;
    this.images = images;
  }

  /** Asks for the first time; completes with the answer, and goes on asking. */
  Future<Void> start() {
    return ask().onComplete(asked -> later());
  }

  void stop() {
    stopped = true;
  }

  /** Returns why pods can't run at present, in the real kubelet's words. */
  Optional<String> trouble() {
    return trouble.isEmpty() ? Optional.empty() : Optional.of(trouble);
  }

  List<String> imageNames() {
    return imageNames;
  }

  private void later() {
    vertx.setTimer(
        INTERVAL.toMillis(),
        timer -> {
          if (!stopped) {
            ask().onComplete(asked -> later());
          }
        });
  }

  private Future<Void> ask() {
    return client
        .call(CriMethod.STATUS, StatusRequest.getDefaultInstance(), LIMIT)
        .map(RuntimeHealth::judge)
        .otherwise(failure -> "container runtime is down: " + failure.getMessage())
        .onSuccess(this::note)
        .compose(judged -> images.names())
        .onSuccess(names -> imageNames = names)
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  private void note(String now) {
    if (!now.equals(trouble)) {
      LOG.info("{}", now.isEmpty() ? "container runtime is ready" : now);
      trouble = now;
    }
  }

  private static String judge(StatusResponse answer) {
    return Stream.of(
            unmet(answer, "RuntimeReady", "container runtime not ready: "),
            unmet(answer, "NetworkReady", "container runtime network not ready: "))
        .filter(text -> !text.isEmpty())
        .collect(Collectors.joining(", "));
  }

  private static String unmet(StatusResponse answer, String type, String prefix) {
    for (RuntimeCondition condition : answer.getStatus().getConditionsList()) {
      if (condition.getType().equals(type)) {
        return condition.getStatus()
            ? ""
            : prefix
                + type
                + "=false reason:"
                + condition.getReason()
                + " message:"
                + condition.getMessage();
      }
    }
    return prefix + type + " is not told";
  }
}
