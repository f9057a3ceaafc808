package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.IExecutorService;
import com.hazelcast.map.IMap;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.store.Store.ClosedException;
import io.hubspoke.apiserver.store.hazelcast.BatchResult.Outcome;
import io.vertx.core.Promise;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the operations of one member to the owner of the state, many at once and one batch after
 * the other. What gets no answer is sent again under the same numbers until it is answered, or for
 * too long. An answer counts once all backups have acknowledged and a majority of members is known
 * to hold what came of the batch, since Hazelcast leaves out a backup that is away without a word.
 */
final class Lane {
  private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
  private static final int MOST_OPERATIONS = 64;
  private static final int MOST_BYTES = 1 << 20;
  private static final int MOST_WAITING = 10_000;
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final Duration ANSWER_LIMIT = Duration.ofMillis(400);

  /** What is slow is not made slower by asking again and again. */
  private static final int MOST_PATIENCE = 8;

  private static final Duration READY_LIMIT = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(50);

  /** Longer than a member takes to be noticed gone whose connections are open. */
  private static final Duration OPERATION_LIMIT = Duration.ofSeconds(15);

  /** So long another's answer must say that acknowledged changes are gone before it is believed. */
  private static final Duration LOSS_LIMIT = Duration.ofSeconds(10);

  private final long id = new SecureRandom().nextLong();
  private final BlockingQueue<Waiting> queue = new ArrayBlockingQueue<>(MOST_WAITING);
  private final Deque<Waiting> sending = new ArrayDeque<>();
  private final HazelcastInstance instance;
  private final IMap<String, ReplicatedState> map;
  private final IExecutorService executor;
  private final Replica replica;
  private final int majority;
  private final Runnable lost;
  private final Thread thread = Thread.ofVirtual().name("store lane").unstarted(this::run);
  private long lastNumber;
  private long attempts;
  private long committed;
  private long behindSince;
  private int patience = 1;
  private volatile long answeredNanos;
  private volatile boolean closed;

  /** An operation whose answer somebody waits for. */
  private static final class Waiting {
    private final LongFunction<Operation> making;
    private final Promise<Answer> answer;
    private final long deadline = System.nanoTime() + OPERATION_LIMIT.toNanos();
    private Operation operation;
    private boolean sent;

    Waiting(LongFunction<Operation> making, Promise<Answer> answer) {
      this.making = making;
      this.answer = answer;
    }

    int bytes() {
      return operation instanceof Operation.Change change && change.value() != null
          ? change.value().length()
          : 0;
    }
  }

  /**
   * @param lost called when acknowledged changes are gone, or this member has left for good
   */
  Lane(HazelcastInstance instance, Replica replica, int majority, Runnable lost) {
    this.instance = instance;
    this.map = instance.getMap(MemberConfig.MAP);
    this.executor = instance.getExecutorService(MemberConfig.EXECUTOR);
    this.replica = replica;
    this.majority = majority;
    this.lost = lost;
  }

  void start() {
    thread.start();
  }

  /** Takes an operation on; the promise gets its answer once that is there to stay. */
  void submit(LongFunction<Operation> making, Promise<Answer> answer) {
    if (closed) {
      answer.fail(new ClosedException());
    } else if (!queue.offer(new Waiting(making, answer))) {
      answer.fail(refused("too many operations wait for the store"));
    } else if (closed) {
      failQueued();
    }
  }

  /** Tells whether answers have come lately. */
  boolean isAnswered() {
    return answeredNanos != 0 && System.nanoTime() - answeredNanos < READY_LIMIT.toNanos();
  }

  void close() {
    closed = true;
    thread.interrupt();
    failQueued();
  }

  private void failQueued() {
    for (Waiting each = queue.poll(); each != null; each = queue.poll()) {
      each.answer.tryFail(new ClosedException());
    }
  }

  private void run() {
    try {
      while (!closed) {
        take();
        expire();
        if (!attempt()) {
          Thread.sleep(PAUSE);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("the lane ends");
    } catch (HazelcastInstanceNotActiveException e) {
      if (!closed) {
        LOG.error("this member of the store has ended: {}", e.getMessage());
        lost.run();
      }
    } finally {
      closed = true;
      sending.forEach(each -> each.answer.tryFail(new ClosedException()));
      failQueued();
    }
  }

  /** Takes what waits, as much as goes into a batch, or nothing after a while. */
  private void take() throws InterruptedException {
    if (sending.isEmpty()) {
      // The first answer is waited for by whoever opens the store.
      long nanos = answeredNanos == 0 ? 0 : TICK.toNanos();
      add(queue.poll(nanos, TimeUnit.NANOSECONDS));
    }
    int bytes = sending.stream().mapToInt(Waiting::bytes).sum();
    while (sending.size() < MOST_OPERATIONS && bytes < MOST_BYTES && !queue.isEmpty()) {
      add(queue.poll());
      bytes += sending.getLast().bytes();
    }
  }

  private void add(Waiting next) {
    if (next != null) {
      next.operation = next.making.apply(++lastNumber);
      sending.add(next);
    }
  }

  private void expire() {
    boolean minority = !replica.seesMajority();
    sending.removeIf(
        each -> {
          if (!minority && System.nanoTime() - each.deadline < 0) {
            return false;
          }
          String why =
              minority
                  ? "this replica of the store sees fewer than " + majority + " members"
                  : "the store's members did not agree in time";
          each.answer.fail(each.sent ? unknown(why) : refused(why));
          return true;
        });
  }

  private static RuntimeException refused(String why) {
    return Status.serviceUnavailable("the change was not made: " + why, 1).toException();
  }

  /** Names no time to try again after, since clients would do so without asking. */
  private static RuntimeException unknown(String why) {
    return Status.serviceUnavailable("whether the change was made is unknown: " + why)
        .toException();
  }

  /** Sends what there is once, or asks whether all is well; tells whether it was answered. */
  private boolean attempt() throws InterruptedException {
    if (!replica.seesMajority()) {
      return false;
    }
    List<Operation> operations = new ArrayList<>(sending.size());
    for (Waiting each : sending) {
      operations.add(each.operation);
      each.sent = true;
    }
    long finished = sending.isEmpty() ? lastNumber + 1 : sending.getFirst().operation.number();
    UUID attempt = new UUID(id, ++attempts);
    Batch batch = new Batch(replica, attempt, id, finished, committed, operations);
    try {
      BatchResult result =
          map.submitToKey(MemberConfig.KEY, batch)
              .toCompletableFuture()
              .get(patience * ANSWER_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      patience = 1;
      return settle(attempt, result);
    } catch (TimeoutException e) {
      patience = Math.min(MOST_PATIENCE, 2 * patience);
      LOG.debug("no answer to a batch in time");
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof HazelcastInstanceNotActiveException ended) {
        throw ended;
      }
      LOG.debug("a batch failed: {}", e.getCause().toString());
      return false;
    }
  }

  private boolean settle(UUID attempt, BatchResult result) throws InterruptedException {
    if (result.outcome() != Outcome.DECIDED) {
      LOG.debug("the owner refused a batch: {}", result.outcome());
      noteLoss(result.outcome());
      return false;
    }
    behindSince = 0;
    Position position = result.position();
    boolean here = replica.awaitHolding(attempt, position);
    if (!isHeldByMajority(attempt, result, here)) {
      LOG.debug("a batch is not held by a majority yet");
      return false;
    }
    boolean news = position.revision() > committed;
    committed = Math.max(committed, position.revision());
    if (here) {
      replica.releaseIfHeld(attempt, position);
    }
    answeredNanos = System.nanoTime();
    for (Answer answer : result.answers()) {
      sending.removeFirst().answer.complete(answer);
    }
    // A next batch would tell the others as well.
    if (news && queue.isEmpty()) {
      for (Member other : others()) {
        executor.submitToMember(
            new Question(Question.About.COMMITTED, attempt, position), other, null);
      }
    }
    return true;
  }

  /** The owner's answer is one copy, this member's may be another; the rest is asked. */
  private boolean isHeldByMajority(UUID attempt, BatchResult result, boolean here)
      throws InterruptedException {
    UUID self = replica.member();
    int holders = result.owner().equals(self) || !here ? 1 : 2;
    if (holders >= majority) {
      return true;
    }
    List<Future<Long>> asked = new ArrayList<>();
    for (Member other : others()) {
      if (!other.getUuid().equals(result.owner())) {
        asked.add(
            executor.submitToMember(
                new Question(Question.About.HOLDING, attempt, result.position()), other));
      }
    }
    for (Future<Long> each : asked) {
      try {
        holders += each.get(ANSWER_LIMIT.toNanos(), TimeUnit.NANOSECONDS).intValue();
      } catch (ExecutionException | TimeoutException e) {
        LOG.debug("a member did not say whether it holds a batch: {}", e.toString());
      }
      if (holders >= majority) {
        return true;
      }
    }
    return false;
  }

  private List<Member> others() {
    return instance.getCluster().getMembers().stream().filter(m -> !m.localMember()).toList();
  }

  private void noteLoss(Outcome outcome) {
    if (outcome != Outcome.BEHIND) {
      behindSince = 0;
    } else if (behindSince == 0) {
      behindSince = System.nanoTime();
    } else if (System.nanoTime() - behindSince > LOSS_LIMIT.toNanos()) {
      LOG.error(
          "acknowledged changes up to revision {} are gone from the store: too many members ended"
              + " at once",
          committed);
      lost.run();
      closed = true;
    }
  }
}
