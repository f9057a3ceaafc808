package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * EndpointSlices: some of the addresses behind a service. Other than in the real apiserver an
 * address may be of the loopback range, where pods of one machine live.
 */
final class EndpointSliceStrategy extends GenerationStrategy {
  private static final int MOST_ENDPOINTS = 1000;
  private static final int MOST_ADDRESSES = 100;
  private static final int MOST_PORTS = 20_000;
  private static final List<String> ADDRESS_TYPES = List.of("FQDN", "IPv4", "IPv6");
  private static final List<String> PROTOCOLS = List.of("SCTP", "TCP", "UDP");

  EndpointSliceStrategy() {
    super(true, false, Map.of());
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void applyDefaults(ObjectNode slice) {
    for (ObjectNode port : objects(slice, "ports")) {
      if (!port.has("name")) {
        port.put("name", "");
      }
      setDefault(port, "protocol", "TCP");
    }
    if (!slice.has("endpoints")) {
      slice.putArray("endpoints");
    }
  }

  @Override
  void validate(ObjectNode slice, FieldErrors errors) {
    String type = slice.path("addressType").asText("");
    if (type.isEmpty()) {
      errors.required("addressType", "");
    } else if (!ADDRESS_TYPES.contains(type)) {
      errors.notSupported("addressType", type, ADDRESS_TYPES);
    }
    JsonNode endpoints = slice.path("endpoints");
    if (endpoints.size() > MOST_ENDPOINTS) {
      errors.tooMany("endpoints", endpoints.size(), MOST_ENDPOINTS);
      return;
    }
    for (int i = 0; i < endpoints.size(); i++) {
      endpoint(endpoints.get(i), type, "endpoints[" + i + "]", errors);
      if (!EndpointsStrategy.areOfKubernetes(slice)) {
        places(endpoints.get(i).path("addresses"), type, "endpoints[" + i + "]", errors);
      }
    }
    ports(slice.path("ports"), errors);
  }

  private static void endpoint(JsonNode endpoint, String type, String path, FieldErrors errors) {
    JsonNode addresses = endpoint.path("addresses");
    if (addresses.isEmpty()) {
      errors.required(path + ".addresses", "must contain at least 1 address");
    } else if (addresses.size() > MOST_ADDRESSES) {
      errors.tooMany(path + ".addresses", addresses.size(), MOST_ADDRESSES);
    }
    for (int i = 0; i < addresses.size(); i++) {
      String address = addresses.get(i).asText("");
      String at = path + ".addresses[" + i + "]";
      switch (type) {
        case "IPv4" -> {
          if (!IpAddresses.isIpv4(address)) {
            errors.invalid(at, address, "must be an IPv4 address");
          }
        }
        case "IPv6" -> {
          if (!IpAddresses.isIpv6(address)) {
            errors.invalid(at, address, "must be an IPv6 address");
          }
        }
        case "FQDN" -> errors.invalid(at, address, Names.dns1123Subdomain(address));
        default -> {}
      }
    }
    String node = endpoint.path("nodeName").asText("");
    if (!node.isEmpty()) {
      errors.invalid(path + ".nodeName", node, Names.dns1123Subdomain(node));
    }
    String host = endpoint.path("hostname").asText("");
    if (!host.isEmpty()) {
      errors.invalid(path + ".hostname", host, Names.dns1123Label(host));
    }
    if (!endpoint.path("deprecatedTopology").path("kubernetes.io/hostname").isMissingNode()) {
      errors.invalid(
          path + ".deprecatedTopology[kubernetes.io/hostname]",
          endpoint.path("deprecatedTopology").path("kubernetes.io/hostname"),
          "may not be set, use nodeName field instead");
    }
  }

  /** Validates where addresses lead; those that are of another type are refused already. */
  private static void places(JsonNode addresses, String type, String path, FieldErrors errors) {
    for (int i = 0; i < addresses.size(); i++) {
      String address = addresses.get(i).asText("");
      boolean fits =
          type.equals("IPv4")
              ? IpAddresses.isIpv4(address)
              : type.equals("IPv6") && IpAddresses.isIpv6(address);
      if (fits) {
        errors.invalid(path + ".addresses[" + i + "]", address, IpAddresses.special(address));
      }
    }
  }

  private static void ports(JsonNode ports, FieldErrors errors) {
    if (ports.size() > MOST_PORTS) {
      errors.tooMany("ports", ports.size(), MOST_PORTS);
      return;
    }
    Set<String> names = new HashSet<>();
    for (int i = 0; i < ports.size(); i++) {
      JsonNode port = ports.get(i);
      String path = "ports[" + i + "]";
      String name = port.path("name").asText("");
      if (!name.isEmpty()) {
        errors.invalid(path + ".name", name, Names.dns1123Label(name));
      }
      if (!names.add(name)) {
        errors.duplicate(path + ".name", name);
      }
      PodValidation.oneOf(port, "protocol", path, PROTOCOLS, errors);
      if (port.has("port")) {
        PodValidation.port(port.path("port"), path + ".port", errors);
      }
      String application = port.path("appProtocol").asText("");
      if (!application.isEmpty()) {
        errors.invalid(path + ".appProtocol", application, Names.qualifiedName(application));
      }
    }
  }

  @Override
  void validateUpdate(ObjectNode slice, ObjectNode old, String subresource, FieldErrors errors) {
    validate(slice, errors);
    errors.immutable("addressType", slice.path("addressType"), old.path("addressType"));
  }
}
