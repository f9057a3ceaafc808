package io.hubspoke.apiserver.audit;

import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.runtime.Flag;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.NetUtil;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Begins the records of requests that the policy wants recorded. */
public final class Auditor {
  private static final int LONGEST_USER_AGENT = 1024;
  private static final long LONGEST_END_MILLIS = 1_000;

  private final AuditPolicy policy;
  private final AuditLog log;
  private final AuditOptions.Mode mode;
  private final InstantSource clock;
  private final AtomicInteger open = new AtomicInteger();
  private final Promise<Void> idle = Promise.promise();
  private volatile boolean closing;
  private final Map<AuditLevel, Counter> levels = new EnumMap<>(AuditLevel.class);

  private Auditor(
      AuditPolicy policy,
      AuditLog log,
      AuditOptions.Mode mode,
      InstantSource clock,
      MeterRegistry meters) {
    this.policy = policy;
    this.log = log;
    this.mode = mode;
    this.clock = clock;
    for (AuditLevel level : AuditLevel.values()) {
      levels.put(
          level,
          Counter.builder("apiserver_audit_level_total")
              .description("Policy levels of requests.")
              .tag("level", level.toString())
              .register(meters));
    }
  }

  /**
   * Makes one by flags.
   *
   * @throws IOException naming the flag whose file can't be read or written
   */
  public static Auditor open(AuditOptions options, InstantSource clock, MeterRegistry meters)
      throws IOException {
    if (!options.records()) {
      return new Auditor(
          new AuditPolicy(List.of(), Set.of(), false), null, options.mode(), clock, meters);
    }
    AuditPolicy policy =
        Flag.read("--audit-policy-file", () -> AuditPolicyFile.read(options.policyFile()));
    AuditLog.Output output =
        options.logPath().equals("-")
            ? standardOutput(System.out)
            : Flag.read("--audit-log-path", () -> file(options, clock));
    return new Auditor(policy, new AuditLog(output, meters), options.mode(), clock, meters);
  }

  /**
   * Begins the record of a request.
   *
   * @param user who makes it; null when authentication failed
   */
  public AuditedRequest begin(
      HttpServerRequest http, String auditId, RequestInfo info, User user, boolean longRunning) {
    if (log == null) {
      return AuditedRequest.NONE;
    }
    AuditPolicy.Verdict verdict = policy.verdict(user, info);
    levels.get(verdict.level()).increment();
    if (verdict.level() == AuditLevel.NONE) {
      return AuditedRequest.NONE;
    }
    var subject =
        new AuditEvent.Subject(
            auditId,
            verdict,
            info,
            http.uri(),
            user,
            sourceIps(http),
            userAgent(http),
            clock.instant());
    open.incrementAndGet();
    return new AuditedRequest(subject, log, mode, clock, longRunning, this::ended);
  }

  /** Completes when the requests under way have ended, within bounds, and everything is written. */
  public Future<Void> close(Vertx vertx) {
    if (log == null) {
      return Future.succeededFuture();
    }
    closing = true;
    if (open.get() == 0) {
      idle.tryComplete();
    }
    long timer = vertx.setTimer(LONGEST_END_MILLIS, t -> idle.tryComplete());
    return idle.future().onComplete(v -> vertx.cancelTimer(timer)).compose(v -> log.close());
  }

  private void ended() {
    if (open.decrementAndGet() == 0 && closing) {
      idle.tryComplete();
    }
  }

  private static AuditLog.Output file(AuditOptions options, InstantSource clock)
      throws IOException {
    AuditFile file = new AuditFile(Path.of(options.logPath()), options, clock);
    file.open();
    return new AuditLog.Output() {
      @Override
      public void write(byte[] lines) throws IOException {
        file.write(lines);
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    };
  }

  private static AuditLog.Output standardOutput(PrintStream out) {
    return new AuditLog.Output() {
      @Override
      public void write(byte[] lines) throws IOException {
        out.writeBytes(lines);
        if (out.checkError()) {
          throw new IOException("the standard output is closed");
        }
      }

      @Override
      public void close() {
        out.flush();
      }
    };
  }

  /** Whoever passed the request on, as headers claim it, then the peer, of which there is proof. */
  private static List<String> sourceIps(HttpServerRequest http) {
    List<String> ips = new ArrayList<>();
    String forwarded = http.getHeader("X-Forwarded-For");
    if (forwarded != null) {
      for (String part : forwarded.split(",", -1)) {
        addIp(ips, part.strip());
      }
    }
    String real = http.getHeader("X-Real-Ip");
    if (real != null && !ips.contains(real)) {
      addIp(ips, real);
    }
    String peer = http.remoteAddress() == null ? null : http.remoteAddress().hostAddress();
    if (peer != null && (ips.isEmpty() || !ips.getLast().equals(peer))) {
      ips.add(peer);
    }
    return List.copyOf(ips);
  }

  private static void addIp(List<String> ips, String text) {
    if (NetUtil.isValidIpV4Address(text) || NetUtil.isValidIpV6Address(text)) {
      ips.add(text);
    }
  }

  private static String userAgent(HttpServerRequest http) {
    String agent = http.getHeader("User-Agent");
    if (agent == null) {
      return "";
    }
    return agent.length() <= LONGEST_USER_AGENT
        ? agent
        : agent.substring(0, LONGEST_USER_AGENT) + "...TRUNCATED";
  }
}
