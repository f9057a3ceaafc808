package io.hubspoke.kubeproxy.rules;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hubspoke.client.Item;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Works out what one node forwards from services and endpoint slices, of which it is told one by
 * one and in any order. Only what belongs to a changed service is worked out anew. Not thread-safe.
 */
public final class RuleTable {
  /** Says of a slice which service it belongs to. */
  public static final String SERVICE_NAME = "kubernetes.io/service-name";

  private static final Comparator<Item.Key> BY_NAME =
      Comparator.comparing(Item.Key::namespace).thenComparing(Item.Key::name);

  private final String nodeName;
  private final Map<Item.Key, Entry> entries = new TreeMap<>(BY_NAME);

  /** Which service a slice was counted to, since its label may change. */
  private final Map<Item.Key, Item.Key> owners = new HashMap<>();

  private final Set<Item.Key> dirty = new HashSet<>();
  private String zone = "";
  private List<ServiceRule> rules = List.of();
  private List<LocalEndpoints> localEndpoints = List.of();

  /**
   * A service with its slices, of which either may be known before the other. It stays while it is
   * dirty, since it remembers which rules of it are in the list.
   */
  private static final class Entry {
    private ForwardedService service;
    private final Map<String, SliceEndpoints> slices = new TreeMap<>();
    private List<ServiceRule> rules = List.of();
    private int local;
  }

  /**
   * Makes an empty table.
   *
   * @param nodeName endpoints on this node are local ones
   */
  public RuleTable(String nodeName) {
    this.nodeName = nodeName;
  }

  /** Adds a service, or replaces it. */
  public void put(Service service) {
    var key = key(service.getMetadata().getNamespace(), service.getMetadata().getName());
    var now = ForwardedService.of(service);
    var entry = entries.get(key);
    if (now == null) {
      remove(key);
    } else if (entry == null || !now.equals(entry.service)) {
      entry(key).service = now;
      dirty.add(key);
    }
  }

  /** Forgets a service. */
  public void removeService(String namespace, String name) {
    remove(key(namespace, name));
  }

  /** Adds an endpoint slice, or replaces it. */
  public void put(EndpointSlice slice) {
    var metadata = slice.getMetadata();
    var labels = metadata.getLabels() == null ? Map.<String, String>of() : metadata.getLabels();
    var service = labels.getOrDefault(SERVICE_NAME, "");
    if (service.isEmpty()
        || labels.containsKey(ForwardedService.PROXY_NAME)
        || labels.containsKey(ForwardedService.HEADLESS)) {
      removeSlice(metadata.getNamespace(), metadata.getName());
      return;
    }
    var owner = key(metadata.getNamespace(), service);
    var before = owners.put(key(metadata.getNamespace(), metadata.getName()), owner);
    if (before != null && !before.equals(owner)) {
      take(before, metadata.getName());
    }
    var now = SliceEndpoints.of(slice, nodeName);
    if (!now.equals(entry(owner).slices.put(metadata.getName(), now))) {
      dirty.add(owner);
    }
  }

  /** Forgets an endpoint slice. */
  public void removeSlice(String namespace, String name) {
    var owner = owners.remove(key(namespace, name));
    if (owner != null) {
      take(owner, name);
    }
  }

  /** Says in which zone the node is, since endpoints may be meant for zones; empty for none. */
  public void zone(String name) {
    if (!zone.equals(name)) {
      zone = name;
      dirty.addAll(entries.keySet());
    }
  }

  /**
   * Returns the rules, by name of the service. While nothing changes that matters it is the same
   * list, and a rule that has not changed is the same object as before.
   */
  public List<ServiceRule> rules() {
    refresh();
    return rules;
  }

  /** Returns what to tell of the services that have a healthCheckNodePort. */
  public List<LocalEndpoints> localEndpoints() {
    refresh();
    return localEndpoints;
  }

  private void refresh() {
    if (dirty.isEmpty()) {
      return;
    }
    var changed = false;
    for (var key : dirty) {
      var entry = entries.get(key);
      changed |= refresh(key, entry);
      if (entry.service == null && entry.slices.isEmpty()) {
        entries.remove(key);
      }
    }
    dirty.clear();
    if (changed) {
      var all = new ArrayList<ServiceRule>();
      var local = new ArrayList<LocalEndpoints>();
      entries.forEach(
          (key, entry) -> {
            all.addAll(entry.rules);
            if (entry.service != null && entry.service.healthCheckNodePort() != 0) {
              local.add(new LocalEndpoints(key, entry.service.healthCheckNodePort(), entry.local));
            }
          });
      rules = List.copyOf(all);
      localEndpoints = List.copyOf(local);
    }
  }

  private boolean refresh(Item.Key key, Entry entry) {
    var before = new HashMap<ServicePortName, ServiceRule>();
    entry.rules.forEach(rule -> before.put(rule.name(), rule));
    var computed = RuleComputation.of(key, entry.service, entry.slices.values(), zone);
    var now =
        computed.rules().stream()
            .map(rule -> rule.equals(before.get(rule.name())) ? before.get(rule.name()) : rule)
            .toList();
    var changed = !now.equals(entry.rules) || computed.local() != entry.local;
    entry.rules = now;
    entry.local = computed.local();
    return changed;
  }

  private Entry entry(Item.Key key) {
    return entries.computeIfAbsent(key, k -> new Entry());
  }

  private void remove(Item.Key key) {
    var entry = entries.get(key);
    if (entry != null && entry.service != null) {
      entry.service = null;
      dirty.add(key);
    }
  }

  private void take(Item.Key owner, String slice) {
    var entry = entries.get(owner);
    if (entry != null && entry.slices.remove(slice) != null) {
      dirty.add(owner);
    }
  }

  private static Item.Key key(String namespace, String name) {
    return new Item.Key(namespace == null ? "" : namespace, name);
  }
}
