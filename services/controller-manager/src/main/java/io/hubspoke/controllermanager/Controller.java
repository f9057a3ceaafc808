package io.hubspoke.controllermanager;

import io.vertx.core.Future;

/** Watches one kind of thing and brings it in line; works from the moment informers bring news. */
public interface Controller {
  /** Begins nothing new; completes when what was begun has ended. */
  Future<Void> stop();
}
