package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodDNSConfig;
import io.hubspoke.kubelet.runtime.cri.v1.DNSConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Says how a pod resolves names ("DNS for Services and Pods"). There is no {@code --cluster-dns},
 * so that ClusterFirst is what it is on such a node: Default, the node's own way.
 */
final class PodDns {
  /** What a resolver takes; the kernel's C library ignores more. */
  private static final int MAX_SERVERS = 3;

  private final Path resolvConf;

  PodDns(Path resolvConf) {
    this.resolvConf = resolvConf;
  }

  DNSConfig of(Pod pod) throws IOException {
    Set<String> servers = new LinkedHashSet<>();
    Set<String> searches = new LinkedHashSet<>();
    Map<String, String> options = new LinkedHashMap<>();
    if (!"None".equals(pod.getSpec().getDnsPolicy()) && Files.exists(resolvConf)) {
      for (String line : Files.readAllLines(resolvConf)) {
        List<String> words = Arrays.asList(line.strip().split("\\s+"));
        List<String> values = words.subList(1, words.size());
        switch (words.getFirst()) {
          case "nameserver" -> servers.addAll(values);
          case "search" -> {
            // The last of them holds.
            searches.clear();
            searches.addAll(values);
          }
          case "options" -> values.forEach(option -> option(options, option));
          default -> {
            // Comments, and what CRI has no field for.
          }
        }
      }
    }
    PodDNSConfig own = pod.getSpec().getDnsConfig();
    if (own != null) {
      servers.addAll(own.getNameservers());
      searches.addAll(own.getSearches());
      own.getOptions()
          .forEach(
              o ->
                  options.put(
                      o.getName(),
                      o.getValue() == null ? o.getName() : o.getName() + ":" + o.getValue()));
    }
    return DNSConfig.newBuilder()
        .addAllServers(new ArrayList<>(servers).subList(0, Math.min(MAX_SERVERS, servers.size())))
        .addAllSearches(searches)
        .addAllOptions(options.values())
        .build();
  }

  private static void option(Map<String, String> options, String text) {
    int colon = text.indexOf(':');
    options.put(colon < 0 ? text : text.substring(0, colon), text);
  }
}
