package io.hubspoke.lab.scale;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.hubspoke.client.Resource;
import java.util.List;
import java.util.Map;

/** What is looked at of objects, so that a hundred thousand of them are not kept. */
final class Observed {
  static final Resource<Node> NODES = Resource.cluster("", "v1", "nodes", Node.class);
  static final Resource<Pod> PODS = Resource.namespaced("", "v1", "pods", Pod.class);
  static final Resource<Lease> LEASES =
      Resource.namespaced("coordination.k8s.io", "v1", "leases", Lease.class);

  private Observed() {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Metadata(Map<String, String> annotations) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Condition(String type, String status) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record NodeStatus(List<Condition> conditions) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Node(Metadata metadata, NodeStatus status) {
    boolean ready() {
      return status != null && isTrue("Ready", status.conditions);
    }

    String annotation(String name) {
      return metadata == null || metadata.annotations == null
          ? ""
          : metadata.annotations.getOrDefault(name, "");
    }
  }

  @JsonIgnoreProperties(ignoreUnknown = true)
  record PodSpec(boolean bound) {
    @JsonCreator
    static PodSpec of(@JsonProperty("nodeName") String nodeName) {
      return new PodSpec(nodeName != null);
    }
  }

  @JsonIgnoreProperties(ignoreUnknown = true)
  record PodStatus(boolean ready) {
    @JsonCreator
    static PodStatus of(@JsonProperty("conditions") List<Condition> conditions) {
      return new PodStatus(isTrue("Ready", conditions));
    }
  }

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Pod(PodSpec spec, PodStatus status) {
    boolean scheduled() {
      return spec != null && spec.bound;
    }

    boolean ready() {
      return status != null && status.ready;
    }
  }

  @JsonIgnoreProperties(ignoreUnknown = true)
  record LeaseSpec(String renewTime, int leaseDurationSeconds) {}

  @JsonIgnoreProperties(ignoreUnknown = true)
  record Lease(LeaseSpec spec) {}

  private static boolean isTrue(String type, List<Condition> conditions) {
    return conditions != null
        && conditions.stream().anyMatch(c -> c.type.equals(type) && c.status.equals("True"));
  }
}
