package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Nodes that an audit makes: pods of the other cluster that differ from those of its DaemonSet in
 * where they find the apiserver and are found themselves. They and their files go away with the
 * audit's own pod. Methods block.
 *
 * @param image that they run
 * @param files the folder of the files that their commands name
 * @param owner the audit's pod: its name and UID
 * @param aliases names, and the addresses that they are told for them
 */
record NodePods(
    ApiClient outer,
    String namespace,
    String image,
    Path files,
    Map.Entry<String, String> owner,
    Map<String, String> aliases) {
  /** Where a kubelet writes who called it, in the folder that it serves. */
  static final String ACCESS_LOG = "access.log";

  private static final String MOUNT = "/etc/kubernetes/";
  private static final String ROOT = "/var/lib/kubelet";
  private static final int NOBODY = 65532;

  /** With small heaps, which grow with what they carry. */
  private static final List<String> TUNNEL_END =
      List.of("/opt/hubspoke/jre/bin/java", "@/opt/hubspoke/tunnel.args");

  /** Makes the n-th node's pod, with a container for each command: the kubelet's first. */
  void create(String id, int n, List<List<String>> commands) throws Exception {
    var secret = object("Secret", id);
    var data = secret.putObject("data");
    var arguments =
        commands.stream()
            .map(line -> line.stream().map(argument -> translated(argument, data)).toList())
            .toList();
    Component.await(outer.create(Resource.SECRETS.tree(), namespace, secret));
    Component.await(outer.create(Resource.PODS.tree(), namespace, pod(id, n, arguments)));
  }

  /** Says a flag as it is meant within the pod, and takes the file along that it names. */
  private String translated(String argument, ObjectNode data) {
    var equals = argument.indexOf('=');
    var flag = argument.substring(0, Math.max(0, equals));
    var value = argument.substring(equals + 1);
    if (flag.equals("--address") || flag.equals("--listen-address")) {
      // It has an address of the other cluster's choice, behind that one.
      return flag + "=0.0.0.0";
    }
    if (flag.equals("--access-log-path")) {
      return flag + "=" + ROOT + "/logs/" + ACCESS_LOG;
    }
    if (!value.startsWith(files + "/")) {
      return argument;
    }
    var file = Path.of(value);
    if (!Files.isRegularFile(file)) {
      var own = files.resolve("nodes").relativize(file);
      return "%s=%s"
          .formatted(
              flag,
              own.getNameCount() < 2 ? ROOT : ROOT + "/" + own.subpath(1, own.getNameCount()));
    }
    var name = file.getFileName().toString();
    try {
      data.put(name, Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return flag + "=" + MOUNT + name;
  }

  private ObjectNode object(String kind, String name) {
    var object = Json.object().put("apiVersion", "v1").put("kind", kind);
    var metadata = object.putObject("metadata").put("name", name).put("namespace", namespace);
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", owner.getKey())
        .put("uid", owner.getValue());
    metadata.putObject("labels").put("app.kubernetes.io/part-of", "hubspoke");
    return object;
  }

  private ObjectNode pod(String id, int n, List<List<String>> commands) {
    var pod = object("Pod", id);
    pod.withObject("/metadata/labels")
        .put("app.kubernetes.io/name", "audit-node")
        .put("hubspoke.io/audit-node", String.valueOf(n));
    var spec =
        pod.putObject("spec")
            .put("automountServiceAccountToken", false)
            .put("enableServiceLinks", false)
            .put("restartPolicy", "Never")
            .put("terminationGracePeriodSeconds", 1);
    var told = spec.putArray("hostAliases");
    aliases.forEach((name, ip) -> told.addObject().put("ip", ip).putArray("hostnames").add(name));
    spec.putObject("securityContext")
        .put("runAsNonRoot", true)
        .put("runAsUser", NOBODY)
        .put("runAsGroup", NOBODY)
        .put("fsGroup", NOBODY)
        .putObject("seccompProfile")
        .put("type", "RuntimeDefault");
    var containers = spec.putArray("containers");
    commands.forEach(command -> containers.add(container(command)));
    var volumes = spec.putArray("volumes");
    volumes
        .addObject()
        .put("name", "files")
        .putObject("secret")
        .put("secretName", id)
        .put("defaultMode", 0440);
    for (var name : List.of("root", "logs")) {
      volumes.addObject().put("name", name).putObject("emptyDir").put("sizeLimit", "256Mi");
    }
    return pod;
  }

  /** Describes the container of a command, which has its name. */
  private ObjectNode container(List<String> command) {
    var name = command.getFirst();
    var container =
        Json.object().put("name", name).put("image", image).put("imagePullPolicy", "IfNotPresent");
    command.forEach(container.putArray("args")::add);
    container
        .putObject("securityContext")
        .put("allowPrivilegeEscalation", false)
        .put("readOnlyRootFilesystem", true)
        .putObject("capabilities")
        .putArray("drop")
        .add("ALL");
    var resources = container.putObject("resources");
    resources.putObject("requests").put("cpu", "50m").put("memory", "128Mi");
    // As the manifests give them.
    resources.putObject("limits").put("memory", name.equals("kubelet") ? "768Mi" : "384Mi");
    var mounts = container.putArray("volumeMounts");
    mounts.addObject().put("name", "files").put("mountPath", MOUNT).put("readOnly", true);
    if (name.equals("kubelet")) {
      mounts.addObject().put("name", "root").put("mountPath", ROOT);
      mounts.addObject().put("name", "logs").put("mountPath", "/var/log");
    } else {
      TUNNEL_END.forEach(container.putArray("command")::add);
    }
    return container;
  }

  /** Returns a pod; nothing when it is gone. */
  ObjectNode get(String id) throws Exception {
    try {
      return Component.await(outer.get(Resource.PODS.tree(), namespace, id));
    } catch (ApiException e) {
      if (e.code() == 404) {
        return Json.object();
      }
      throw e;
    }
  }

  /** Deletes a pod and its files, each even if the other can't be. */
  void delete(String id) throws Exception {
    Component.await(
        Future.join(
            outer.deleteIfPresent(Resource.PODS, namespace, id, DeleteOptions.DEFAULT),
            outer.deleteIfPresent(Resource.SECRETS, namespace, id, DeleteOptions.DEFAULT)));
  }
}
