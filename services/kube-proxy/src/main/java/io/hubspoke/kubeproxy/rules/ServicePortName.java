package io.hubspoke.kubeproxy.rules;

/**
 * Names a port of a service.
 *
 * @param port its name, empty for the only port of a service
 */
public record ServicePortName(String namespace, String service, String port, Protocol protocol) {
  @Override
  public String toString() {
    return namespace + "/" + service + (port.isEmpty() ? "" : ":" + port);
  }
}
