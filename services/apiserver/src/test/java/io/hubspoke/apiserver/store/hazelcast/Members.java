package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import io.hubspoke.apiserver.store.ClusterOptions;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.PersistentMap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;

/** Members of one cluster in this JVM, that are given new states again and again. */
public final class Members implements AutoCloseable {
  private final List<HazelcastInstance> instances = new ArrayList<>();
  private final List<AtomicReference<Replica>> replicas = new ArrayList<>();
  private final List<ClusterOptions> options;
  private final int majority;

  /** Starts so many, each with the certificate of its place, or without TLS when there are none. */
  Members(int size, List<ClusterOptions.PeerTls> certificates) throws Exception {
    options = options(size, certificates);
    majority = size / 2 + 1;
    for (ClusterOptions each : options) {
      AtomicReference<Replica> replica = new AtomicReference<>();
      replicas.add(replica);
      instances.add(HazelcastStore.start(each, replica::get));
    }
  }

  /** Describes members at addresses that nobody else uses. */
  public static List<ClusterOptions> options(int size, List<ClusterOptions.PeerTls> certificates) {
    var random = ThreadLocalRandom.current();
    String network = "127.77." + random.nextInt(256) + ".";
    int first = random.nextInt(1, 240);
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      addresses.add(network + (first + i));
    }
    List<String> members = addresses.stream().map(address -> address + ":5701").toList();
    List<ClusterOptions> options = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      var tls = certificates.isEmpty() ? null : certificates.get(i);
      options.add(new ClusterOptions(addresses.get(i), 5701, members, size, tls));
    }
    return options;
  }

  List<HazelcastInstance> instances() {
    return instances;
  }

  ClusterOptions options(int member) {
    return options.get(member);
  }

  /** Gives all an empty state, and makes a store of each of the first members. */
  List<HazelcastStore> begin(int stores) throws InterruptedException {
    HazelcastInstance first = instances.getFirst();
    first.getMap(MemberConfig.MAP).delete(MemberConfig.KEY);
    for (int i = 0; i < instances.size(); i++) {
      Replica replica = new Replica(majority, 0);
      replica.attach(instances.get(i));
      replicas.get(i).set(replica);
    }
    first
        .<String, ReplicatedState>getMap(MemberConfig.MAP)
        .executeOnKey(
            MemberConfig.KEY,
            new Beginning(
                new ReplicatedState(
                    new Snapshot(1, PersistentMap.empty()), System.currentTimeMillis())));
    List<HazelcastStore> made = new ArrayList<>();
    for (int i = 0; i < stores; i++) {
      made.add(
          HazelcastStore.over(
              instances.get(i), replicas.get(i).get(), majority, () -> {}, () -> {}));
    }
    return made;
  }

  @Override
  public void close() {
    instances.forEach(instance -> instance.getLifecycleService().terminate());
  }
}
