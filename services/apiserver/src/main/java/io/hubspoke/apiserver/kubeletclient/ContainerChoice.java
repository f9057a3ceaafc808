package io.hubspoke.apiserver.kubeletclient;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses the container that a log, exec or attach is about, by the rules of the real apiserver.
 */
public final class ContainerChoice {
  private ContainerChoice() {}

  /**
   * Returns the container that was asked for, or the only one there is. The annotation {@code
   * kubectl.kubernetes.io/default-container} means something to kubectl alone.
   *
   * @param asked empty when none was named
   * @throws io.hubspoke.api.ApiException 400 naming those there are
   */
  public static String of(ObjectNode pod, String name, String asked) {
    JsonNode spec = pod.path("spec");
    List<String> containers = names(spec.path("containers"));
    List<String> initContainers = names(spec.path("initContainers"));
    if (!asked.isEmpty()) {
      if (containers.contains(asked)
          || initContainers.contains(asked)
          || names(spec.path("ephemeralContainers")).contains(asked)) {
        return asked;
      }
      throw Status.badRequest("container " + asked + " is not valid for pod " + name).toException();
    }
    if (containers.size() == 1) {
      return containers.getFirst();
    }
    String message = "a container name must be specified for pod " + name;
    if (!containers.isEmpty()) {
      message += ", choose one of: [" + String.join(" ", containers) + "]";
      if (!initContainers.isEmpty()) {
        message += " or one of the init containers: [" + String.join(" ", initContainers) + "]";
      }
    }
    throw Status.badRequest(message).toException();
  }

  private static List<String> names(JsonNode containers) {
    List<String> names = new ArrayList<>(containers.size());
    containers.forEach(container -> names.add(container.path("name").asText()));
    return names;
  }
}
