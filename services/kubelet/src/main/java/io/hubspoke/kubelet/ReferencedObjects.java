package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.volumes.PodObjects;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.Optional;

/** The secrets and config maps that the pods of this node name. */
final class ReferencedObjects {
  private final WatchedObjects<ConfigMap> configMaps;
  private final WatchedObjects<Secret> secrets;

  /**
   * Knows none yet.
   *
   * @param context of virtual threads
   */
  ReferencedObjects(ApiClient client, Context context) {
    configMaps =
        new WatchedObjects<>(
            client, Resource.CONFIG_MAPS, c -> Boolean.TRUE.equals(c.getImmutable()), context);
    secrets =
        new WatchedObjects<>(
            client, Resource.SECRETS, s -> Boolean.TRUE.equals(s.getImmutable()), context);
  }

  /**
   * Returns what one pod may read.
   *
   * @param changed called when something that it has read becomes another
   */
  PodObjects of(Pod pod, Runnable changed) {
    String namespace = pod.getMetadata().getNamespace();
    String uid = pod.getMetadata().getUid();
    return new PodObjects() {
      @Override
      public Optional<ConfigMap> configMap(String name) throws UnavailableException {
        return configMaps.get(new Item.Key(namespace, name), uid, changed);
      }

      @Override
      public Optional<Secret> secret(String name) throws UnavailableException {
        return secrets.get(new Item.Key(namespace, name), uid, changed);
      }
    };
  }

  /** Forgets a pod that is gone. */
  void release(String uid) {
    configMaps.release(uid);
    secrets.release(uid);
  }

  Future<Void> stop() {
    return configMaps.stop().eventually(secrets::stop);
  }
}
