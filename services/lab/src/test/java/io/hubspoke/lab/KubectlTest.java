package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What people type, with every kubectl that is installed. */
class KubectlTest {
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: web
        labels: {app: web}
      spec:
        containers:
        - name: main
          image: hubspoke/echo
          ports: [{containerPort: 8080}]
      """;
  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata:
        name: n1
        labels: {node-role.kubernetes.io/worker: ""}
      status:
        capacity: {cpu: "4", memory: 8Gi, pods: "110"}
        addresses: [{type: InternalIP, address: 127.10.0.1}, {type: Hostname, address: n1}]
        conditions: [{type: Ready, status: "True", reason: KubeletReady, message: ok}]
        nodeInfo: {kubeletVersion: v1.33.0, osImage: Hubspoke, kernelVersion: "1",
          containerRuntimeVersion: "hubspoke://1", architecture: amd64, bootID: b, machineID: m,
          systemUUID: s, operatingSystem: linux, kubeProxyVersion: ""}
      """;

  @TempDir static Path dir;
  private static KubectlCluster cluster;
  private static Path admin;

  @BeforeAll
  static void start() throws Exception {
    cluster = new KubectlCluster(dir);
    admin = cluster.kubeconfig("kubernetes-admin", "system:masters");
    new Kubectl(Kubectl.versions().getFirst(), admin, Files.createDirectories(dir.resolve("h")))
        .input(NODE, "create", "-f", "-")
        .ok();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  static List<Path> versions() throws Exception {
    return Kubectl.versions();
  }

  /** Returns kubectl in a namespace of its own version. */
  private static Kubectl kubectl(Path binary) throws Exception {
    Path home = Files.createDirectories(dir.resolve(binary.getFileName().toString()));
    return new Kubectl(binary, admin, home);
  }

  private static String namespace(Kubectl kubectl, String purpose) throws Exception {
    String name = purpose + "-" + kubectl.binary().getFileName().toString().replace('.', '-');
    assertThat(kubectl.run("create", "namespace", name).ok())
        .isEqualTo("namespace/" + name + " created\n");
    return name;
  }

  @ParameterizedTest
  @MethodSource("versions")
  void tellsWhatTheServerIs(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);

    assertThat(kubectl.run("version").ok()).contains("Server Version").contains("v1.33");
    assertThat(kubectl.run("cluster-info").ok()).contains("is running at");
    assertThat(kubectl.run("api-versions").ok().lines())
        .contains("v1", "rbac.authorization.k8s.io/v1", "certificates.k8s.io/v1");
    assertThat(kubectl.run("api-resources", "-o", "wide").ok().lines())
        .anyMatch(l -> l.matches("pods +po +v1 +true +Pod +\\S*create.*"))
        .anyMatch(
            l -> l.matches("certificatesigningrequests +csr +certificates.k8s.io/v1 +false.*"));
    assertThat(kubectl.run("api-resources", "--namespaced=false", "-o", "name").ok().lines())
        .contains("nodes", "clusterroles.rbac.authorization.k8s.io")
        .doesNotContain("pods");
    assertThat(kubectl.run("get", "--raw", "/readyz").ok()).isEqualTo("ok");
    assertThat(kubectl.run("get", "--raw", "/api/v1/nodes/n1").ok()).contains("\"kind\":\"Node\"");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void showsNodes(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);

    assertThat(kubectl.run("get", "nodes").ok().lines())
        .first()
        .asString()
        .matches("NAME +STATUS +ROLES +AGE +VERSION");
    assertThat(kubectl.run("get", "no", "n1", "-o", "wide").ok().lines())
        .anyMatch(
            l ->
                l.matches(
                    "n1 +Ready +worker +\\S+ +v1.33.0 +127.10.0.1 +<none> +Hubspoke +1 +hubspoke://1"));
    assertThat(kubectl.run("describe", "node", "n1").ok())
        .contains("Roles:              worker", "InternalIP:  127.10.0.1", "KubeletReady");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void appliesAndChangesAPod(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String ns = namespace(kubectl, "apply");

    assertThat(kubectl.input(POD, "apply", "-n", ns, "-f", "-").ok())
        .isEqualTo("pod/web created\n");
    assertThat(kubectl.input(POD, "apply", "-n", ns, "-f", "-").ok())
        .isEqualTo("pod/web unchanged\n");
    String changed = POD.replace("app: web", "app: web, tier: front").replace("echo", "echo:2");
    assertThat(kubectl.input(changed, "apply", "-n", ns, "-f", "-").ok())
        .isEqualTo("pod/web configured\n");
    assertThat(
            kubectl
                .run(
                    "get",
                    "pod",
                    "web",
                    "-n",
                    ns,
                    "-o",
                    "jsonpath={.spec.containers[0].image} {.metadata.labels.tier} {.status.phase} {.status.qosClass}")
                .ok())
        .isEqualTo("hubspoke/echo:2 front Pending BestEffort");
    assertThat(kubectl.run("label", "pod", "web", "-n", ns, "tier=back", "--overwrite").ok())
        .startsWith("pod/web ");
    assertThat(kubectl.run("annotate", "pod", "web", "-n", ns, "note=x").ok())
        .startsWith("pod/web ");
    assertThat(
            kubectl
                .run(
                    "patch",
                    "pod",
                    "web",
                    "-n",
                    ns,
                    "-p",
                    "{\"metadata\":{\"labels\":{\"a\":\"1\"}}}")
                .ok())
        .isEqualTo("pod/web patched\n");
    assertThat(
            kubectl
                .run(
                    "patch",
                    "pod",
                    "web",
                    "-n",
                    ns,
                    "--type=merge",
                    "-p",
                    "{\"metadata\":{\"labels\":{\"b\":\"2\"}}}")
                .ok())
        .isEqualTo("pod/web patched\n");
    assertThat(
            kubectl
                .run(
                    "patch",
                    "pod",
                    "web",
                    "-n",
                    ns,
                    "--type=json",
                    "-p",
                    "[{\"op\":\"remove\",\"path\":\"/metadata/labels/a\"}]")
                .ok())
        .isEqualTo("pod/web patched\n");
    assertThat(kubectl.run("get", "pod", "web", "-n", ns, "--show-labels", "--no-headers").ok())
        .contains("app=web,b=2,tier=back");
    assertThat(
            kubectl
                .run(
                    "patch",
                    "pod",
                    "web",
                    "-n",
                    ns,
                    "-p",
                    "{\"spec\":{\"nodeName\":\"n2\",\"dnsPolicy\":\"Default\"}}")
                .failed())
        .contains("The Pod \"web\" is invalid: spec: Forbidden: pod updates may not change fields");
    assertThat(kubectl.run("describe", "pod", "web", "-n", ns).ok())
        .contains("QoS Class:", "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s");
    assertThat(kubectl.run("delete", "pod", "web", "-n", ns).ok()).contains("pod \"web\" deleted");
    assertThat(kubectl.run("get", "pod", "web", "-n", ns).failed())
        .isEqualTo("Error from server (NotFound): pods \"web\" not found\n");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void getsInEveryForm(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String ns = namespace(kubectl, "get");
    for (int i = 0; i < 5; i++) {
      kubectl.run("create", "configmap", "c" + i, "-n", ns, "--from-literal=k=" + i).ok();
    }
    kubectl.run("label", "configmap", "c1", "c2", "-n", ns, "pick=me").ok();

    assertThat(kubectl.run("get", "cm", "-n", ns).ok().lines().toList())
        .hasSize(6)
        .first()
        .asString()
        .matches("NAME +DATA +AGE");
    assertThat(kubectl.run("get", "cm", "-n", ns, "-l", "pick=me", "-o", "name").ok())
        .isEqualTo("configmap/c1\nconfigmap/c2\n");
    assertThat(
            kubectl
                .run("get", "cm", "-n", ns, "--field-selector", "metadata.name=c3", "-o", "name")
                .ok())
        .isEqualTo("configmap/c3\n");
    assertThat(kubectl.run("get", "cm", "-n", ns, "--chunk-size=2", "-o", "name").ok().lines())
        .hasSize(5);
    assertThat(kubectl.run("get", "cm", "c4", "-n", ns, "-o", "yaml").ok()).contains("k: \"4\"");
    assertThat(kubectl.run("get", "cm", "c4", "-n", ns, "-o", "json").ok())
        .contains("\"kind\": \"ConfigMap\"");
    assertThat(kubectl.run("get", "cm", "-n", ns, "-o", "jsonpath={.items[*].data.k}").ok())
        .isEqualTo("0 1 2 3 4");
    assertThat(kubectl.run("get", "cm", "-A").ok()).startsWith("NAMESPACE").contains(ns);
    assertThat(kubectl.run("get", "pods", "-n", ns, "--field-selector", "spec.color=red").failed())
        .contains("field label not supported");
    assertThat(kubectl.run("get", "cm", "-n", ns, "-l", "a in b").failed())
        .contains("unable to parse requirement");
    assertThat(kubectl.run("get", "nonsense").failed())
        .contains("the server doesn't have a resource type \"nonsense\"");
    assertThat(kubectl.run("get", "pods", "-n", ns).err()).contains("No resources found in " + ns);
    assertThat(kubectl.run("delete", "cm", "--all", "-n", ns).ok().lines()).hasSizeGreaterThan(4);
  }

  @ParameterizedTest
  @MethodSource("versions")
  void watches(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String ns = namespace(kubectl, "watch");
    kubectl.run("create", "configmap", "before", "-n", ns).ok();
    Process watch = kubectl.start("get", "cm", "-n", ns, "-w");
    Process only = kubectl.start("get", "cm", "-n", ns, "--watch-only", "-o", "name");
    try (BufferedReader all = reader(watch);
        BufferedReader news = reader(only)) {
      assertThat(all.readLine()).matches("NAME +DATA +AGE");
      assertThat(all.readLine()).startsWith("before");
      String heard = null;
      // The second one prints nothing before a change, so that changes go on until it hears one.
      var listener = new java.util.concurrent.FutureTask<>(news::readLine);
      Thread.ofVirtual().start(listener);
      for (int i = 0; heard == null && i < 50; i++) {
        kubectl.run("create", "configmap", "after" + i, "-n", ns).ok();
        heard = listener.isDone() ? listener.get() : null;
      }
      assertThat(heard).startsWith("configmap/after");
      assertThat(all.readLine()).startsWith("after0");
    } finally {
      watch.destroyForcibly().waitFor();
      only.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @MethodSource("versions")
  void createsByName(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String ns = namespace(kubectl, "create");

    kubectl.run("create", "secret", "generic", "s", "-n", ns, "--from-literal=p=word").ok();
    assertThat(kubectl.run("get", "secret", "s", "-n", ns, "--no-headers").ok())
        .matches("(?s)s +Opaque +1 +\\S+\\n");
    kubectl.run("create", "serviceaccount", "sa", "-n", ns).ok();
    kubectl.run("create", "role", "r", "-n", ns, "--verb=get,list", "--resource=pods").ok();
    kubectl.run("create", "rolebinding", "rb", "-n", ns, "--role=r", "--user=jane").ok();
    assertThat(kubectl.run("get", "rolebindings", "-n", ns, "-o", "wide").ok())
        .containsPattern("rb +Role/r +\\S+ +jane");
    kubectl.run("create", "service", "clusterip", "svc", "-n", ns, "--tcp=80:8080").ok();
    assertThat(kubectl.run("get", "svc", "svc", "-n", ns, "--no-headers").ok())
        .containsPattern("svc +ClusterIP +\\S+ +<none> +80/TCP");
    assertThat(kubectl.run("create", "configmap", "Bad_Name", "-n", ns).failed())
        .contains("a lowercase RFC 1123 subdomain must consist of");
    String nameless =
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},
         "spec":{"containers":[{"image":"x"}]}}""";
    // Before 1.25 kubectl reads from /openapi/v2 what is required, and sends nothing.
    assertThat(kubectl.input(nameless, "create", "-n", ns, "-f", "-").failed())
        .containsAnyOf(
            "spec.containers[0].name: Required value",
            "ValidationError(Pod.spec.containers[0]): missing required field \"name\" in"
                + " io.k8s.api.core.v1.Container");
    assertThat(kubectl.input(nameless, "create", "-n", ns, "--validate=false", "-f", "-").failed())
        .contains("spec.containers[0].name: Required value");
    assertThat(kubectl.run("auth", "can-i", "list", "pods", "-n", ns).ok()).isEqualTo("yes\n");
    Kubectl jane = kubectl.as(cluster.kubeconfig("jane"));
    assertThat(jane.run("auth", "can-i", "list", "pods", "-n", ns).ok()).isEqualTo("yes\n");
    assertThat(jane.run("auth", "can-i", "delete", "pods", "-n", ns).out()).isEqualTo("no\n");
    assertThat(jane.run("get", "secrets", "-n", ns).failed())
        .contains("secrets is forbidden: User \"jane\" cannot list resource \"secrets\"");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void decidesCertificateSigningRequests(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String suffix = binary.getFileName().toString().replace('.', '-');
    String request =
        java.util.Base64.getEncoder()
            .encodeToString(
                Csr.create(new Subject("jane"), SubjectAltNames.NONE, KeyPairs.generate())
                    .getBytes(StandardCharsets.US_ASCII));
    for (String name : List.of("yes-" + suffix, "no-" + suffix)) {
      kubectl
          .input(
              """
              apiVersion: certificates.k8s.io/v1
              kind: CertificateSigningRequest
              metadata: {name: %s}
              spec:
                request: %s
                signerName: example.com/signer
                usages: [client auth]
                username: impostor
              """
                  .formatted(name, request),
              "create",
              "-f",
              "-")
          .ok();
    }
    assertThat(kubectl.run("get", "csr", "yes-" + suffix, "--no-headers").ok())
        .containsPattern("example.com/signer +kubernetes-admin +<none> +Pending");
    assertThat(kubectl.run("certificate", "approve", "yes-" + suffix).ok()).contains("approved");
    assertThat(kubectl.run("certificate", "deny", "no-" + suffix).ok()).contains("denied");
    assertThat(kubectl.run("get", "csr", "yes-" + suffix, "--no-headers").ok())
        .contains("Approved");
    assertThat(kubectl.run("get", "csr", "no-" + suffix, "--no-headers").ok()).contains("Denied");
    assertThat(
            kubectl
                .run("wait", "csr/yes-" + suffix, "--for=condition=Approved", "--timeout=10s")
                .ok())
        .contains("condition met");
    assertThat(
            kubectl
                .run("wait", "csr/yes-" + suffix, "--for=condition=Failed", "--timeout=1s")
                .failed())
        .contains("timed out");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void edits(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String ns = namespace(kubectl, "edit");
    kubectl.run("create", "configmap", "c", "-n", ns, "--from-literal=k=old").ok();
    Path editor = kubectl.home().resolve("editor.sh");
    Files.writeString(editor, "#!/bin/sh\nsed -i 's/k: old/k: new/' \"$1\"\n");
    assertThat(editor.toFile().setExecutable(true)).isTrue();
    Path launcher = kubectl.home().resolve("edit.sh");
    Files.writeString(
        launcher, "#!/bin/sh\nKUBE_EDITOR=%s exec %s \"$@\"\n".formatted(editor, binary));
    assertThat(launcher.toFile().setExecutable(true)).isTrue();

    assertThat(new Kubectl(launcher, admin, kubectl.home()).run("edit", "cm", "c", "-n", ns).ok())
        .contains("configmap/c edited");
    assertThat(kubectl.run("get", "cm", "c", "-n", ns, "-o", "jsonpath={.data.k}").ok())
        .isEqualTo("new");
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }
}
