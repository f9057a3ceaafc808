package io.hubspoke.client;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * Has pods share what they have in common. The pods of a few templates differ in little, but each
 * is read from JSON by itself, with texts, maps and lists of its own, most of them empty: 10 KB, of
 * which a third is left. Who gets a shared object must only read it.
 */
final class CommonParts {
  // What came last at each place: what is common is soon there again, and what is gone is not held.
  private static final AtomicReferenceArray<WeakReference<Object>> KNOWN =
      new AtomicReferenceArray<>(1 << 14);

  private CommonParts() {}

  /** Replaces parts of a pod that nobody has yet but the caller; leaves anything else alone. */
  static void share(Object object) {
    if (object instanceof Pod pod) {
      bare(pod.getAdditionalProperties(), pod::setAdditionalProperties);
      if (pod.getMetadata() != null) {
        share(pod.getMetadata());
      }
      if (pod.getSpec() != null) {
        share(pod.getSpec());
      }
      if (pod.getStatus() != null) {
        share(pod.getStatus());
      }
    }
  }

  private static void share(ObjectMeta metadata) {
    bare(metadata.getAdditionalProperties(), metadata::setAdditionalProperties);
    metadata.setNamespace(one(metadata.getNamespace()));
    metadata.setGenerateName(one(metadata.getGenerateName()));
    metadata.setCreationTimestamp(one(metadata.getCreationTimestamp()));
    metadata.setLabels(one(metadata.getLabels()));
    metadata.setAnnotations(one(metadata.getAnnotations()));
    metadata.setFinalizers(list(metadata.getFinalizers()));
    metadata.setManagedFields(list(metadata.getManagedFields()));
    metadata.setOwnerReferences(list(metadata.getOwnerReferences()));
  }

  private static void share(PodSpec spec) {
    bare(spec.getAdditionalProperties(), spec::setAdditionalProperties);
    spec.setAffinity(one(spec.getAffinity()));
    spec.setDnsPolicy(one(spec.getDnsPolicy()));
    spec.setEphemeralContainers(list(spec.getEphemeralContainers()));
    spec.setHostAliases(list(spec.getHostAliases()));
    spec.setImagePullSecrets(list(spec.getImagePullSecrets()));
    spec.setNodeName(one(spec.getNodeName()));
    spec.setNodeSelector(one(spec.getNodeSelector()));
    spec.setPreemptionPolicy(one(spec.getPreemptionPolicy()));
    spec.setPriorityClassName(one(spec.getPriorityClassName()));
    spec.setReadinessGates(list(spec.getReadinessGates()));
    spec.setResourceClaims(list(spec.getResourceClaims()));
    spec.setRestartPolicy(one(spec.getRestartPolicy()));
    spec.setSchedulerName(one(spec.getSchedulerName()));
    spec.setSchedulingGates(list(spec.getSchedulingGates()));
    spec.setSecurityContext(one(spec.getSecurityContext()));
    spec.setServiceAccount(one(spec.getServiceAccount()));
    spec.setServiceAccountName(one(spec.getServiceAccountName()));
    spec.setTerminationGracePeriodSeconds(one(spec.getTerminationGracePeriodSeconds()));
    spec.setTolerations(list(spec.getTolerations()));
    spec.setTopologySpreadConstraints(list(spec.getTopologySpreadConstraints()));
    spec.setContainers(each(spec.getContainers(), CommonParts::share));
    spec.setInitContainers(each(spec.getInitContainers(), CommonParts::share));
    spec.setVolumes(each(spec.getVolumes(), CommonParts::share));
  }

  private static void share(Container container) {
    bare(container.getAdditionalProperties(), container::setAdditionalProperties);
    container.setArgs(list(container.getArgs()));
    container.setCommand(list(container.getCommand()));
    container.setEnv(list(container.getEnv()));
    container.setEnvFrom(list(container.getEnvFrom()));
    container.setImage(one(container.getImage()));
    container.setImagePullPolicy(one(container.getImagePullPolicy()));
    container.setLifecycle(one(container.getLifecycle()));
    container.setLivenessProbe(one(container.getLivenessProbe()));
    container.setName(one(container.getName()));
    container.setPorts(list(container.getPorts()));
    container.setReadinessProbe(one(container.getReadinessProbe()));
    container.setResizePolicy(list(container.getResizePolicy()));
    container.setResources(one(container.getResources()));
    container.setSecurityContext(one(container.getSecurityContext()));
    container.setStartupProbe(one(container.getStartupProbe()));
    container.setTerminationMessagePath(one(container.getTerminationMessagePath()));
    container.setTerminationMessagePolicy(one(container.getTerminationMessagePolicy()));
    container.setVolumeDevices(list(container.getVolumeDevices()));
    container.setVolumeMounts(each(container.getVolumeMounts(), CommonParts::share));
  }

  private static void share(VolumeMount mount) {
    bare(mount.getAdditionalProperties(), mount::setAdditionalProperties);
    mount.setMountPath(one(mount.getMountPath()));
  }

  private static void share(Volume volume) {
    bare(volume.getAdditionalProperties(), volume::setAdditionalProperties);
    volume.setConfigMap(one(volume.getConfigMap()));
    volume.setDownwardAPI(one(volume.getDownwardAPI()));
    volume.setEmptyDir(one(volume.getEmptyDir()));
    volume.setHostPath(one(volume.getHostPath()));
    volume.setProjected(one(volume.getProjected()));
    volume.setSecret(one(volume.getSecret()));
  }

  private static void share(PodStatus status) {
    bare(status.getAdditionalProperties(), status::setAdditionalProperties);
    // Those of pods that came in the same second are equal.
    if (status.getConditions() != null) {
      status.getConditions().replaceAll(CommonParts::one);
    }
    status.setConditions(each(status.getConditions(), condition -> {}));
    status.setContainerStatuses(each(status.getContainerStatuses(), CommonParts::share));
    status.setEphemeralContainerStatuses(list(status.getEphemeralContainerStatuses()));
    status.setHostIP(one(status.getHostIP()));
    status.setHostIPs(list(status.getHostIPs()));
    status.setInitContainerStatuses(each(status.getInitContainerStatuses(), CommonParts::share));
    status.setPhase(one(status.getPhase()));
    status.setQosClass(one(status.getQosClass()));
    status.setResourceClaimStatuses(list(status.getResourceClaimStatuses()));
    status.setStartTime(one(status.getStartTime()));
  }

  private static void share(ContainerStatus status) {
    bare(status.getAdditionalProperties(), status::setAdditionalProperties);
    status.setAllocatedResources(one(status.getAllocatedResources()));
    status.setAllocatedResourcesStatus(list(status.getAllocatedResourcesStatus()));
    status.setImage(one(status.getImage()));
    status.setImageID(one(status.getImageID()));
    status.setLastState(one(status.getLastState()));
    status.setName(one(status.getName()));
    status.setState(one(status.getState()));
    status.setVolumeMounts(list(status.getVolumeMounts()));
  }

  /** Leaves no map of its own to an object without fields that are unknown here. */
  private static void bare(Map<String, Object> unknown, Consumer<Map<String, Object>> setter) {
    if (unknown != null && unknown.isEmpty()) {
      setter.accept(Collections.emptyMap());
    }
  }

  /** Returns an equal object that was here before, or this one. */
  private static <T> T one(T own) {
    if (own == null) {
      return null;
    }
    int hash = own.hashCode();
    int place = (hash ^ (hash >>> 14)) & (KNOWN.length() - 1);
    var held = KNOWN.getAcquire(place);
    Object known = held == null ? null : held.get();
    if (known != null && known.getClass() == own.getClass() && known.equals(own)) {
      @SuppressWarnings("unchecked") // It is of the same class.
      T same = (T) known;
      return same;
    }
    KNOWN.setRelease(place, new WeakReference<>(own));
    return own;
  }

  private static <T> List<T> list(List<T> own) {
    return own == null || own.isEmpty() ? Collections.emptyList() : one(own);
  }

  private static <T> List<T> each(List<T> own, Consumer<T> change) {
    if (own == null || own.isEmpty()) {
      return Collections.emptyList();
    }
    own.forEach(change);
    if (own instanceof ArrayList<T> list) {
      list.trimToSize();
    }
    return own;
  }
}
