package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Resource;
import io.vertx.core.Future;

/** Creates and deletes pods for their owners, and records it as events of the owners. */
public final class PodControl {
  private static final String NAMESPACE_TERMINATING = "NamespaceTerminating";

  private final ApiClient client;
  private final EventRecorder events;

  public PodControl(ApiClient client, EventRecorder events) {
    this.client = client;
    this.events = events;
  }

  /** Makes a pod of a template, controlled by its owner and named after it; nothing is sent. */
  public static Pod pod(PodTemplateSpec template, HasMetadata owner) {
    var of = template.getMetadata();
    var metadata =
        new ObjectMetaBuilder()
            .withGenerateName(owner.getMetadata().getName() + "-")
            .withNamespace(owner.getMetadata().getNamespace())
            .withOwnerReferences(ControllerReference.to(owner));
    if (of != null) {
      metadata
          .withLabels(of.getLabels())
          .withAnnotations(of.getAnnotations())
          .withFinalizers(of.getFinalizers());
    }
    var pod = new Pod();
    pod.setMetadata(metadata.build());
    pod.setSpec(template.getSpec());
    return pod;
  }

  /** Creates a pod of a template; the future fails as {@link ApiClient}'s do. */
  public Future<Pod> create(PodTemplateSpec template, HasMetadata owner) {
    return create(pod(template, owner), owner);
  }

  /** Creates a pod that {@link #pod} made and its owner has changed since. */
  public Future<Pod> create(Pod pod, HasMetadata owner) {
    if (pod.getMetadata().getLabels() == null || pod.getMetadata().getLabels().isEmpty()) {
      return Future.failedFuture(new IllegalStateException("unable to create pods, no labels"));
    }
    return client
        .create(Resource.PODS, owner.getMetadata().getNamespace(), pod)
        .onSuccess(
            created ->
                events.normal(
                    Regarding.of(owner),
                    "SuccessfulCreate",
                    "Created pod: " + created.getMetadata().getName()))
        .onFailure(
            failure -> {
              if (!isNamespaceTerminating(failure)) {
                events.warning(
                    Regarding.of(owner), "FailedCreate", "Error creating: " + failure.getMessage());
              }
            });
  }

  /**
   * Deletes this very pod; the future fails as {@link ApiClient}'s do, also with 404 or 409 when
   * the pod is gone.
   */
  public Future<Void> delete(Pod pod, HasMetadata owner) {
    var metadata = pod.getMetadata();
    return client
        .delete(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            new DeleteOptions(-1, metadata.getUid()))
        .onSuccess(
            deleted ->
                events.normal(
                    Regarding.of(owner), "SuccessfulDelete", "Deleted pod: " + metadata.getName()))
        .onFailure(
            failure -> {
              if (!isGone(failure)) {
                events.warning(
                    Regarding.of(owner), "FailedDelete", "Error deleting: " + failure.getMessage());
              }
            })
        .mapEmpty();
  }

  /** Returns whether an object could not be deleted because it is not there any more. */
  public static boolean isGone(Throwable failure) {
    return failure instanceof ApiException refused
        && (refused.code() == 404 || refused.code() == 409);
  }

  /** Returns whether nothing can be created since the whole namespace is going. */
  public static boolean isNamespaceTerminating(Throwable failure) {
    return failure instanceof ApiException refused
        && refused.status().details() != null
        && refused.status().details().causes().stream()
            .anyMatch(cause -> cause.reason().equals(NAMESPACE_TERMINATING));
  }
}
