package io.hubspoke.kubelet.volumes;

import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Tells a pod what it is (Kubernetes documentation, "Downward API").
 *
 * @param allocatable the node's resources by name, which hold where a container has no limit
 */
public record DownwardApi(Map<String, Quantity> allocatable) {
  private static final BigDecimal THOUSAND = BigDecimal.valueOf(1000);

  /** Returns a field of the metadata; empty when the path is none of those that can be told. */
  public static Optional<String> metadata(Pod pod, String path) {
    ObjectMeta metadata = pod.getMetadata();
    int subscript = path.indexOf("['");
    if (subscript > 0 && path.endsWith("']")) {
      String key = path.substring(subscript + 2, path.length() - 2);
      return switch (path.substring(0, subscript)) {
        case "metadata.labels" -> Optional.of(orNone(metadata.getLabels()).getOrDefault(key, ""));
        case "metadata.annotations" ->
            Optional.of(orNone(metadata.getAnnotations()).getOrDefault(key, ""));
        default -> Optional.empty();
      };
    }
    return switch (path) {
      case "metadata.name" -> Optional.of(metadata.getName());
      case "metadata.namespace" -> Optional.of(metadata.getNamespace());
      case "metadata.uid" -> Optional.of(metadata.getUid());
      case "metadata.labels" -> Optional.of(lines(orNone(metadata.getLabels())));
      case "metadata.annotations" -> Optional.of(lines(orNone(metadata.getAnnotations())));
      default -> Optional.empty();
    };
  }

  /**
   * Returns a resource of a container as a whole number of divisors, rounded up.
   *
   * @param otherwise the container meant where the selector names none
   * @throws IllegalArgumentException when there is no such resource or container
   */
  public String resource(Pod pod, ResourceFieldSelector selector, Container otherwise) {
    String name = selector.getContainerName();
    Container container =
        name == null || name.isEmpty()
            ? otherwise
            : Stream.concat(
                    pod.getSpec().getInitContainers().stream(),
                    pod.getSpec().getContainers().stream())
                .filter(c -> c.getName().equals(name))
                .findFirst()
                .orElse(null);
    if (container == null) {
      throw new IllegalArgumentException("container \"" + name + "\" not found");
    }
    return whole(amount(container, selector.getResource()), selector.getDivisor());
  }

  private BigDecimal amount(Container container, String path) {
    int dot = path.indexOf('.');
    String kind = dot < 0 ? "" : path.substring(0, dot);
    String resource = path.substring(dot + 1);
    boolean known =
        resource.equals("cpu")
            || resource.equals("memory")
            || resource.equals("ephemeral-storage")
            || resource.startsWith("hugepages-");
    if (!known || !(kind.equals("limits") || kind.equals("requests"))) {
      throw new IllegalArgumentException("unsupported container resource : " + path);
    }
    var resources = container.getResources();
    Map<String, Quantity> given =
        resources == null
            ? Map.of()
            : kind.equals("limits") ? resources.getLimits() : resources.getRequests();
    Quantity amount = given == null ? null : given.get(resource);
    if (amount == null && kind.equals("limits")) {
      amount = allocatable.get(resource);
    }
    return amount == null ? BigDecimal.ZERO : amount.getNumericalAmount();
  }

  private static String whole(BigDecimal amount, Quantity divisor) {
    BigDecimal by = divisor == null ? BigDecimal.ZERO : divisor.getNumericalAmount();
    BigDecimal unit = by.signum() <= 0 ? BigDecimal.ONE : by;
    // Thousandths are the finest that the API counts in.
    return amount
        .multiply(THOUSAND)
        .setScale(0, RoundingMode.CEILING)
        .divide(unit.multiply(THOUSAND), 0, RoundingMode.CEILING)
        .toPlainString();
  }

  /** Writes a map as the downward API does: sorted, the values quoted. */
  private static String lines(Map<String, String> map) {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(map)
        .forEach(
            (key, value) ->
                text.append(text.isEmpty() ? "" : "\n")
                    .append(key)
                    .append('=')
                    .append(TextNode.valueOf(value)));
    return text.toString();
  }

  private static Map<String, String> orNone(Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
