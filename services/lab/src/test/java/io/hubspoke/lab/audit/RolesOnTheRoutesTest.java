package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Postures;
import io.hubspoke.runtime.Component;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Each thing that the rows N2 and N6 say of a role is seen to fail: what is refused, once the role
 * is widened; what is allowed, once the role is taken away.
 */
@Timeout(120)
class RolesOnTheRoutesTest {
  private static final Resource<ObjectNode> BINDINGS =
      Resource.cluster("rbac.authorization.k8s.io", "v1", "clusterrolebindings", Object.class)
          .tree();

  /** What a kubelet sends that only NodeRestriction keeps from being done. */
  private static final Set<String> BY_NODE_RESTRICTION =
      Set.of(
          "register with a label of node-restriction.kubernetes.io",
          "register another node",
          "label its node under node-restriction.kubernetes.io",
          "label its node under another kubernetes.io",
          "taint its node",
          "make its node another object's child",
          "write another node",
          "write another node's status",
          "write another's pod's status",
          "evict another's pod",
          "delete another's pod",
          "create a pod for itself",
          "request a token for another's pod",
          "request a token for no pod");

  @Test
  void nothingIsAmissWhenNothingIsBroken() throws Exception {
    withMesh(
        Changes.NONE,
        mesh -> {
          assertThat(amiss(node(mesh))).isEmpty();
          assertThat(amiss(scheduler(mesh))).isEmpty();
          assertThat(amiss(controllerManager(mesh))).isEmpty();
        });
  }

  @Test
  void withoutNodeRestrictionWhatItKeepsNodesFromIsAmiss() throws Exception {
    withMesh(
        withoutNodeRestriction(),
        mesh -> assertThat(amiss(node(mesh))).containsAll(BY_NODE_RESTRICTION));
  }

  @Test
  void withEveryRightEveryRefusalIsAmiss() throws Exception {
    withMesh(
        withoutNodeRestriction(),
        mesh -> {
          widen(mesh);
          for (var verdict : List.of(node(mesh), scheduler(mesh), controllerManager(mesh))) {
            assertThat(amiss(verdict)).containsAll(names(verdict, "outside"));
          }
        });
  }

  @Test
  void aWidenedRoleLeavesNodeRestrictionInPlace() throws Exception {
    withMesh(
        Changes.NONE,
        mesh -> {
          widen(mesh);
          var verdict = node(mesh);
          var byAuthorizer = new HashSet<>(names(verdict, "outside"));
          byAuthorizer.removeAll(amiss(verdict));
          assertThat(byAuthorizer).containsAll(BY_NODE_RESTRICTION);
          assertThat(amiss(verdict)).contains("read secrets of another's pod", "list all pods");
        });
  }

  @Test
  void withoutTheirRolesNothingThatTheComponentsMayDoIsDone() throws Exception {
    withMesh(
        Changes.NONE,
        mesh -> {
          var admin = mesh.admin();
          for (var binding :
              Component.await(admin.list(BINDINGS, io.hubspoke.client.ListOptions.ALL)).objects()) {
            var name = binding.at("/metadata/name").asText();
            if (name.startsWith("kube-controller-manager:")
                || List.of("system:kube-scheduler", "system:kube-controller-manager")
                    .contains(name)) {
              Component.await(admin.delete(BINDINGS, "", name, DeleteOptions.DEFAULT));
            }
          }
          for (var verdict : List.of(scheduler(mesh), controllerManager(mesh))) {
            assertThat(amiss(verdict)).isEqualTo(names(verdict, "inside"));
          }
        });
  }

  private static Verdict node(Mesh mesh) throws Exception {
    var canary = Checks.canary();
    var own = new NodeWorkload(mesh, canary, "node-1");
    own.create("word");
    try {
      assertThat(new Workload(mesh).runs(canary)).isTrue();
      return new NodeRole(mesh, own, "other-" + canary).measure();
    } finally {
      own.delete();
    }
  }

  private static Verdict scheduler(Mesh mesh) throws Exception {
    try (var probe = Probe.as(mesh, mesh.schedulerIdentity())) {
      return new SchedulerRole(mesh)
          .authorized(probe, "https://" + mesh.addresses().schedulerUplink() + ":6443");
    }
  }

  private static Verdict controllerManager(Mesh mesh) throws Exception {
    try (var probe = Probe.as(mesh, mesh.controllerManagerIdentity())) {
      return new ControllerManagerRole(mesh)
          .authorized(probe, "https://" + mesh.addresses().controllerManagerUplink() + ":6443");
    }
  }

  private static Set<String> amiss(Verdict verdict) {
    return StreamSupport.stream(verdict.evidence().path("notAsTheRoleSays").spliterator(), false)
        .map(JsonNode::asText)
        .collect(toSet());
  }

  private static Set<String> names(Verdict verdict, String part) {
    var names = new HashSet<String>();
    verdict.evidence().path(part).fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static Changes withoutNodeRestriction() {
    return Changes.NONE.withApiserver(options -> options.withAdmissionPlugins(List.of()));
  }

  /** Lets nodes and components do everything. */
  private static void widen(Mesh mesh) throws Exception {
    Component.await(
        mesh.admin()
            .create(
                BINDINGS,
                "",
                Json.parseObject(
                    """
                    {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding",
                     "metadata":{"name":"widened"},
                     "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
                                "name":"cluster-admin"},
                     "subjects":[
                      {"apiGroup":"rbac.authorization.k8s.io","kind":"Group",
                       "name":"system:nodes"},
                      {"apiGroup":"rbac.authorization.k8s.io","kind":"User",
                       "name":"system:kube-scheduler"},
                      {"apiGroup":"rbac.authorization.k8s.io","kind":"User",
                       "name":"system:kube-controller-manager"}]}"""
                        .getBytes(UTF_8))));
  }

  private interface Measurement {
    void on(Mesh mesh) throws Exception;
  }

  private static void withMesh(Changes changes, Measurement measurement) throws Exception {
    var lab = Postures.start(1, List.of(new NodeRoute()), changes, step -> {});
    try {
      measurement.on(lab.meshes().get(Posture.DEFAULT));
    } finally {
      lab.stop();
    }
  }
}
