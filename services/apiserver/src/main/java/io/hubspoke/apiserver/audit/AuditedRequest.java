package io.hubspoke.apiserver.audit;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Decision;
import io.hubspoke.apiserver.http.User;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;

/** The record of one request, from its arrival to its end; confined to its connection. */
public sealed class AuditedRequest {
  /** Of a request that is not recorded. */
  public static final AuditedRequest NONE = new Unrecorded();

  private final AuditEvent.Subject subject;
  private final AuditLog log;
  private final AuditOptions.Mode mode;
  private final InstantSource clock;
  private final boolean longRunning;
  private final Runnable atEnd;
  private final Map<String, String> annotations = new TreeMap<>();
  private User impersonated;
  private AuditBody sent = AuditBody.NONE;
  private CapturedResponse answer;
  private Status refusal;
  private boolean panicked;

  AuditedRequest(
      AuditEvent.Subject subject,
      AuditLog log,
      AuditOptions.Mode mode,
      InstantSource clock,
      boolean longRunning,
      Runnable atEnd) {
    this.subject = subject;
    this.log = log;
    this.mode = mode;
    this.clock = clock;
    this.longRunning = longRunning;
    this.atEnd = atEnd;
  }

  /** Records the arrival; completes when the request may go on. */
  public Future<Void> received() {
    if (!subject.verdict().records(AuditStage.REQUEST_RECEIVED)) {
      return Future.succeededFuture();
    }
    Future<Void> written = emit(AuditStage.REQUEST_RECEIVED, subject.received(), null);
    return switch (mode) {
      case BATCH -> Future.succeededFuture();
      case BLOCKING -> written.otherwiseEmpty();
      case BLOCKING_STRICT ->
          written.recover(
              e ->
                  Future.failedFuture(
                      Status.internalError("audit: the request can't be recorded, so it is refused")
                          .toException()));
    };
  }

  /** Notes in whose name the request goes on, if not in its own. */
  public void actsAs(User user) {
    if (!user.equals(subject.user())) {
      impersonated = user;
    }
  }

  /** Notes what the authorizers said. */
  public void decided(Decision decision) {
    annotations.put("authorization.k8s.io/decision", decision.allowed() ? "allow" : "forbid");
    annotations.put("authorization.k8s.io/reason", decision.reason());
  }

  /** Notes what others have to say of it; what is noted already holds. */
  public void annotated(Map<String, String> more) {
    more.forEach(annotations::putIfAbsent);
  }

  /** Notes what the client sent. */
  public void sent(HttpServerRequest http, Buffer body) {
    String type = http.getHeader("Content-Type");
    sent = new AuditBody(body, type == null ? "" : type, false);
  }

  /**
   * Returns the request as its endpoint is to see it: the answer is noted, where that is wanted.
   */
  public HttpServerRequest watched(HttpServerRequest http) {
    HttpServerResponse response = http.response();
    if (longRunning) {
      response.headersEndHandler(
          v -> record(AuditStage.RESPONSE_STARTED, outcome(response.getStatusCode())));
      return http;
    }
    if (!subject.verdict().level().atLeast(AuditLevel.REQUEST_RESPONSE)) {
      return http;
    }
    answer = new CapturedResponse(response);
    return answer.on(http);
  }

  /** Notes what a refusal says. */
  public void refused(Status status) {
    refusal = status;
  }

  /** Notes that the server itself failed. */
  public void panicked(Status status) {
    refusal = status;
    panicked = true;
  }

  /** Records the end. */
  public void ended(HttpServerResponse response) {
    AuditEvent.Outcome outcome =
        response.headWritten() || response.ended()
            ? outcome(response.getStatusCode())
            : new AuditEvent.Outcome(
                200, refusal, refusal == null ? "Connection closed early" : "");
    record(panicked ? AuditStage.PANIC : AuditStage.RESPONSE_COMPLETE, outcome);
    atEnd.run();
  }

  /** Records that nobody was authenticated, in the one event that there is of it. */
  public void unauthenticated(String attempted) {
    record(AuditStage.RESPONSE_STARTED, new AuditEvent.Outcome(401, null, attempted));
    atEnd.run();
  }

  private AuditEvent.Outcome outcome(int code) {
    return new AuditEvent.Outcome(code, refusal, "");
  }

  private void record(AuditStage stage, AuditEvent.Outcome outcome) {
    if (subject.verdict().records(stage)) {
      // Lost events are counted and told where they are lost.
      emit(stage, clock.instant(), outcome).otherwiseEmpty();
    }
  }

  private Future<Void> emit(AuditStage stage, Instant at, AuditEvent.Outcome outcome) {
    return log.offer(
        new AuditEvent(
            subject,
            stage,
            at,
            impersonated,
            outcome,
            stage == AuditStage.REQUEST_RECEIVED ? AuditBody.NONE : sent,
            answer == null || stage == AuditStage.REQUEST_RECEIVED ? AuditBody.NONE : answer.body(),
            Map.copyOf(annotations)));
  }

  /** Notes nothing. */
  private static final class Unrecorded extends AuditedRequest {
    Unrecorded() {
      super(null, null, AuditOptions.Mode.BATCH, InstantSource.system(), false, () -> {});
    }

    @Override
    public Future<Void> received() {
      return Future.succeededFuture();
    }

    @Override
    public void actsAs(User user) {}

    @Override
    public void decided(Decision decision) {}

    @Override
    public void annotated(Map<String, String> more) {}

    @Override
    public void sent(HttpServerRequest http, Buffer body) {}

    @Override
    public HttpServerRequest watched(HttpServerRequest http) {
      return http;
    }

    @Override
    public void refused(Status status) {}

    @Override
    public void panicked(Status status) {}

    @Override
    public void ended(HttpServerResponse response) {}

    @Override
    public void unauthenticated(String attempted) {}
  }
}
