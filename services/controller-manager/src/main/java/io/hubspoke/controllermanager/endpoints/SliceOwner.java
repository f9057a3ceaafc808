package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What slices are made for, and what they are labelled with.
 *
 * @param kind of the core group, such as {@code Service}
 * @param labels all that its slices shall have
 * @param annotations what its slices shall have among others
 */
record SliceOwner(
    String kind, ObjectMeta metadata, Map<String, String> labels, Map<String, String> annotations) {
  static final String SERVICE_NAME = "kubernetes.io/service-name";
  static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
  static final String HEADLESS = "service.kubernetes.io/headless";

  /**
   * Names an object whose labels its slices take over, but those that say whose they are.
   *
   * @param manager who keeps the slices
   */
  static SliceOwner of(
      HasMetadata object, String manager, boolean headless, Map<String, String> annotations) {
    var labels = new HashMap<>(labels(object));
    labels.remove(HEADLESS);
    if (headless) {
      labels.put(HEADLESS, "");
    }
    labels.put(SERVICE_NAME, object.getMetadata().getName());
    labels.put(MANAGED_BY, manager);
    return new SliceOwner(object.getKind(), object.getMetadata(), labels, annotations);
  }

  static Map<String, String> labels(HasMetadata object) {
    var labels = object.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  static Map<String, String> annotations(HasMetadata object) {
    var annotations = object.getMetadata().getAnnotations();
    return annotations == null ? Map.of() : annotations;
  }

  boolean owns(EndpointSlice slice) {
    return slice.getMetadata().getOwnerReferences().stream()
        .anyMatch(o -> metadata.getUid().equals(o.getUid()) && kind.equals(o.getKind()));
  }

  /** Returns whether a slice is labelled and annotated as it shall be. */
  boolean describes(EndpointSlice slice) {
    return labels(slice).equals(labels)
        && annotations(slice).entrySet().containsAll(annotations.entrySet());
  }

  /** Returns a slice as it shall be labelled and annotated. */
  EndpointSlice describe(EndpointSlice slice) {
    return new EndpointSliceBuilder(slice)
        .editMetadata()
        .withLabels(labels)
        .addToAnnotations(annotations)
        .endMetadata()
        .build();
  }

  /** Returns a new slice without endpoints. */
  EndpointSlice slice(SliceGroup group) {
    return new EndpointSliceBuilder()
        .withApiVersion("discovery.k8s.io/v1")
        .withKind("EndpointSlice")
        .withNewMetadata()
        .withNamespace(metadata.getNamespace())
        .withGenerateName(metadata.getName() + "-")
        .withLabels(labels)
        .withAnnotations(annotations)
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("v1")
                .withKind(kind)
                .withName(metadata.getName())
                .withUid(metadata.getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .endMetadata()
        .withAddressType(group.family().type())
        .withPorts(List.copyOf(group.ports()))
        .build();
  }
}
