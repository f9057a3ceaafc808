package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Volume;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Finds what a pod asks for and its containers cannot have. Such a pod must be seen waiting: run
 * without, it would tell a success that is none.
 */
final class UnsupportedParts {
  private UnsupportedParts() {}

  /** A volume that can't be mounted. */
  record Mount(String volume, String type, String why) {
    /** Returns the message of the event {@code FailedMount}. */
    String message() {
      return "MountVolume.SetUp failed for volume \""
          + volume
          + "\" : volumes of type "
          + type
          + " are not supported"
          + why;
    }
  }

  /** Returns the volumes that can't be mounted. */
  static List<Mount> mounts(Pod pod, ContainerRuntime runtime) {
    return pod.getSpec().getVolumes().stream()
        .filter(volume -> !supported(type(volume), runtime))
        .map(
            volume ->
                new Mount(
                    volume.getName(),
                    type(volume),
                    volume.getHostPath() == null
                        ? ""
                        : " by the runtime "
                            + runtime.version()
                            + ", whose containers have no file system of their own"))
        .toList();
  }

  private static boolean supported(String type, ContainerRuntime runtime) {
    return switch (type) {
      case "emptyDir", "configMap", "secret", "downwardAPI", "projected" -> true;
      case "hostPath" -> runtime.mountsHostPaths();
      default -> false;
    };
  }

  private static String type(Volume volume) {
    ObjectNode json = Json.tree(volume);
    for (Iterator<String> fields = json.fieldNames(); fields.hasNext(); ) {
      String field = fields.next();
      if (!field.equals("name")) {
        return field;
      }
    }
    // The API's default for a volume without a source.
    return "emptyDir";
  }

  /** Says why a container can't be made as it is wanted. */
  static Optional<String> reason(Container container) {
    for (Probe probe :
        new Probe[] {
          container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe()
        }) {
      if (probe != null && probe.getGrpc() != null) {
        return Optional.of("grpc probes are not supported by this runtime");
      }
    }
    return Optional.empty();
  }
}
