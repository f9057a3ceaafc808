package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Addresses;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import io.vertx.core.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A page that a program on a node serves, which says who asked for it, and a wire on the way to it.
 *
 * @param tls whether it is served over HTTPS
 * @param name of the pod, which is on the page, and of the service where there is one
 * @param object what the proxy is asked for: the name of a node, pod or service
 * @param port as the proxy is told it
 */
record Page(
    Mesh mesh, ProxyTarget target, boolean tls, String name, String object, int port, Wire wire) {
  private static final String NODE = "node-1";
  private static final int SERVICE_PORT = 80;
  private static final Resource<ObjectNode> SLICES =
      Resource.namespaced("discovery.k8s.io", "v1", "endpointslices", ObjectNode.class);

  /** Serves a page with the canary on it, and opens the wire; {@link #close} undoes both. */
  static Page serve(Mesh mesh, ProxyTarget target, boolean tls, String canary) throws Exception {
    var workload = new Workload(mesh);
    var listens = tls ? Addresses.SECURE_PAGE_PORT : Addresses.PAGE_PORT;
    var args = new ArrayList<>(List.of("--port=" + listens));
    if (tls) {
      args.add("--tls");
    }
    var pod = Workload.describe(canary, "hubspoke/echo", args);
    var spec = pod.withObject("/spec").put("nodeName", NODE);
    // Where nodes are pods themselves, what is on their network alone can be reached from outside.
    spec.put("hostNetwork", target == ProxyTarget.NODE || mesh.deployed());
    workload.create(pod);
    try {
      workload.runs(canary);
      var ip = workload.pod(canary).at("/status/podIP").asText();
      if (target == ProxyTarget.SERVICE) {
        createService(mesh, canary, ip, listens);
      }
      var wire =
          Component.await(
              mesh.wire(
                  SocketAddress.inetSocketAddress(listens, ip),
                  SocketAddress.inetSocketAddress(listens, mesh.addresses().listensBehind(ip))));
      return switch (target) {
        case NODE -> new Page(mesh, target, tls, canary, NODE, listens, wire);
        case POD -> new Page(mesh, target, tls, canary, canary, listens, wire);
        case SERVICE -> new Page(mesh, target, tls, canary, canary, SERVICE_PORT, wire);
      };
    } catch (Exception e) {
      delete(mesh, target, canary);
      throw e;
    }
  }

  /** There is no endpoints controller; the service has no selector for one either. */
  private static void createService(Mesh mesh, String name, String ip, int listens)
      throws Exception {
    var service = object("v1", "Service", name);
    service
        .putObject("spec")
        .putArray("ports")
        .addObject()
        .put("name", "page")
        .put("port", SERVICE_PORT)
        .put("targetPort", listens);
    create(mesh, Resource.SERVICES.tree(), service);
    var endpoints = object("v1", "Endpoints", name);
    var subset = endpoints.putArray("subsets").addObject();
    subset.putArray("addresses").addObject().put("ip", ip).set("targetRef", pod(name));
    subset.putArray("ports").addObject().put("name", "page").put("port", listens);
    create(mesh, Resource.ENDPOINTS.tree(), endpoints);
    var slice = object("discovery.k8s.io/v1", "EndpointSlice", name);
    slice.withObject("/metadata/labels").put("kubernetes.io/service-name", name);
    slice.put("addressType", "IPv4");
    slice.putArray("ports").addObject().put("name", "page").put("port", listens);
    var endpoint = slice.putArray("endpoints").addObject();
    endpoint.putArray("addresses").add(ip);
    endpoint.putObject("conditions").put("ready", true);
    endpoint.set("targetRef", pod(name));
    create(mesh, SLICES, slice);
  }

  /** The apiserver connects to no address that isn't its pod's. */
  private static ObjectNode pod(String name) {
    return Json.object().put("kind", "Pod").put("namespace", Workload.NAMESPACE).put("name", name);
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

  /** Returns the page's URL at a server with the proxy verbs. */
  String at(String server, String rest) {
    return server + target.path(reference()) + rest;
  }

  /** Returns the virtual address of the page's service, with its port. */
  String clusterIp() throws Exception {
    var service =
        Component.await(mesh.admin().get(Resource.SERVICES.tree(), Workload.NAMESPACE, name));
    return service.at("/spec/clusterIP").asText() + ":" + SERVICE_PORT;
  }

  /** Returns how the proxy is told of it. */
  String reference() {
    return target.reference(object, port, tls);
  }

  /** Returns the page's URL for whoever is on the network. */
  String directUrl(String rest) {
    return "%s://%s:%d%s"
        .formatted(tls ? "https" : "http", wire.address().host(), wire.address().port(), rest);
  }

  void close() throws Exception {
    Component.await(wire.close());
    delete(mesh, target, name);
  }

  private static void delete(Mesh mesh, ProxyTarget target, String name) throws Exception {
    new Workload(mesh).delete(name);
    if (target == ProxyTarget.SERVICE) {
      for (var resource : List.of(SLICES, Resource.ENDPOINTS.tree(), Resource.SERVICES.tree())) {
        Component.await(
            mesh.admin()
                .delete(resource, Workload.NAMESPACE, name, DeleteOptions.DEFAULT)
                .<Void>mapEmpty()
                .otherwiseEmpty());
      }
    }
  }
}
