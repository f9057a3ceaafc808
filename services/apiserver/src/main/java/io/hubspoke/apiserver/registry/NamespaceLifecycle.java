package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.AdmissionRequest.Operation;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.List;
import java.util.Set;

/**
 * Keeps objects out of namespaces that don't exist or are going away, and keeps the namespaces that
 * the cluster can't do without (the admission plugin of this name).
 *
 * <p>The contents of a namespace that is being deleted are removed by the namespace controller,
 * which then takes the finalizer away through the {@code finalize} subresource.
 */
record NamespaceLifecycle(Lister lister) implements Admission {
  private static final ResourceType NAMESPACES = ResourceTable.NAMESPACES.type();
  private static final Set<String> IMMORTAL = Set.of("default", "kube-system", "kube-public");

  @Override
  public void admit(AdmissionRequest request) {
    if (request.type().equals(NAMESPACES)) {
      if (request.operation() == Operation.DELETE && IMMORTAL.contains(request.name())) {
        throw Status.forbidden(NAMESPACES, request.name(), "this namespace may not be deleted")
            .toException();
      }
      return;
    }
    if (request.operation() != Operation.CREATE || !request.type().namespaced()) {
      return;
    }
    ObjectNode namespace = lister.need(NAMESPACES, "", request.namespace());
    if (Meta.deleting(namespace)) {
      throw terminating(request).toException();
    }
  }

  private static Status terminating(AdmissionRequest request) {
    Status status =
        Status.forbidden(
            request.type(),
            request.name(),
            "unable to create new content in namespace "
                + request.namespace()
                + " because it is being terminated");
    var cause =
        new Cause(
            "NamespaceTerminating",
            "namespace " + request.namespace() + " is being terminated",
            "metadata.namespace");
    return new Status(
        status.code(),
        status.reason(),
        status.message(),
        new Status.Details(
            request.name(),
            request.type().group(),
            request.type().plural(),
            "",
            List.of(cause),
            0));
  }
}
