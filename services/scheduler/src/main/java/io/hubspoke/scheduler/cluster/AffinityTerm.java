package io.hubspoke.scheduler.cluster;

import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.hubspoke.api.LabelSelector;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A term of a pod's affinity or anti-affinity to other pods ("Inter-pod affinity and
 * anti-affinity"). Equal terms of many pods are kept once, by their hash.
 */
public final class AffinityTerm {
  private final String topologyKey;
  private final Set<String> namespaces;
  private final Optional<LabelSelector> namespaceSelector;
  private final Optional<LabelSelector> selector;
  private final int hash;

  private AffinityTerm(
      String topologyKey,
      Set<String> namespaces,
      Optional<LabelSelector> namespaceSelector,
      Optional<LabelSelector> selector) {
    this.topologyKey = topologyKey;
    this.namespaces = namespaces;
    this.namespaceSelector = namespaceSelector;
    this.selector = selector;
    this.hash = List.of(topologyKey, namespaces, namespaceSelector, selector).hashCode();
  }

  /** Reads a term; one that names no namespaces means those of the pod it belongs to. */
  static AffinityTerm of(PodAffinityTerm term, String namespace, Map<String, String> labels) {
    Set<String> named = term.getNamespaces() == null ? Set.of() : Set.copyOf(term.getNamespaces());
    return new AffinityTerm(
        term.getTopologyKey() == null ? "" : term.getTopologyKey(),
        named.isEmpty() && term.getNamespaceSelector() == null ? Set.of(namespace) : named,
        LabelSelectors.of(term.getNamespaceSelector(), Map.of(), List.of(), List.of()),
        LabelSelectors.of(
            term.getLabelSelector(),
            labels,
            term.getMatchLabelKeys(),
            term.getMismatchLabelKeys()));
  }

  /** Returns the label of nodes that makes up what counts as one place. */
  public String topologyKey() {
    return topologyKey;
  }

  /** Tells whether it means pods of a kind, wherever they are. */
  public boolean matches(Kind kind, ClusterState cluster) {
    return selector.isPresent()
        && (namespaces.contains(kind.namespace())
            || (namespaceSelector.isPresent()
                && namespaceSelector.get().matches(cluster.namespaceLabels(kind.namespace()))))
        && selector.get().matches(kind.labels());
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof AffinityTerm that
            && hash == that.hash
            && topologyKey.equals(that.topologyKey)
            && namespaces.equals(that.namespaces)
            && namespaceSelector.equals(that.namespaceSelector)
            && selector.equals(that.selector));
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
