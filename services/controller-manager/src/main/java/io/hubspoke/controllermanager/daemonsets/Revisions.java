package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.workloads.Claims;
import io.hubspoke.controllermanager.workloads.ControllerReference;
import io.hubspoke.controllermanager.workloads.OwnedIndex;
import io.hubspoke.controllermanager.workloads.TemplateHash;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;

/** Keeps the templates that a daemon set has had as ControllerRevisions, the present one newest. */
final class Revisions {
  private final ApiClient client;
  private final Resource<DaemonSet> sets;
  private final Resource<ControllerRevision> revisions;
  private final OwnedIndex<ControllerRevision> known;
  private final Claims<DaemonSet, ControllerRevision> claims;

  Revisions(
      ApiClient client,
      Resource<DaemonSet> sets,
      Resource<ControllerRevision> revisions,
      OwnedIndex<ControllerRevision> known) {
    this.client = client;
    this.sets = sets;
    this.revisions = revisions;
    this.known = known;
    this.claims = new Claims<>(client, sets, revisions);
  }

  /** The revision of the present template, and those before it. */
  record History(ControllerRevision current, List<ControllerRevision> old) {
    String hash() {
      return Revisions.hash(current);
    }
  }

  /** Returns the history, with a revision made for a template that is new; waits. */
  History of(DaemonSpec set) {
    var candidates = new ArrayList<>(known.ownedBy(set.namespace(), set.uid()));
    candidates.addAll(known.orphans(set.namespace()));
    var old = new ArrayList<ControllerRevision>();
    var current = new ArrayList<ControllerRevision>();
    for (var revision : claims.claim(set.object(), set.selector(), candidates)) {
      (TemplatePatch.matches(set, Json.tree(revision).path("data")) ? current : old).add(revision);
    }
    var next = 1 + old.stream().mapToLong(ControllerRevision::getRevision).max().orElse(0);
    if (current.isEmpty()) {
      return new History(create(set, next), old);
    }
    current.sort(Comparator.comparing(ControllerRevision::getRevision));
    var present = current.removeLast();
    // An older one of the same template adds nothing.
    current.forEach(this::delete);
    return new History(present.getRevision() < next ? renumber(present, next) : present, old);
  }

  private ControllerRevision create(DaemonSpec set, long number) {
    var hash = TemplateHash.of(set.template(), set.collisionCount());
    var templateLabels = set.object().getSpec().getTemplate().getMetadata().getLabels();
    var labels = new HashMap<String, String>();
    if (templateLabels != null) {
      labels.putAll(templateLabels);
    }
    labels.put(DaemonPods.HASH, hash);
    var name = set.name() + "-" + hash;
    var revision = new ControllerRevision();
    revision.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace(set.namespace())
            .withLabels(labels)
            // "kubernetes.io/change-cause" among them, which kubectl rollout history shows.
            .withAnnotations(set.object().getMetadata().getAnnotations())
            .withOwnerReferences(ControllerReference.to(set.object()))
            .build());
    revision.setData(TemplatePatch.of(set));
    revision.setRevision(number);
    try {
      return client.create(revisions, set.namespace(), revision).await();
    } catch (ApiException e) {
      if (e.code() != 409) {
        throw e;
      }
      var present = client.get(revisions, set.namespace(), name).await();
      if (ControllerReference.isOf(present, set.object())
          && TemplatePatch.matches(set, Json.tree(present).path("data"))) {
        // Made before; the informer doesn't show it yet.
        return present;
      }
      collided(set);
      throw e;
    }
  }

  /** Another template has this name: with another count the next attempt finds another name. */
  private void collided(DaemonSpec set) {
    var patch = Json.object();
    patch
        .putObject("metadata")
        .put("resourceVersion", set.object().getMetadata().getResourceVersion());
    patch.putObject("status").put("collisionCount", set.collisionCount() + 1);
    client.patchStatus(sets, set.namespace(), set.name(), PatchType.MERGE, patch).await();
  }

  /** What was undone becomes the newest again. */
  private ControllerRevision renumber(ControllerRevision revision, long number) {
    var metadata = revision.getMetadata();
    var patch = Json.object();
    patch.putObject("metadata").put("resourceVersion", metadata.getResourceVersion());
    patch.put("revision", number);
    return client
        .patch(revisions, metadata.getNamespace(), metadata.getName(), PatchType.MERGE, patch)
        .await();
  }

  /** Deletes the oldest beyond the limit, but none that a pod is of; waits. */
  void clean(DaemonSpec set, History history, Collection<Pod> pods) {
    var excess = history.old.size() - set.revisionHistoryLimit();
    if (excess <= 0) {
      return;
    }
    var live =
        pods.stream()
            .filter(pod -> pod.getMetadata().getLabels() != null)
            .map(pod -> pod.getMetadata().getLabels().getOrDefault(DaemonPods.HASH, ""))
            .toList();
    history.old.stream()
        .sorted(Comparator.comparing(ControllerRevision::getRevision))
        .filter(revision -> !live.contains(hash(revision)))
        .limit(excess)
        .toList()
        .forEach(this::delete);
  }

  private void delete(ControllerRevision revision) {
    var metadata = revision.getMetadata();
    client
        .deleteIfPresent(
            revisions,
            metadata.getNamespace(),
            metadata.getName(),
            new DeleteOptions(-1, metadata.getUid()))
        .await();
  }

  private static String hash(ControllerRevision revision) {
    var labels = revision.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(DaemonPods.HASH, "");
  }
}
