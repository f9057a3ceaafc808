package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.runtime.Component;
import java.util.List;

/** What the scheduler does, and what its role lets it do ("system:kube-scheduler"). */
final class SchedulerRole implements ControlPlaneRole {
  private static final String PODS = "/api/v1/namespaces/default/pods";

  private final Mesh mesh;

  SchedulerRole(Mesh mesh) {
    this.mesh = mesh;
  }

  /** Sees it bind one pod, and say of another why it cannot. */
  @Override
  public Verdict works(String canary) throws Exception {
    var workload = new Workload(mesh);
    var homeless = canary + "-homeless";
    try {
      workload.ticker(canary, "", canary, List.of("--interval=1m"));
      create(pod(homeless, "default-scheduler", "{\"hubspoke.io/nowhere\":\"\"}"));
      var node =
          Checks.eventually(
              Checks.PATIENCE,
              () -> workload.pod(canary).at("/spec/nodeName").asText(),
              name -> !name.isEmpty());
      var condition =
          Checks.eventually(
              Checks.PATIENCE,
              () -> workload.pod(homeless).at("/status/conditions/0/reason").asText(),
              reason -> reason.equals("Unschedulable"));
      return Verdict.of(
          !node.isEmpty() && condition.equals("Unschedulable"),
          Checks.evidence().put("boundTo", node).put("podThatFitsNowhere", condition));
    } finally {
      workload.delete(canary);
      workload.delete(homeless);
    }
  }

  @Override
  public Verdict authorized(Probe scheduler, String server) throws Exception {
    var check = new RoleCheck();
    var canary = Checks.canary();
    var pods = server + PODS;
    try {
      // A pod of another scheduler: nobody binds it meanwhile, and no node is there to run it.
      create(pod(canary, "nobody", "{}"));
      check.may("list pods", scheduler.get(server + "/api/v1/pods"));
      check.may("list nodes", scheduler.get(server + "/api/v1/nodes"));
      check.may(
          "write a pod's status",
          scheduler.patch(
              pods + "/" + canary + "/status", "{\"status\":{\"nominatedNodeName\":\"none\"}}"));
      check.may("bind a pod", scheduler.post(pods + "/" + canary + "/binding", binding(canary)));
      check.may("record an event", scheduler.post(server + EVENTS, event(canary)));
      check.may("delete a pod", scheduler.delete(pods + "/" + canary));
      check.may("create a lease", scheduler.post(server + LEASES, lease(canary)));
      check.mayNot(
          "write the controller manager's lease",
          scheduler.patch(server + LEASES + "/kube-controller-manager", "{}"));
      check.mayNot(
          "read secrets", scheduler.get(server + "/api/v1/namespaces/kube-system/secrets"));
      check.mayNot("read configmaps", scheduler.get(server + "/api/v1/configmaps"));
      check.mayNot("create pods", scheduler.post(pods, pod(canary, "nobody", "{}").toString()));
      check.mayNot(
          "write a pod", scheduler.patch(pods + "/" + canary, "{\"metadata\":{\"labels\":null}}"));
      var node = server + "/api/v1/nodes/node-1";
      check.mayNot("write a node", scheduler.patch(node, "{\"spec\":{\"unschedulable\":false}}"));
      check.mayNot("write a node's status", scheduler.patch(node + "/status", "{}"));
      check.mayNot("reach a kubelet", scheduler.get(node + "/proxy/metrics"));
      check.mayNot(
          "run commands in pods", scheduler.post(pods + "/" + canary + "/exec?command=true", ""));
      check.mayNot(
          "make tokens",
          scheduler.post(
              server + "/api/v1/namespaces/kube-system/serviceaccounts/default/token", "{}"));
      check.mayNot(
          "approve certificates",
          scheduler.put(server + Requests.PATH + "/" + canary + "/approval", "{}"));
      check.mayNot("bind roles", scheduler.post(server + BINDINGS, "{}"));
      check.mayNot(
          "speak in another's name",
          scheduler.getAs(server + "/api/v1/nodes", "system:kube-controller-manager"));
      return check.verdict();
    } finally {
      new Workload(mesh).delete(canary);
      Component.await(
          mesh.admin()
              .delete(Resource.LEASES, "kube-system", canary, DeleteOptions.DEFAULT)
              .<Void>mapEmpty()
              .otherwiseEmpty());
    }
  }

  private void create(ObjectNode pod) throws Exception {
    Component.await(mesh.admin().create(Resource.PODS.tree(), Workload.NAMESPACE, pod));
  }

  private static ObjectNode pod(String name, String scheduler, String nodeSelector) {
    return Json.parseObject(
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},
         "spec":{"schedulerName":"%s","nodeSelector":%s,"terminationGracePeriodSeconds":0,
          "containers":[{"name":"main","image":"hubspoke/pause"}]}}"""
            .formatted(name, scheduler, nodeSelector)
            .getBytes(UTF_8));
  }

  private static String binding(String pod) {
    return """
    {"apiVersion":"v1","kind":"Binding","metadata":{"name":"%s"},
     "target":{"apiVersion":"v1","kind":"Node","name":"none"}}"""
        .formatted(pod);
  }

  private static String event(String name) {
    return """
    {"apiVersion":"v1","kind":"Event","metadata":{"name":"%s","namespace":"default"},
     "involvedObject":{"kind":"Pod","name":"%s","namespace":"default"},
     "reason":"Audit","message":"sent by the route audit","type":"Normal"}"""
        .formatted(name, name);
  }
}
