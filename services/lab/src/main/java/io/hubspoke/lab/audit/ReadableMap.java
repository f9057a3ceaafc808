package io.hubspoke.lab.audit;

import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;
import java.util.List;

/** A config map with a canary in it, which the account of its name may read, and nothing else. */
record ReadableMap(Mesh mesh, String name) {
  String path() {
    return Resource.CONFIG_MAPS.path(Workload.NAMESPACE, name);
  }

  Grant grant() {
    return new Grant(mesh, name, Grant.Scope.NAMESPACE);
  }

  void create() throws Exception {
    var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata").put("name", name);
    map.putObject("data").put("canary", name);
    Component.await(mesh.admin().create(Resource.CONFIG_MAPS.tree(), Workload.NAMESPACE, map));
    grant()
        .to(
            Grant.account(name),
            new Grant.Rule(List.of("configmaps"), List.of(name), List.of("get")));
  }

  Verdict readBy(ApiClient client) throws Exception {
    var read = Json.parseObject(Component.await(client.raw(path())).getBytes());
    var seen = read.at("/data/canary").asText().equals(name);
    return Verdict.of(seen, Checks.evidence().put("asked", path()).put("canaryRead", seen));
  }

  /** The same by somebody who asks another server. */
  Verdict readBy(Probe probe, String server) throws Exception {
    var answer = probe.get(server + path());
    return Verdict.of(
        answer.status() == 200 && answer.body().contains(name),
        Checks.evidence().put("asked", path()).put("answer", answer.brief()));
  }

  void delete() throws Exception {
    grant().delete();
    Component.await(
        mesh.admin()
            .delete(Resource.CONFIG_MAPS, Workload.NAMESPACE, name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }
}
