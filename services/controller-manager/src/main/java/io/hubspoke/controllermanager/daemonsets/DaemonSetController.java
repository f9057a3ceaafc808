package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.controllermanager.workloads.ChildHandler;
import io.hubspoke.controllermanager.workloads.Claims;
import io.hubspoke.controllermanager.workloads.Expectations;
import io.hubspoke.controllermanager.workloads.OwnedIndex;
import io.hubspoke.controllermanager.workloads.PodControl;
import io.hubspoke.controllermanager.workloads.PodState;
import io.hubspoke.controllermanager.workloads.SlowStart;
import io.hubspoke.controllermanager.workloads.TemplateRevisions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Sees to it that every eligible node runs one pod of each daemon set, of its present template. */
public final class DaemonSetController implements Controller {
  public static final Resource<DaemonSet> DAEMON_SETS =
      Resource.namespaced("apps", "v1", "daemonsets", DaemonSet.class);

  /** Most pods that are created or deleted at a time; the rest follows when these are seen. */
  private static final int BURST = 250;

  /** As the real one's {@code --concurrent-daemonset-syncs}. */
  private static final int WORKERS = 2;

  private final ApiClient client;
  private final EventRecorder events;
  private final PodControl podControl;
  private final Informer<DaemonSet> sets;
  private final Informer<Node> nodes;
  private final Informer<Pod> pods;
  private final Informer<ControllerRevision> revisions;
  private final OwnedIndex<Pod> podsByOwner;
  private final Claims<DaemonSet, Pod> claims;
  private final TemplateRevisions<DaemonSet> history;
  private final Expectations expectations = new Expectations();
  private final FailedPods failedPods = new FailedPods();
  private final ControlLoop<Item.Key> loop;

  public DaemonSetController(
      ApiClient client,
      Context context,
      Informer<DaemonSet> sets,
      Informer<ControllerRevision> revisions,
      OwnedIndex<ControllerRevision> revisionsByOwner,
      Informer<Node> nodes,
      Informer<Pod> pods,
      OwnedIndex<Pod> podsByOwner) {
    this.client = client;
    this.events = new EventRecorder(client, "daemonset-controller", "");
    this.podControl = new PodControl(client, events);
    this.sets = sets;
    this.nodes = nodes;
    this.pods = pods;
    this.revisions = revisions;
    this.podsByOwner = podsByOwner;
    this.claims = new Claims<>(client, DAEMON_SETS, Resource.PODS);
    this.history = new TemplateRevisions<>(client, DAEMON_SETS, revisionsByOwner);
    this.loop = new ControlLoop<>("daemonset", context, WORKERS, this::reconcile);
    sets.addHandler(loop.onChange(Item::key));
    pods.addHandler(
        new ChildHandler<>("DaemonSet", sets, DaemonSpec::selector, expectations, loop::add));
    nodes.addHandler(new NodeNews());
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    Future.all(nodes.hasSynced(), pods.hasSynced(), revisions.hasSynced()).await();
    var object = sets.get(key.namespace(), key.name());
    if (object == null || object.getMetadata().getDeletionTimestamp() != null) {
      // What it has made goes with it, by garbage collection.
      return Duration.ZERO;
    }
    var set = DaemonSpec.of(object);
    if (set.selector().isEmpty()) {
      events.warning(
          Regarding.of(object),
          "SelectingAll",
          "This daemon set is selecting all pods. A non-empty selector is required.");
      return Duration.ZERO;
    }
    var known = history.of(set);
    var owned = owned(set);
    var placement = new Placement(set, nodes(), owned);
    var observed = expectations.satisfied(set.uid());
    var next = expectations.left(set.uid());
    if (observed) {
      var ended = new EndedPods(set);
      var plan = placement.plan(known.hash(), Instant.now(), ended::isSpent);
      if (plan.isEmpty() && set.rolls()) {
        plan =
            new RollingUpdate(set, known.hash(), Instant.now())
                .plan(placement.byNode(), placement.wanted());
      }
      next = ended.next;
      carryOut(set, plan, known.hash());
      history.clean(set, known, owned);
    }
    var unripe = writeStatus(set, placement, known.hash(), observed);
    return sooner(next, unripe);
  }

  /** Returns the set's own pods, after adopting and releasing. */
  private List<Pod> owned(DaemonSpec set) {
    var candidates = new ArrayList<>(podsByOwner.ownedBy(set.namespace(), set.uid()));
    candidates.addAll(podsByOwner.orphans(set.namespace()));
    return claims.claim(set.object(), set.selector(), candidates);
  }

  private List<Node> nodes() {
    return nodes.items().stream().map(Item::object).toList();
  }

  /** Looks at pods that have ended: which may be replaced now, and when the next one may. */
  private final class EndedPods {
    private final DaemonSpec set;
    private Duration next = Duration.ZERO;

    EndedPods(DaemonSpec set) {
      this.set = set;
    }

    boolean isSpent(Pod pod) {
      var node = DaemonPods.node(pod).orElse("");
      var name = pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
      if (PodState.isSucceeded(pod)) {
        events.normal(
            Regarding.of(set.object()),
            "SucceededDaemonPod",
            "Found succeeded daemon pod " + name + " on node " + node + ", will try to delete it");
        return true;
      }
      var left =
          failedPods.left(new FailedPods.Place(set.uid(), set.generation(), node), Instant.now());
      if (left.isPositive()) {
        next = sooner(next, left);
        return false;
      }
      events.warning(
          Regarding.of(set.object()),
          "FailedDaemonPod",
          "Found failed daemon pod " + name + " on node " + node + ", will try to kill it");
      return true;
    }
  }

  /** Asks for what is planned; what comes of it brings the set back here. */
  private void carryOut(DaemonSpec set, Plan plan, String hash) {
    if (plan.isEmpty()) {
      return;
    }
    var delete = plan.delete().subList(0, Math.min(BURST, plan.delete().size()));
    var create = plan.create().subList(0, Math.min(BURST, plan.create().size()));
    var uid = set.uid();
    expectations.expect(
        uid, create.size(), delete.stream().map(pod -> pod.getMetadata().getUid()).toList());
    var deleted =
        delete.stream()
            .map(
                pod ->
                    podControl
                        .delete(pod, set.object())
                        .recover(
                            failure -> {
                              expectations.deleted(uid, pod.getMetadata().getUid());
                              return PodControl.isGone(failure)
                                  ? Future.succeededFuture()
                                  : Future.failedFuture(failure);
                            }))
            .toList();
    var created =
        SlowStart.run(
            create.size(), i -> podControl.create(set.template(create.get(i), hash), set.object()));
    for (var missing = created.successes(); missing < create.size(); missing++) {
      expectations.created(uid);
    }
    Future.join(deleted).await();
    if (created.failure() != null && !PodControl.isNamespaceTerminating(created.failure())) {
      throw created.failure() instanceof RuntimeException e
          ? e
          : new IllegalStateException(created.failure());
    }
  }

  /** Writes the status if it has changed; returns when pods that are ready will be available. */
  private Duration writeStatus(DaemonSpec set, Placement placement, String hash, boolean observed) {
    var status = DaemonSetStatus.of(set, placement, hash, observed, Instant.now());
    if (!status.equals(set.tree().path("status"))) {
      var changed = set.tree().deepCopy();
      changed.set("status", status);
      try {
        client.updateStatus(DAEMON_SETS.tree(), set.namespace(), set.name(), changed).await();
      } catch (ApiException e) {
        if (e.code() != 404) {
          throw e;
        }
      }
    }
    return set.minReadySeconds() > 0
            && status.path("numberReady").asInt() != status.path("numberAvailable").asInt()
        ? Duration.ofSeconds(set.minReadySeconds())
        : Duration.ZERO;
  }

  /** Returns the sooner of two times to look again, of which zero means none. */
  private static Duration sooner(Duration one, Duration other) {
    if (one.isZero() || other.isZero()) {
      return one.isZero() ? other : one;
    }
    return one.compareTo(other) < 0 ? one : other;
  }

  /** Has every set worked on when a node comes, goes or changes what decides over its daemons. */
  private final class NodeNews implements Informer.Handler<Node> {
    @Override
    public void added(Item<Node> item) {
      all();
    }

    @Override
    public void updated(Item<Node> before, Item<Node> now) {
      if (!Objects.equals(
              before.object().getMetadata().getLabels(), now.object().getMetadata().getLabels())
          || !Objects.equals(taints(before.object()), taints(now.object()))) {
        all();
      }
    }

    @Override
    public void deleted(Item<Node> last) {
      all();
    }

    private static Object taints(Node node) {
      return node.getSpec() == null ? null : node.getSpec().getTaints();
    }

    private void all() {
      sets.items().forEach(item -> loop.add(item.key()));
    }
  }
}
