package io.hubspoke.apiserver.proxy;

import io.hubspoke.apiserver.http.ApiRequest;
import io.vertx.core.Future;

/** Finds where requests to the proxy of one kind of object go. */
@FunctionalInterface
interface BackendFinder {
  /** Finds it; fails with the status that the client is to get. */
  Future<Backend> find(ApiRequest request);
}
