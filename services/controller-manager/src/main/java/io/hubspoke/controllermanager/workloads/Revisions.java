package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The annotations by which replica sets tell of which revision of a deployment they are. */
final class Revisions {
  static final String REVISION = "deployment.kubernetes.io/revision";
  static final String HISTORY = "deployment.kubernetes.io/revision-history";
  static final String DESIRED = "deployment.kubernetes.io/desired-replicas";
  static final String MAX = "deployment.kubernetes.io/max-replicas";

  /** A deployment's own, which its replica sets don't take over. */
  private static final Set<String> OWN =
      Set.of(
          "kubectl.kubernetes.io/last-applied-configuration",
          "deprecated.deployment.rollback.to",
          REVISION,
          HISTORY,
          DESIRED,
          MAX);

  private static final int LONGEST_HISTORY = 2000;

  private Revisions() {}

  static String annotation(HasMetadata object, String name) {
    var annotations = object.getMetadata().getAnnotations();
    return annotations == null ? "" : annotations.getOrDefault(name, "");
  }

  /** Returns a number that an annotation holds; 0 when there is none. */
  static long number(HasMetadata object, String name) {
    try {
      return Long.parseLong(annotation(object, name));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Returns the revision that comes after those of the old replica sets. */
  static long next(Collection<ReplicaSet> old) {
    return 1 + old.stream().mapToLong(set -> number(set, REVISION)).max().orElse(0);
  }

  /**
   * Returns the annotations of the replica set of a deployment's present template.
   *
   * @param present what it has now; empty for one that is yet to be created
   */
  static Map<String, String> ofNewest(
      Deployment deployment, Map<String, String> present, long revision) {
    var annotations = new LinkedHashMap<String, String>(present);
    if (deployment.getMetadata().getAnnotations() != null) {
      deployment
          .getMetadata()
          .getAnnotations()
          .forEach(
              (name, value) -> {
                if (!OWN.contains(name)) {
                  annotations.put(name, value);
                }
              });
    }
    var before = present.get(REVISION);
    if (parse(before) < revision) {
      annotations.put(REVISION, String.valueOf(revision));
      if (before != null) {
        annotations.merge(HISTORY, before, Revisions::appended);
      }
    }
    if (present.isEmpty()) {
      annotations.putAll(sizes(deployment));
    }
    return annotations;
  }

  /** Returns what a replica set tells of the deployment's size, to be scaled by later. */
  static Map<String, String> sizes(Deployment deployment) {
    int replicas = DeploymentRules.replicas(deployment);
    return Map.of(
        DESIRED,
        String.valueOf(replicas),
        MAX,
        String.valueOf(replicas + DeploymentRules.maxSurge(deployment)));
  }

  private static long parse(String revision) {
    try {
      return revision == null ? 0 : Long.parseLong(revision);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** Forgets the oldest ones when the list grows too long. */
  private static String appended(String history, String revision) {
    var list = history + "," + revision;
    while (list.length() > LONGEST_HISTORY) {
      list = list.substring(list.indexOf(',') + 1);
    }
    return list;
  }
}
