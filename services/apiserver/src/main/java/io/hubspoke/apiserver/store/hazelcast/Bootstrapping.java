package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.hubspoke.apiserver.store.ClusterOptions;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.PersistentMap;
import io.hubspoke.apiserver.store.Store.Entry;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the first state about, where there is none: of the members present, once all are or a
 * majority has waited for a while, the one with the newest snapshot puts it there; without any it
 * is empty.
 */
final class Bootstrapping {
  private static final Logger LOG = LoggerFactory.getLogger(Bootstrapping.class);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final Duration FOR_THE_REST = Duration.ofSeconds(10);
  private static final Duration REPORT = Duration.ofSeconds(5);
  private static final UUID NOBODY = new UUID(0, 0);

  private final HazelcastInstance instance;
  private final IMap<String, ReplicatedState> map;
  private final ClusterOptions options;
  private final Replica replica;
  private final Snapshot snapshot;
  private boolean gone;

  Bootstrapping(
      HazelcastInstance instance, ClusterOptions options, Replica replica, Snapshot snapshot) {
    this.instance = instance;
    this.map = instance.getMap(MemberConfig.MAP);
    this.options = options;
    this.replica = replica;
    this.snapshot = snapshot;
  }

  /** Returns once there is a state. */
  void run() throws InterruptedException {
    long majoritySince = 0;
    long reported = System.nanoTime();
    while (true) {
      int present = instance.getCluster().getMembers().size();
      if (!replica.seesMajority()) {
        majoritySince = 0;
      } else if (majoritySince == 0) {
        majoritySince = System.nanoTime();
      }
      boolean enough =
          present >= options.replicas()
              || (majoritySince != 0 && System.nanoTime() - majoritySince > FOR_THE_REST.toNanos());
      if (majoritySince != 0 && (isThere() || (enough && begin()))) {
        return;
      }
      if (System.nanoTime() - reported > REPORT.toNanos()) {
        reported = System.nanoTime();
        if (gone) {
          LOG.error("the store was there and is gone: end all of its members to begin anew");
        } else {
          LOG.warn("waiting for the store: {} of {} members are here", present, options.replicas());
        }
      }
      Thread.sleep(PAUSE);
    }
  }

  /** Waits for a first answer, and for this member's own copy. */
  static void awaitAnswer(Lane lane, Replica replica) throws InterruptedException {
    long reported = System.nanoTime();
    while (!lane.isAnswered() || !replica.shows(1)) {
      if (System.nanoTime() - reported > REPORT.toNanos()) {
        reported = System.nanoTime();
        LOG.warn("waiting for this member's copy of the store");
      }
      Thread.sleep(PAUSE);
    }
  }

  private boolean isThere() throws InterruptedException {
    try {
      return map.containsKey(MemberConfig.KEY);
    } catch (HazelcastException e) {
      LOG.debug("the store can't be asked yet: {}", e.toString());
      return false;
    }
  }

  /** Makes the first state if that is this member's to do; tells whether it did. */
  private boolean begin() throws InterruptedException {
    Map<Member, Long> offers = new HashMap<>();
    for (Member member : instance.getCluster().getMembers()) {
      Long offer = member.localMember() ? Long.valueOf(replica.beginning()) : ask(member);
      if (offer == null) {
        return false;
      }
      if (offer == Question.HAS_BEGUN) {
        gone = true;
        return false;
      }
      offers.put(member, offer);
    }
    Member newest =
        offers.keySet().stream()
            .max(Comparator.<Member, Long>comparing(offers::get).thenComparing(Member::getUuid))
            .orElseThrow();
    return newest.localMember() && put();
  }

  private Long ask(Member member) throws InterruptedException {
    try {
      return instance
          .getExecutorService(MemberConfig.EXECUTOR)
          .submitToMember(
              new Question(Question.About.BEGINNING, NOBODY, new Position(0, 0)), member)
          .get(1, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("{} does not answer yet: {}", member, e.toString());
      return null;
    }
  }

  /** Its revisions follow all that any store before has given out, as the memory store's do. */
  private Snapshot first(long nowMillis) {
    Snapshot former = snapshot == null ? new Snapshot(0, PersistentMap.empty()) : snapshot;
    long revision = Math.max(former.revision() + 1, nowMillis << 4);
    PersistentMap<Entry> entries = former.entries();
    if (entries.get(HazelcastStore.LINEAGE) == null) {
      Buffer name = Buffer.buffer(UUID.randomUUID().toString());
      entries =
          entries.with(HazelcastStore.LINEAGE, new Entry(HazelcastStore.LINEAGE, name, revision));
    }
    return new Snapshot(revision, entries);
  }

  private boolean put() {
    long now = System.currentTimeMillis();
    Snapshot first = first(now);
    try {
      boolean mine =
          (Boolean)
              (Object)
                  map.executeOnKey(
                      MemberConfig.KEY, new Beginning(new ReplicatedState(first, now)));
      if (mine && snapshot != null) {
        LOG.info("the store begins with the snapshot of revision {}", snapshot.revision());
      }
      return mine;
    } catch (HazelcastException e) {
      LOG.debug("the first state is not there yet: {}", e.toString());
      return false;
    }
  }
}
