package io.hubspoke.kubelet.volumes;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.Optional;

/** Reads the secrets and config maps that one pod names, of which its node keeps current copies. */
public interface PodObjects {
  /** Returns a config map of the pod's namespace; empty when there is none. */
  Optional<ConfigMap> configMap(String name) throws UnavailableException;

  /** Returns a secret of the pod's namespace; empty when there is none. */
  Optional<Secret> secret(String name) throws UnavailableException;

  /** Whether there is such an object can't be told now. */
  final class UnavailableException extends Exception {
    public UnavailableException(String message) {
      super(message, null, false, false);
    }
  }
}
