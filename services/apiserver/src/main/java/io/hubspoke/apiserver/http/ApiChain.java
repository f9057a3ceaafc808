package io.hubspoke.apiserver.http;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.audit.AuditedRequest;
import io.hubspoke.apiserver.audit.Auditor;
import io.hubspoke.apiserver.authn.Authentication;
import io.hubspoke.apiserver.authn.AuthenticationException;
import io.hubspoke.apiserver.authn.Credentials;
import io.hubspoke.apiserver.authn.FrontProxyHeaders;
import io.hubspoke.apiserver.authn.PresentedCertificate;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.Decision;
import io.hubspoke.apiserver.discovery.Subresource;
import io.netty.handler.ssl.SslClosedEngineException;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.StreamResetException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of every request: what it asks, who asks, whether he may, and then to the endpoint that
 * answers. The order is the real apiserver's; every refusal is a {@code Status}.
 */
public final class ApiChain implements Handler<HttpServerRequest> {
  private static final Logger LOG = LoggerFactory.getLogger(ApiChain.class);
  private static final String AUDIT_ID = "Audit-Id";
  private static final int LONGEST_AUDIT_ID = 64;
  private static final Duration LONGEST_ARRIVAL = Duration.ofSeconds(15);

  private final Vertx vertx;
  private final ApiConnections connections;
  private final RequestInfoResolver resolver = new RequestInfoResolver();
  private final Authentication authentication;
  private final FrontProxyHeaders frontProxy;
  private final Authorizer authorizer;
  private final Impersonation impersonation;
  private final Endpoint endpoints;
  private final InFlightLimits inFlight;
  private final RequestMetrics metrics;
  private final Auditor auditor;
  private final Duration timeout;

  /**
   * Puts the chain together.
   *
   * @param timeout how long a request that is not a stream may take ({@code --request-timeout})
   */
  public ApiChain(
      Vertx vertx,
      ApiConnections connections,
      Authentication authentication,
      FrontProxyHeaders frontProxy,
      Authorizer authorizer,
      Endpoint endpoints,
      InFlightLimits inFlight,
      RequestMetrics metrics,
      Auditor auditor,
      Duration timeout) {
    this.vertx = vertx;
    this.connections = connections;
    this.authentication = authentication;
    this.frontProxy = frontProxy;
    this.authorizer = authorizer;
    this.impersonation = new Impersonation(authorizer);
    this.endpoints = endpoints;
    this.inFlight = inFlight;
    this.metrics = metrics;
    this.auditor = auditor;
    this.timeout = timeout;
  }

  @Override
  public void handle(HttpServerRequest http) {
    http.pause();
    Context context = vertx.getOrCreateContext();
    ApiConnection connection = connections.of(http.connection());
    if (connection.isCondemned()) {
      return;
    }
    connection.requestBegan(http.version());
    HttpServerResponse response = http.response();
    // Without one, Vert.x logs the stack trace of every client that goes away.
    response.exceptionHandler(gone -> {});
    response.putHeader(AUDIT_ID, auditId(http)).putHeader("Cache-Control", "no-cache, private");
    long began = System.nanoTime();
    Answer answer = new Answer();
    try {
      RequestFraming.refusal(http)
          .ifPresent(
              status -> {
                // Where this request ends is in doubt, so what follows may not be one.
                connection.condemn();
                throw status.toException();
              });
      answer(http, context, connection, answer).onComplete(answer::complete);
    } catch (RuntimeException | StackOverflowError e) {
      answer.done.tryFail(e);
    }
    answer
        .done
        .future()
        .recover(failure -> refuse(http, context, answer, failure))
        .onComplete(
            done ->
                context.runOnContext(
                    v -> {
                      vertx.cancelTimer(answer.timer);
                      answer.take(() -> {});
                      connection.requestEnded();
                      answer.audit.annotated(answer.notes.annotations());
                      answer.audit.ended(response);
                      metrics.answered(answer.info, response.getStatusCode(), began);
                    }));
  }

  private Future<Void> answer(
      HttpServerRequest http, Context context, ApiConnection connection, Answer answer) {
    Query query = Query.of(http.uri());
    RequestInfo info = resolver.resolve(http.method(), http.path(), query);
    answer.info = info;
    boolean stream = isLongRunning(info);
    User caller = authenticate(http, connection, info);
    String auditId = http.response().headers().get(AUDIT_ID);
    answer.audit = auditor.begin(http, auditId, info, caller, stream);
    Future<Void> received = answer.audit.received();
    if (received.isComplete()) {
      return received.compose(v -> authorized(http, context, query, caller, answer));
    }
    Promise<Void> here = Promise.promise();
    received.onComplete(written -> context.runOnContext(v -> here.handle(written)));
    return here.future().compose(v -> authorized(http, context, query, caller, answer));
  }

  private Future<Void> authorized(
      HttpServerRequest http, Context context, Query query, User caller, Answer answer) {
    RequestInfo info = answer.info;
    User user = impersonation.effective(http.headers(), caller);
    answer.audit.actsAs(user);
    Attributes asked = Attributes.of(user, info, query.get("fieldSelector"));
    Decision decision = authorizer.authorize(asked);
    answer.audit.decided(decision);
    if (!decision.allowed()) {
      throw Forbidden.status(asked, decision.reason()).toException();
    }
    if (!RequestInfoResolver.isCanonical(info.path())) {
      throw Status.unknownPath().toException();
    }
    Function<Buffer, Future<Void>> handle =
        body ->
            endpoints.handle(
                new ApiRequest(
                    answer.audit.watched(http), context, info, query, body, user, answer.notes));
    if (isLongRunning(info)) {
      return placed(
          inFlight.stream(info, user), http, context, answer, () -> handle.apply(Buffer.buffer()));
    }
    if (InFlightLimits.reads(info)) {
      return placed(
          inFlight.enter(info, user),
          http,
          context,
          answer,
          () -> {
            limit(answer, timeout);
            return handle.apply(Buffer.buffer());
          });
    }
    // Who is slow to send a body must not hold a place that a whole request could have.
    return placed(
        inFlight.arrive(info, user),
        http,
        context,
        answer,
        () -> {
          limit(answer, bodyTimeout());
          return RequestBody.read(http)
              .compose(
                  body -> {
                    vertx.cancelTimer(answer.timer);
                    answer.audit.sent(http, body);
                    return placed(
                        inFlight.enter(info, user),
                        http,
                        context,
                        answer,
                        () -> {
                          limit(answer, timeout);
                          return handle.apply(body);
                        });
                  });
        });
  }

  /**
   * Does work in a place: at once where there is one, or after a wait. The place that the request
   * has meanwhile is given back then, so that bodies that wait are no more than places.
   */
  private Future<Void> placed(
      InFlightLimits.Admission admission,
      HttpServerRequest http,
      Context context,
      Answer answer,
      Supplier<Future<Void>> work) {
    if (admission.place().isComplete()) {
      return admission.place().compose(place -> begin(place, http, answer, work));
    }
    Promise<Runnable> here = Promise.promise();
    long patience =
        vertx.setTimer(
            InFlightLimits.longestWait(timeout).toMillis(), t -> admission.giveUp().run());
    admission
        .place()
        .onComplete(
            place -> {
              vertx.cancelTimer(patience);
              context.runOnContext(v -> here.handle(place));
            });
    return here.future().compose(place -> begin(place, http, answer, work));
  }

  private static Future<Void> begin(
      Runnable place, HttpServerRequest http, Answer answer, Supplier<Future<Void>> work) {
    if (answer.done.future().isComplete() || http.response().closed()) {
      // Nobody waits for it any more.
      place.run();
      return Future.succeededFuture();
    }
    answer.take(place);
    return work.get();
  }

  private Duration bodyTimeout() {
    return timeout.compareTo(LONGEST_ARRIVAL) < 0 ? timeout : LONGEST_ARRIVAL;
  }

  /** Ends a request that takes too long from here on. */
  private void limit(Answer answer, Duration time) {
    answer.timer =
        vertx.setTimer(
            time.toMillis(), t -> answer.done.tryFail(timedOut(answer.info).toException()));
  }

  private User authenticate(HttpServerRequest http, ApiConnection connection, RequestInfo info) {
    PresentedCertificate certificate = connection.certificate();
    try {
      User user =
          authentication
              .authenticate(
                  new Credentials(certificate, http.headers(), bearerToken(http), List.of()),
                  http.path())
              .user();
      if (!user.equals(User.ANONYMOUS)) {
        connection.authenticated();
      }
      return user;
    } catch (AuthenticationException e) {
      LOG.info("unauthenticated request from {}: {}", http.remoteAddress(), e.getMessage());
      auditor
          .begin(http, http.response().headers().get(AUDIT_ID), info, null, false)
          .unauthenticated(attempted(http, certificate));
      throw Status.unauthorized().toException();
    } finally {
      // No endpoint and no backend behind one has a use for the caller's secret, or for a word on
      // who he is.
      http.headers().remove("Authorization");
      frontProxy.strip(http.headers());
    }
  }

  private static String attempted(HttpServerRequest http, PresentedCertificate certificate) {
    List<String> ways = new ArrayList<>(2);
    if (!certificate.equals(PresentedCertificate.NONE)) {
      ways.add("x509");
    }
    if (http.headers().contains("Authorization")) {
      ways.add("bearer");
    }
    return ways.isEmpty()
        ? "Authentication failed, no credentials provided"
        : "Authentication failed, attempted: " + String.join(", ", ways);
  }

  private Future<Void> refuse(
      HttpServerRequest http, Context context, Answer answer, Throwable failure) {
    if (failure instanceof HttpClosedException
        || failure instanceof ClosedChannelException
        || failure instanceof StreamResetException
        || failure instanceof SslClosedEngineException
        || http.response().closed()) {
      return Future.succeededFuture();
    }
    Status status;
    if (failure instanceof ApiException refused) {
      status = refused.status();
      answer.audit.refused(status);
    } else {
      LOG.error("{} {} failed", http.method(), http.path(), failure);
      status =
          Status.internalError("the request could not be completed; the server's log says why");
      answer.audit.panicked(status);
    }
    Promise<Void> sent = Promise.promise();
    context.runOnContext(
        v -> {
          try {
            if (!http.response().headWritten()) {
              Warnings.add(http.response(), answer.notes.warnings());
            }
            StatusResponse.send(http, status).onComplete(sent);
          } catch (IllegalStateException raced) {
            // The response ended between the look at it and the write.
            sent.tryComplete();
          }
        });
    return sent.future().otherwiseEmpty();
  }

  /** Streams last as long as their clients want; time-outs and counts are not for them. */
  private static boolean isLongRunning(RequestInfo info) {
    return info.verb().equals("watch")
        || info.subresource().equals("log")
        || Subresource.connects(info.subresource());
  }

  private static Status timedOut(RequestInfo info) {
    return Status.timeout(
        "The "
            + info.verb()
            + " operation against "
            + info.resource()
            + " could not be completed at this time, please try again.");
  }

  private static String bearerToken(HttpServerRequest http) throws AuthenticationException {
    List<String> headers = http.headers().getAll("Authorization");
    if (headers.size() > 1) {
      // Who forwards the request may have looked at the other one.
      throw new AuthenticationException("more than one Authorization header");
    }
    String header = headers.isEmpty() ? null : headers.getFirst();
    if (header == null || !header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return "";
    }
    return header.substring(7).trim();
  }

  private static String auditId(HttpServerRequest http) {
    String given = http.getHeader(AUDIT_ID);
    boolean usable =
        given != null
            && !given.isEmpty()
            && given.length() <= LONGEST_AUDIT_ID
            && given.chars().allMatch(c -> c > 0x20 && c < 0x7f);
    return usable ? given : UUID.randomUUID().toString();
  }

  /** What is known of a request while it is answered. */
  private static final class Answer {
    private RequestInfo info;
    private AuditedRequest audit = AuditedRequest.NONE;
    private final RequestNotes notes = new RequestNotes();
    private Runnable place = () -> {};
    private long timer = -1;
    // The endpoint or the time-out, whichever is first.
    private final Promise<Void> done = Promise.promise();

    /** Gives back the place that the request has, for another one. */
    void take(Runnable other) {
      place.run();
      place = other;
    }

    void complete(AsyncResult<Void> result) {
      if (result.succeeded()) {
        done.tryComplete();
      } else {
        done.tryFail(result.cause());
      }
    }
  }
}
