package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;

/** Keeps the templates that an owner has had as ControllerRevisions, the present one newest. */
public final class TemplateRevisions<O extends HasMetadata> {
  /** By what it tells revisions, and owners their pods, apart. */
  public static final String HASH = "controller-revision-hash";

  public static final Resource<ControllerRevision> CONTROLLER_REVISIONS =
      Resource.namespaced("apps", "v1", "controllerrevisions", ControllerRevision.class);

  private final ApiClient client;
  private final Resource<O> sets;
  private final OwnedIndex<ControllerRevision> known;
  private final Claims<O, ControllerRevision> claims;

  public TemplateRevisions(
      ApiClient client, Resource<O> sets, OwnedIndex<ControllerRevision> known) {
    this.client = client;
    this.sets = sets;
    this.known = known;
    this.claims = new Claims<>(client, sets, CONTROLLER_REVISIONS);
  }

  /** The revision of the present template, and those before it. */
  public record History(ControllerRevision current, List<ControllerRevision> old) {
    public String hash() {
      return TemplateRevisions.hash(current);
    }
  }

  /** Returns the history, with a revision made for a template that is new; waits. */
  public History of(Templated<O> set) {
    var candidates =
        new ArrayList<>(known.ownedBy(namespace(set), set.object().getMetadata().getUid()));
    candidates.addAll(known.orphans(namespace(set)));
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

  private ControllerRevision create(Templated<O> set, long number) {
    var hash = TemplateHash.of(set.template(), set.collisionCount());
    var labels = new HashMap<>(Meta.labels(set.template()));
    labels.put(HASH, hash);
    var name = set.object().getMetadata().getName() + "-" + hash;
    var revision = new ControllerRevision();
    revision.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace(namespace(set))
            .withLabels(labels)
            // "kubernetes.io/change-cause" among them, which kubectl rollout history shows.
            .withAnnotations(set.object().getMetadata().getAnnotations())
            .withOwnerReferences(ControllerReference.to(set.object()))
            .build());
    revision.setData(TemplatePatch.of(set));
    revision.setRevision(number);
    try {
      return client.create(CONTROLLER_REVISIONS, namespace(set), revision).await();
    } catch (ApiException e) {
      if (e.code() != 409) {
        throw e;
      }
      var present = client.get(CONTROLLER_REVISIONS, namespace(set), name).await();
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
  private void collided(Templated<O> set) {
    var patch = Json.object();
    patch
        .putObject("metadata")
        .put("resourceVersion", set.object().getMetadata().getResourceVersion());
    patch.putObject("status").put("collisionCount", set.collisionCount() + 1);
    client
        .patchStatus(
            sets, namespace(set), set.object().getMetadata().getName(), PatchType.MERGE, patch)
        .await();
  }

  /** What was undone becomes the newest again. */
  private ControllerRevision renumber(ControllerRevision revision, long number) {
    var metadata = revision.getMetadata();
    var patch = Json.object();
    patch.putObject("metadata").put("resourceVersion", metadata.getResourceVersion());
    patch.put("revision", number);
    return client
        .patch(
            CONTROLLER_REVISIONS,
            metadata.getNamespace(),
            metadata.getName(),
            PatchType.MERGE,
            patch)
        .await();
  }

  /** Deletes the oldest beyond the limit, but none that a pod names by its hash or name; waits. */
  public void clean(Templated<O> set, History history, Collection<Pod> pods) {
    var excess = history.old.size() - set.revisionHistoryLimit();
    if (excess <= 0) {
      return;
    }
    var live =
        pods.stream()
            .filter(pod -> pod.getMetadata().getLabels() != null)
            .map(pod -> pod.getMetadata().getLabels().getOrDefault(HASH, ""))
            .toList();
    history.old.stream()
        .sorted(Comparator.comparing(ControllerRevision::getRevision))
        .filter(
            revision ->
                !live.contains(hash(revision)) && !live.contains(revision.getMetadata().getName()))
        .limit(excess)
        .toList()
        .forEach(this::delete);
  }

  private void delete(ControllerRevision revision) {
    var metadata = revision.getMetadata();
    client
        .deleteIfPresent(
            CONTROLLER_REVISIONS,
            metadata.getNamespace(),
            metadata.getName(),
            new DeleteOptions(-1, metadata.getUid()))
        .await();
  }

  private static String namespace(Templated<?> set) {
    return set.object().getMetadata().getNamespace();
  }

  private static String hash(ControllerRevision revision) {
    var labels = revision.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(HASH, "");
  }
}
