package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Addresses;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.images.WebhookImage;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/**
 * An admission webhook in a pod behind a service, with an authority of its own, and a wire on the
 * way to it. It is asked about ConfigMaps that bear its name as a label.
 *
 * @param name of everything that belongs to it
 */
record AdmissionHook(Mesh mesh, String name, CertificateAuthority ca, Wire wire) {
  private static final String NODE = "node-1";
  private static final int PORT = Addresses.SECURE_PAGE_PORT;
  private static final Duration VALIDITY = Duration.ofHours(1);
  private static final String LABEL = "hubspoke.io/audit";
  private static final Resource<ObjectNode> MUTATING =
      Resource.cluster(
          "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", ObjectNode.class);
  private static final Resource<ObjectNode> VALIDATING =
      Resource.cluster(
          "admissionregistration.k8s.io",
          "v1",
          "validatingwebhookconfigurations",
          ObjectNode.class);

  /** Runs one and opens the wire; {@link #close} undoes both. */
  static AdmissionHook serve(Mesh mesh, String name) throws Exception {
    var ca = CertificateAuthority.create("webhook-ca", VALIDITY);
    var workload = new Workload(mesh);
    try {
      create(mesh, Resource.SECRETS.tree(), secret(name, ca));
      workload.create(pod(name, mesh.deployed()));
      workload.runs(name);
      var ip = workload.pod(name).at("/status/podIP").asText();
      createService(mesh, name, ip);
      var wire =
          Component.await(
              mesh.wire(
                  SocketAddress.inetSocketAddress(PORT, ip),
                  SocketAddress.inetSocketAddress(PORT, mesh.addresses().listensBehind(ip))));
      return new AdmissionHook(mesh, name, ca, wire);
    } catch (Exception e) {
      delete(mesh, name);
      throw e;
    }
  }

  /** Has the apiserver ask it: first to change objects, then to judge them. */
  void register() throws Exception {
    Component.await(mesh.admin().create(MUTATING, "", configuration("Mutating", "/mutate")));
    Component.await(mesh.admin().create(VALIDATING, "", configuration("Validating", "/validate")));
  }

  /** Describes a configuration that names it. */
  ObjectNode configuration(String which, String path) {
    var configuration =
        object("admissionregistration.k8s.io/v1", which + "WebhookConfiguration", name);
    var webhook =
        configuration
            .putArray("webhooks")
            .addObject()
            .put("name", name + ".hubspoke.io")
            .put("sideEffects", "None");
    webhook.putArray("admissionReviewVersions").add("v1");
    webhook.withObject("/objectSelector/matchLabels").put(LABEL, name);
    webhook
        .putObject("clientConfig")
        .put("caBundle", base64(Pem.encode(ca.certificate())))
        .putObject("service")
        .put("namespace", Workload.NAMESPACE)
        .put("name", name)
        .put("path", path);
    var rule = webhook.putArray("rules").addObject();
    rule.putArray("operations").add("CREATE");
    rule.putArray("apiGroups").add("");
    rule.putArray("apiVersions").add("v1");
    rule.putArray("resources").add("configmaps");
    return configuration;
  }

  /** Describes a ConfigMap that it is asked about. */
  ObjectNode subject(String word) {
    var map = object("v1", "ConfigMap", name);
    map.withObject("/metadata/labels").put(LABEL, name);
    map.putObject("data").put("word", word);
    return map;
  }

  /** Returns its URL for whoever is on the network. */
  String directUrl() {
    return "https://%s:%d/validate".formatted(wire.address().host(), wire.address().port());
  }

  private static ObjectNode secret(String name, CertificateAuthority ca) {
    var identity =
        ca.issueServer(
            "webhook", SubjectAltNames.of(name + "." + Workload.NAMESPACE + ".svc"), VALIDITY);
    var secret = object("v1", "Secret", name).put("type", "kubernetes.io/tls");
    secret
        .putObject("data")
        .put("tls.crt", base64(Pem.encode(identity.chain())))
        .put("tls.key", base64(Pem.encode(identity.key())));
    return secret;
  }

  private static ObjectNode pod(String name, boolean onHost) {
    var pod = Workload.describe(name, WebhookImage.NAME, List.of("--port=" + PORT));
    var spec = pod.withObject("/spec").put("nodeName", NODE).put("hostNetwork", onHost);
    spec.putArray("volumes")
        .addObject()
        .put("name", "tls")
        .putObject("secret")
        .put("secretName", name);
    ((ObjectNode) spec.at("/containers/0"))
        .putArray("volumeMounts")
        .addObject()
        .put("name", "tls")
        .put("mountPath", WebhookImage.MOUNT);
    return pod;
  }

  /** There is no endpoints controller; the service has no selector for one either. */
  private static void createService(Mesh mesh, String name, String ip) throws Exception {
    var service = object("v1", "Service", name);
    service.putObject("spec").putArray("ports").addObject().put("port", 443);
    create(mesh, Resource.SERVICES.tree(), service);
    var endpoints = object("v1", "Endpoints", name);
    var subset = endpoints.putArray("subsets").addObject();
    subset
        .putArray("addresses")
        .addObject()
        .put("ip", ip)
        .putObject("targetRef")
        .put("kind", "Pod")
        .put("namespace", Workload.NAMESPACE)
        .put("name", name);
    subset.putArray("ports").addObject().put("port", PORT);
    create(mesh, Resource.ENDPOINTS.tree(), endpoints);
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static ObjectNode object(String version, String kind, String name) {
    var object = Json.object().put("apiVersion", version).put("kind", kind);
    object.putObject("metadata").put("name", name);
    return object;
  }

  private static void create(Mesh mesh, Resource<ObjectNode> resource, ObjectNode object)
      throws Exception {
    Component.await(mesh.admin().create(resource, Workload.NAMESPACE, object));
  }

  void close() throws Exception {
    Component.await(wire.close());
    delete(mesh, name);
  }

  private static void delete(Mesh mesh, String name) throws Exception {
    for (var resource : List.of(MUTATING, VALIDATING)) {
      remove(mesh, resource, "", name);
    }
    new Workload(mesh).delete(name);
    for (var resource :
        List.of(
            Resource.SECRETS.tree(),
            Resource.CONFIG_MAPS.tree(),
            Resource.ENDPOINTS.tree(),
            Resource.SERVICES.tree())) {
      remove(mesh, resource, Workload.NAMESPACE, name);
    }
  }

  private static void remove(
      Mesh mesh, Resource<ObjectNode> resource, String namespace, String name) throws Exception {
    Component.await(
        mesh.admin()
            .delete(resource, namespace, name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }
}
