package io.hubspoke.apiserver.store.hazelcast;

import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.StoreContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract at a member alone, which is quick; {@link ReplicationTest} has more of them. */
class HazelcastStoreTest extends StoreContract {
  private static Members members;

  @BeforeAll
  static void start() throws Exception {
    members = new Members(1, List.of());
  }

  @AfterAll
  static void stop() {
    members.close();
  }

  @Override
  protected Store open() {
    try {
      return members.begin(1).getFirst();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
