package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.http.User;

/**
 * A write that is about to happen, or a connection.
 *
 * @param subresource empty for the object itself
 * @param namespace empty for cluster-scoped resources
 * @param name empty when the server is yet to generate it
 * @param object what is to be written, or how to connect; null for a deletion
 * @param old what is there; null for a creation
 */
public record AdmissionRequest(
    Operation operation,
    User user,
    ResourceType type,
    String subresource,
    String namespace,
    String name,
    ObjectNode object,
    ObjectNode old,
    boolean dryRun,
    Origin origin) {

  /** What is done to the object. */
  public enum Operation {
    CREATE,
    UPDATE,
    DELETE,
    CONNECT
  }

  /** Returns the same with another object. */
  public AdmissionRequest with(ObjectNode other) {
    return new AdmissionRequest(
        operation, user, type, subresource, namespace, name, other, old, dryRun, origin);
  }
}
