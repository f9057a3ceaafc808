package io.hubspoke.lab;

import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.store.MemoryStore;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import java.time.Clock;
import java.util.function.Supplier;

/** The apiserver of a mesh, which may go away and come back on its address. Its methods block. */
public final class MeshApiserver {
  private final Site site;
  private final Supplier<ApiserverOptions> options;
  private Store store = MemoryStore.afterOthers(Clock.systemUTC());
  private String deployment;

  MeshApiserver(Site site, Supplier<ApiserverOptions> options) {
    this.site = site;
    this.options = options;
  }

  /** Starts it with what its store keeps. */
  public void start() throws Exception {
    start(Clock.systemUTC());
  }

  /** Starts it so that it judges and issues credentials by this clock. */
  public void start(Clock clock) throws Exception {
    deployment = Component.await(site.start(Part.of(options.get(), store, clock)));
  }

  /** Returns what its site knows it by; null while it is stopped. */
  String deployment() {
    return deployment;
  }

  /** Ends it; what it kept stays. */
  public void stop() throws Exception {
    if (deployment != null) {
      var ending = deployment;
      deployment = null;
      Component.await(site.stop(ending));
    }
  }

  /** Loses what it kept; only while it is stopped. */
  public void forget() throws Exception {
    if (deployment != null) {
      throw new IllegalStateException("the apiserver runs");
    }
    Component.await(store.close());
    store = MemoryStore.afterOthers(Clock.systemUTC());
  }

  /** Ends it for good. */
  Future<Void> close() {
    var ended = deployment == null ? Future.<Void>succeededFuture() : site.stop(deployment);
    return ended.eventually(store::close);
  }
}
