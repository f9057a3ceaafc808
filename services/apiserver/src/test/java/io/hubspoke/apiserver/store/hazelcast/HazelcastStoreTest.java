package io.hubspoke.apiserver.store.hazelcast;

import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.StoreContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract at one member of two. */
class HazelcastStoreTest extends StoreContract {
  private static Members members;

  @BeforeAll
  static void start() throws Exception {
    members = new Members(List.of(5711, 5712), null);
  }

  @AfterAll
  static void stop() {
    members.close();
  }

  @Override
  protected Store open() {
    try {
      return members.begin();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
