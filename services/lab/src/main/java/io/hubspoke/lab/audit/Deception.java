package io.hubspoke.lab.audit;

import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Interception;
import io.hubspoke.lab.wire.Interceptor;
import io.vertx.core.Future;

/** A try to take a caller in, while an interceptor stands on the way of its request. */
interface Deception {

  /** What the caller got: in a few words, whether it is the forgery, and whether it is nothing. */
  record Received(String brief, boolean forged, boolean failed) {}

  /** What the interceptor does. */
  Alteration alteration();

  /** Sends the request of the route and waits for what comes back. */
  Received call() throws Exception;

  /** Returns what the interceptor read, as the report quotes it; empty when that was nothing. */
  default String read(Interceptor interceptor) {
    return firstLine(interceptor);
  }

  /** Returns the first line of the first request that the interceptor read. */
  static String firstLine(Interceptor interceptor) {
    return interceptor.interceptions().stream()
        .map(Interception::read)
        .flatMap(text -> text.lines().limit(1))
        .findFirst()
        .orElse("");
  }

  /** Lets go of what it needed. */
  default Future<Void> close() {
    return Future.succeededFuture();
  }

  /** Judges by what the interceptor saw and by what the caller got, which must agree. */
  static Verdict judge(Verdict seen, Received received, String read) {
    var evidence = seen.evidence();
    evidence.put("callerReceived", received.brief());
    return switch (seen) {
      case Verdict.Holds holds when received.failed() -> holds;
      case Verdict.Absent absent when received.forged() && !read.isEmpty() -> {
        evidence.put("interceptorRead", read);
        Checks.inShort(evidence, "the interceptor read: " + read);
        Checks.inShort(evidence, "and the caller received: " + received.brief());
        yield absent;
      }
      case Verdict.Inconclusive inconclusive -> inconclusive;
      case Verdict.NotMeasured not -> not;
      case Verdict.Holds _ ->
          new Verdict.Inconclusive("refused, and yet there was an answer", evidence);
      case Verdict.Absent _ ->
          new Verdict.Inconclusive("accepted, but the forged answer was not received", evidence);
    };
  }
}
