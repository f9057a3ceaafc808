package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceFactory;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.store.ClusterOptions;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.hazelcast.Operation.Change;
import io.hubspoke.cluster.PeerContext;
import io.hubspoke.cluster.PeerTlsContext;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * Keeps objects in the memory of several apiservers, each of which holds all of them. A change is
 * acknowledged once a majority holds it, and a member that sees fewer refuses changes and reads
 * that must be current; what it shows to watches is there to stay.
 */
public final class HazelcastStore implements Store {
  /** Beside all objects: names the store, whatever becomes of its members. */
  public static final String LINEAGE = "/hubspoke/store";

  /** Longer than a copy of all takes to come to a member that has none or a wrong one. */
  private static final Duration CATCHING_UP = Duration.ofSeconds(15);

  private final Replica replica;
  private final Lane lane;
  private final Runnable leave;
  private volatile boolean closed;

  /**
   * @param leave takes this member out of the cluster; blocks
   */
  private HazelcastStore(Replica replica, Lane lane, Runnable leave) {
    this.replica = replica;
    this.lane = lane;
    this.leave = leave;
  }

  /**
   * Joins the other members, or waits for them, and returns once changes can be made. Blocks.
   *
   * @param snapshot what to begin with when no member has anything and none has a newer one; null
   *     for nothing
   * @param lost called when this member can't go on: it must end, and start anew
   */
  public static HazelcastStore open(ClusterOptions options, Snapshot snapshot, Runnable lost)
      throws IOException, InterruptedException {
    Replica replica = new Replica(options.majority(), snapshot == null ? 0 : snapshot.revision());
    HazelcastInstance instance = start(options, () -> replica);
    boolean opened = false;
    try {
      replica.attach(instance);
      new Bootstrapping(instance, options, replica, snapshot).run();
      HazelcastStore store =
          over(instance, replica, options.majority(), lost, () -> leave(instance));
      opened = true;
      return store;
    } finally {
      if (!opened) {
        instance.getLifecycleService().terminate();
      }
    }
  }

  /** Makes a store of a member whose cluster has a state. Blocks. */
  static HazelcastStore over(
      HazelcastInstance instance, Replica replica, int majority, Runnable lost, Runnable leave)
      throws InterruptedException {
    Lane lane = new Lane(instance, replica, majority, lost);
    lane.start();
    Bootstrapping.awaitAnswer(lane, replica);
    return new HazelcastStore(replica, lane, leave);
  }

  /** Hands over what the member owns before it leaves, so that nobody waits. */
  private static void leave(HazelcastInstance instance) {
    instance.shutdown();
  }

  static HazelcastInstance start(ClusterOptions options, Supplier<Replica> replica)
      throws IOException {
    // Asked for before the configuration is.
    System.setProperty("hazelcast.logging.type", "slf4j");
    var config = MemberConfig.of(options, replica);
    var context = new PeerContext(options.tls() == null ? null : peers(options.tls()));
    try {
      return HazelcastInstanceFactory.newHazelcastInstance(
          config, config.getInstanceName(), context);
    } catch (RuntimeException e) {
      throw new IOException(
          "the store's member can't start at "
              + options.listenAddress()
              + ":"
              + options.listenPort()
              + ": "
              + e.getMessage(),
          e);
    }
  }

  private static PeerTlsContext peers(ClusterOptions.PeerTls files) throws IOException {
    var identity =
        Flag.read(
            "--storage-peer-cert-file", () -> Identity.read(files.certificate(), files.key()));
    var authorities =
        Flag.read("--storage-peer-trusted-ca-file", () -> Pem.readCertificates(files.authority()));
    return PeerTlsContext.of(identity, authorities);
  }

  @Override
  public Future<Long> currentRevision() {
    return newest().map(Snapshot::revision);
  }

  @Override
  public Future<Entry> get(String key) {
    return newest().map(snapshot -> snapshot.entries().get(key));
  }

  @Override
  public Future<Page> list(String prefix, String startAfter, int limit, long revision) {
    if (closed) {
      return Future.failedFuture(new ClosedException());
    }
    Future<Snapshot> snapshot;
    try {
      snapshot =
          revision > 0 && replica.shows(revision)
              ? Future.succeededFuture(replica.at(revision))
              : newest().map(now -> revision == 0 ? now : replica.at(revision));
    } catch (CompactedException | FutureRevisionException e) {
      snapshot = Future.failedFuture(e);
    }
    return snapshot.map(state -> state.page(prefix, startAfter, limit));
  }

  @Override
  public Future<Entry> create(String key, Buffer value) {
    return write(key, value, 0);
  }

  @Override
  public Future<Entry> update(String key, Buffer value, long expectedRevision) {
    return write(key, value, checked(expectedRevision));
  }

  @Override
  public Future<Entry> delete(String key, long expectedRevision) {
    checked(expectedRevision);
    return ask(number -> new Change(number, key, expectedRevision, null))
        .map(
            answer ->
                switch (answer) {
                  case Answer.Done done -> new Entry(key, done.deleted(), done.revision());
                  case Answer.Conflict conflict -> throw conflict(key, conflict);
                  case Answer.Newest n -> throw unexpected(n);
                  case Answer.Compacted c -> throw unexpected(c);
                  case Answer.Forgotten f -> throw unexpected(f);
                });
  }

  @Override
  public Watch watch(String prefix, long afterRevision, Listener listener) {
    return replica
        .watches()
        .watch(prefix, afterRevision == 0 ? replica.released() : afterRevision, listener);
  }

  @Override
  public Future<Void> compact(long revision) {
    return ask(number -> new Operation.Compact(number, revision))
        .map(
            answer ->
                switch (answer) {
                  case Answer.Compacted c -> null;
                  case Answer.Newest newest ->
                      throw new FutureRevisionException(revision, newest.revision());
                  case Answer.Done d -> throw unexpected(d);
                  case Answer.Conflict c -> throw unexpected(c);
                  case Answer.Forgotten f -> throw unexpected(f);
                });
  }

  @Override
  public Snapshot newestKnown() {
    return replica.newest();
  }

  @Override
  public boolean ready() {
    return !closed && replica.seesMajority() && lane.isAnswered();
  }

  @Override
  public Future<Void> close() {
    if (closed) {
      return Future.succeededFuture();
    }
    closed = true;
    Promise<Void> done = promise();
    Thread.ofVirtual()
        .name("store close")
        .start(
            () -> {
              lane.close();
              replica.close();
              leave.run();
              done.complete();
            });
    return done.future();
  }

  private Future<Entry> write(String key, Buffer value, long expected) {
    return ask(number -> new Change(number, key, expected, value))
        .map(
            answer ->
                switch (answer) {
                  case Answer.Done done -> new Entry(key, value, done.revision());
                  case Answer.Conflict conflict -> throw conflict(key, conflict);
                  case Answer.Newest n -> throw unexpected(n);
                  case Answer.Compacted c -> throw unexpected(c);
                  case Answer.Forgotten f -> throw unexpected(f);
                });
  }

  /** Returns a state no older than any change acknowledged before the call, by any member. */
  private Future<Snapshot> newest() {
    return ask(Operation.Read::new)
        .compose(
            answer ->
                switch (answer) {
                  case Answer.Newest newest -> shown(newest.revision());
                  case Answer.Done d -> throw unexpected(d);
                  case Answer.Conflict c -> throw unexpected(c);
                  case Answer.Compacted c -> throw unexpected(c);
                  case Answer.Forgotten f -> throw unexpected(f);
                });
  }

  /** This member's copy may be on its way, when the others already agree. */
  private Future<Snapshot> shown(long revision) {
    if (replica.shows(revision)) {
      return Future.succeededFuture(replica.newest());
    }
    Promise<Snapshot> promise = promise();
    Thread.ofVirtual()
        .name("store catching up")
        .start(
            () -> {
              if (closed) {
                promise.fail(new ClosedException());
              } else if (replica.awaitRevision(revision, CATCHING_UP)) {
                promise.complete(replica.newest());
              } else {
                promise.fail(
                    Status.serviceUnavailable(
                            "this replica of the store has no copy as new as asked for", 1)
                        .toException());
              }
            });
    return promise.future();
  }

  private Future<Answer> ask(LongFunction<Operation> making) {
    Promise<Answer> answer = promise();
    if (closed) {
      answer.fail(new ClosedException());
    } else {
      lane.submit(making, answer);
    }
    return answer.future();
  }

  /** Answers on the caller's event loop, if it is on one. */
  private static <T> Promise<T> promise() {
    return Vertx.currentContext() instanceof ContextInternal context
        ? context.promise()
        : Promise.promise();
  }

  private static long checked(long expectedRevision) {
    if (expectedRevision <= 0) {
      throw new IllegalArgumentException("expected revision " + expectedRevision);
    }
    return expectedRevision;
  }

  private static ConflictException conflict(String key, Answer.Conflict conflict) {
    return new ConflictException(
        key,
        conflict.revision() == 0 ? null : new Entry(key, conflict.value(), conflict.revision()));
  }

  private static IllegalStateException unexpected(Answer answer) {
    return new IllegalStateException("the store answered " + answer);
  }
}
