package io.hubspoke.kubelet.server;

import java.util.List;

/**
 * One request to a kubelet's API as the kubelet saw it.
 *
 * @param user empty when the caller was not authenticated
 * @param remoteAddress where the connection came from
 * @param code HTTP status code of the answer
 */
public record Access(
    String method, String path, String user, List<String> groups, String remoteAddress, int code) {
  public Access {
    groups = List.copyOf(groups);
  }
}
