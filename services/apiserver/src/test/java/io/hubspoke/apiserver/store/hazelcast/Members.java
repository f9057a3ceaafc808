package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import io.hubspoke.apiserver.store.ClusterOptions;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.PersistentMap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Members of one cluster in this JVM, that are given new states again and again. */
final class Members implements AutoCloseable {
  private final List<HazelcastInstance> instances = new ArrayList<>();
  private final List<AtomicReference<Replica>> replicas = new ArrayList<>();
  private final int majority;

  Members(List<Integer> ports, ClusterOptions.PeerTls tls) throws Exception {
    List<String> addresses = ports.stream().map(port -> "127.0.0.1:" + port).toList();
    majority = ports.size() / 2 + 1;
    for (int port : ports) {
      AtomicReference<Replica> replica = new AtomicReference<>();
      replicas.add(replica);
      instances.add(
          HazelcastStore.start(
              new ClusterOptions("127.0.0.1", port, addresses, ports.size(), tls), replica::get));
    }
  }

  List<HazelcastInstance> instances() {
    return instances;
  }

  /** Makes a store of the first member, with a state of its own. */
  HazelcastStore begin() throws InterruptedException {
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
    return HazelcastStore.over(first, replicas.getFirst().get(), majority, () -> {}, () -> {});
  }

  @Override
  public void close() {
    instances.forEach(instance -> instance.getLifecycleService().terminate());
  }
}
