package io.hubspoke.apiserver.resources;

import java.util.List;
import java.util.Map;

/** Who asks for a change; certificate signing requests record it. */
public record Requester(
    String username, String uid, List<String> groups, Map<String, List<String>> extra) {

  public Requester {
    groups = List.copyOf(groups);
    extra = Map.copyOf(extra);
  }
}
