package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions.Propagation;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.controllermanager.discovery.Discovery;
import io.hubspoke.controllermanager.garbagecollection.DependencyGraph.Dependent;
import io.hubspoke.controllermanager.garbagecollection.OwnerLookup.Owner;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes objects whose owners are all gone, and carries out what deletions want of dependents:
 * that they go first, or that they stay and forget their owner.
 *
 * <p>What informers show decides only what is looked at; before anything is deleted, it and its
 * owners are asked for anew.
 */
public final class GarbageCollector implements Controller {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);
  private static final String DISCOVERY = "discovery";

  /** A control plane that starts has more urgent things to do. */
  private static final Duration FIRST_SYNC = Duration.ofMillis(1_500);

  private static final Duration SYNC_PERIOD = Duration.ofSeconds(30);
  private static final Duration INITIAL_SYNC_TIMEOUT = Duration.ofSeconds(30);

  /** How soon to look again at an owner that exists and that no informer has shown. */
  private static final Duration UNOBSERVED = Duration.ofSeconds(5);

  private final DependencyGraph graph;
  private final ServedTypes types = new ServedTypes();
  private final Discovery discovery;
  private final Monitors monitors;
  private final OwnerLookup owners;
  private final ObjectChanges changes;
  private final EventRecorder events;
  private final Promise<Void> ready = Promise.promise();
  private final ControlLoop<String> syncing;
  private final ControlLoop<String> deleting;
  private final ControlLoop<String> orphaning;

  /**
   * @param client whose connection is the collector's own: it carries a watch of each type
   */
  public GarbageCollector(ApiClient client, Context context) {
    this.deleting = new ControlLoop<>("garbagecollector", context, 8, this::attemptToDelete);
    this.orphaning = new ControlLoop<>("garbagecollector-orphan", context, 4, this::orphan);
    this.syncing = new ControlLoop<>("garbagecollector-sync", context, 1, key -> sync());
    this.graph = new DependencyGraph(deleting::add, orphaning::add, this::invalidOwner);
    this.discovery = new Discovery(client);
    this.monitors = new Monitors(client, context, graph);
    this.owners = new OwnerLookup(client, types);
    this.changes = new ObjectChanges(client, types);
    this.events = new EventRecorder(client, "garbage-collector-controller", "");
    syncing.addAfter(DISCOVERY, FIRST_SYNC);
  }

  @Override
  public Future<Void> stop() {
    ready.tryComplete();
    return Future.join(syncing.stop(), deleting.stop(), orphaning.stop())
        .eventually(monitors::stop)
        .mapEmpty();
  }

  private Duration sync() {
    var answer = discovery.ask();
    answer.failures().forEach(failure -> LOG.warn("not collected for now: {}", failure));
    types.replace(answer.resources());
    monitors.follow(answer.resources(), answer.failures().isEmpty());
    if (!ready.future().isComplete()) {
      // An owner that is not listed yet would be asked for, once for each dependent.
      monitors
          .synced()
          .timeout(INITIAL_SYNC_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
          .onComplete(
              done -> {
                // Stopping completes it first: what fails then has nothing to go on to.
                if (ready.tryComplete() && done.failed()) {
                  LOG.warn(
                      "going on though not all could be listed: {}", done.cause().getMessage());
                }
              });
    }
    return SYNC_PERIOD;
  }

  private Duration attemptToDelete(String uid) {
    ready.future().await();
    var node = graph.view(uid);
    if (node == null || (node.deleting() && !node.deletingDependents())) {
      // What is on its way out takes its dependents along once it is gone.
      return Duration.ZERO;
    }
    try {
      if (!node.observed()) {
        return verify(uid, node.reference());
      }
      var latest = owners.latest(node.reference());
      if (latest == null) {
        // The informer will tell.
        return Duration.ZERO;
      }
      if (node.deletingDependents()) {
        deleteDependents(node, latest);
      } else {
        deleteUnlessOwned(node, latest);
      }
      return Duration.ZERO;
    } catch (UnknownTypeException e) {
      LOG.debug("{}: {}", node.reference(), e.getMessage());
      return SYNC_PERIOD;
    }
  }

  private Duration verify(String uid, ObjectReference owner) {
    var namespaced = types.of(owner.apiVersion(), owner.kind()).resource().namespaced();
    if (namespaced && owner.namespace().isEmpty()) {
      return Duration.ZERO;
    }
    if (owners.latest(namespaced ? owner : owner.clusterScoped()) != null) {
      return UNOBSERVED;
    }
    graph.absent(uid);
    return Duration.ZERO;
  }

  /** Ends the wait of an object for its dependents, or has those looked at that it waits for. */
  private void deleteDependents(DependencyGraph.View node, ObjectMetadata latest) {
    var blocking = node.dependents().stream().filter(Dependent::blocking).toList();
    if (blocking.isEmpty()) {
      changes.removeFinalizer(node.reference(), latest, DependencyGraph.FOREGROUND);
    }
    blocking.stream()
        .filter(dependent -> !dependent.deletingDependents())
        .forEach(dependent -> deleting.add(dependent.reference().uid()));
  }

  private void deleteUnlessOwned(DependencyGraph.View node, ObjectMetadata latest) {
    if (latest.ownerReferences().isEmpty()) {
      return;
    }
    boolean solid = false;
    boolean waiting = false;
    Set<String> superfluous = new HashSet<>();
    for (var reference : latest.ownerReferences()) {
      switch (owners.find(reference, latest.namespace())) {
        case Owner.Absent() -> superfluous.add(reference.uid());
        case Owner.Invalid() -> solid = true;
        case Owner.Present(var owner) -> {
          if (owner.deleting() && owner.finalizers().contains(DependencyGraph.FOREGROUND)) {
            waiting = true;
            superfluous.add(reference.uid());
          } else {
            solid = true;
          }
        }
      }
    }
    if (solid) {
      // An owner that waits for it would wait for ever, since it stays.
      changes.removeOwners(node.reference(), latest, superfluous);
    } else if (waiting && !node.dependents().isEmpty()) {
      if (node.dependents().stream().anyMatch(Dependent::deletingDependents)) {
        // They may own each other: one of them must not wait.
        changes.unblockOwners(node.reference(), latest);
        latest = owners.latest(node.reference());
      }
      if (latest != null) {
        changes.delete(node.reference(), latest, Propagation.FOREGROUND);
      }
    } else {
      changes.delete(node.reference(), latest, byFinalizer(latest));
    }
  }

  private static Propagation byFinalizer(ObjectMetadata object) {
    if (object.finalizers().contains(DependencyGraph.ORPHAN)) {
      return Propagation.ORPHAN;
    }
    return object.finalizers().contains(DependencyGraph.FOREGROUND)
        ? Propagation.FOREGROUND
        : Propagation.BACKGROUND;
  }

  private Duration orphan(String uid) {
    ready.future().await();
    var node = graph.view(uid);
    if (node == null || !node.orphaning()) {
      return Duration.ZERO;
    }
    for (var dependent : node.dependents()) {
      var latest = owners.latest(dependent.reference());
      if (latest != null) {
        changes.removeOwners(dependent.reference(), latest, Set.of(uid));
      }
    }
    var latest = owners.latest(node.reference());
    if (latest != null) {
      changes.removeFinalizer(node.reference(), latest, DependencyGraph.ORPHAN);
    }
    return Duration.ZERO;
  }

  private void invalidOwner(ObjectReference dependent, ObjectReference owner) {
    events.warning(
        new Regarding(
            dependent.apiVersion(),
            dependent.kind(),
            dependent.namespace(),
            dependent.name(),
            dependent.uid()),
        "OwnerRefInvalidNamespace",
        "ownerRef " + owner + " does not exist in namespace \"" + dependent.namespace() + "\"");
  }
}
