package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;
import java.util.List;

/**
 * A pod bound to a node, with a secret, a configmap and a service account that bear its name and
 * that its container's environment is filled from: the node's kubelet has to read them to start it.
 * Beside them lie a secret and a configmap that no pod names.
 */
record NodeWorkload(Mesh mesh, String name, String node) {

  /** Creates all of it, as the administrator. */
  void create(String canary) throws Exception {
    for (var suffix : List.of("", "-none")) {
      add(Resource.SECRETS, "Secret", name + suffix, "stringData", canary);
      add(Resource.CONFIG_MAPS, "ConfigMap", name + suffix, "data", canary);
    }
    add(Resource.SERVICE_ACCOUNTS, "ServiceAccount", name, "", "");
    Component.await(
        mesh.admin().create(Resource.PODS.tree(), Workload.NAMESPACE, pod(name, node, canary)));
  }

  private void add(Resource<?> resource, String kind, String object, String field, String value)
      throws Exception {
    var tree = Json.object().put("apiVersion", "v1").put("kind", kind);
    tree.putObject("metadata").put("name", object);
    if (!field.isEmpty()) {
      tree.putObject(field).put("word", value);
    }
    Component.await(mesh.admin().create(resource.tree(), Workload.NAMESPACE, tree));
  }

  /** Describes a pod like this one under another name. */
  ObjectNode pod(String podName, String boundTo, String canary) {
    return Json.parseObject(
        """
        {"apiVersion":"v1","kind":"Pod",
         "metadata":{"name":"%1$s","annotations":{"hubspoke.io/canary":"%4$s"}},
         "spec":{"nodeName":"%3$s","serviceAccountName":"%2$s",
          "automountServiceAccountToken":false,"terminationGracePeriodSeconds":0,
          "containers":[{"name":"main","image":"hubspoke/ticker","args":["--interval=1m"],
           "env":[{"name":"S","valueFrom":{"secretKeyRef":{"name":"%2$s","key":"word"}}},
                  {"name":"C","valueFrom":{"configMapKeyRef":{"name":"%2$s","key":"word"}}}]}]}}"""
            .formatted(podName, name, boundTo, canary)
            .getBytes(UTF_8));
  }

  /** Deletes what is there of it. */
  void delete() throws Exception {
    new Workload(mesh).delete(name);
    for (var suffix : List.of("", "-none")) {
      remove(Resource.SECRETS, name + suffix);
      remove(Resource.CONFIG_MAPS, name + suffix);
    }
    remove(Resource.SERVICE_ACCOUNTS, name);
  }

  private void remove(Resource<?> resource, String object) throws Exception {
    Component.await(
        mesh.admin()
            .delete(resource, Workload.NAMESPACE, object, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }
}
