package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Service;
import java.util.List;

/** A family of IP addresses, by the name that services and slices have for it. */
enum AddressFamily {
  IPV4("IPv4"),
  IPV6("IPv6");

  private final String type;

  AddressFamily(String type) {
    this.type = type;
  }

  /** Returns its name in {@code ipFamilies} and {@code addressType}. */
  String type() {
    return type;
  }

  static AddressFamily of(String address) {
    return address.indexOf(':') >= 0 ? IPV6 : IPV4;
  }

  /** Returns the families of a service, the primary one first. */
  static List<AddressFamily> of(Service service) {
    var named = service.getSpec().getIpFamilies();
    if (named == null || named.isEmpty()) {
      var address = service.getSpec().getClusterIP();
      return List.of(address == null ? IPV4 : of(address));
    }
    return named.stream().map(name -> name.equals(IPV6.type) ? IPV6 : IPV4).toList();
  }
}
