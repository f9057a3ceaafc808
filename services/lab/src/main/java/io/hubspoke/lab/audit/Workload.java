package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;
import java.util.List;

/** Pods that measurements need; the administrator makes them. */
record Workload(Mesh mesh) {
  static final String NAMESPACE = "default";
  private static final String CONTAINER = "main";

  /**
   * Creates a pod of one ticker.
   *
   * @param node empty to leave the choice to the scheduler
   */
  void ticker(String name, String node, String canary, List<String> arguments) throws Exception {
    var pod = describe(name, "hubspoke/ticker", arguments);
    pod.withObject("/metadata/annotations").put("hubspoke.io/canary", canary);
    if (!node.isEmpty()) {
      pod.withObject("/spec").put("nodeName", node);
    }
    create(pod);
  }

  /** Describes a pod of one container that ends at once when it is told to. */
  static ObjectNode describe(String name, String image, List<String> arguments) {
    var pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", name).put("namespace", NAMESPACE);
    var spec = pod.putObject("spec").put("terminationGracePeriodSeconds", 0);
    var container =
        spec.putArray("containers").addObject().put("name", CONTAINER).put("image", image);
    arguments.forEach(container.putArray("args")::add);
    return pod;
  }

  void create(ObjectNode pod) throws Exception {
    Component.await(mesh.admin().create(Resource.PODS.tree(), NAMESPACE, pod));
  }

  /** Returns a pod's URL at the apiserver. */
  static String url(Mesh mesh, String pod) {
    return mesh.addresses().apiserverUrl() + Resource.PODS.path(NAMESPACE, pod);
  }

  ObjectNode pod(String name) throws Exception {
    return Component.await(mesh.admin().get(Resource.PODS.tree(), NAMESPACE, name));
  }

  /** Waits until the pod runs; returns whether it does. */
  boolean runs(String name) throws Exception {
    return Checks.eventually(
            Checks.PATIENCE,
            () -> pod(name).at("/status/phase").asText(),
            phase -> phase.equals("Running"))
        .equals("Running");
  }

  /** Deletes a pod; one that's gone already is as good. */
  void delete(String name) throws Exception {
    Component.await(
        mesh.admin()
            .delete(Resource.PODS, NAMESPACE, name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }

  static String container() {
    return CONTAINER;
  }
}
