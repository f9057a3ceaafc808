package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** A node's kube-proxy, and who it is for the apiserver. */
sealed interface KubeProxyCaller {
  /** The user that the apiserver must take it for. */
  String user();

  /** A group that this user must be in. */
  String group();

  /** Asks with its own credentials. */
  Probe probe() throws Exception;

  /** Ends it, and waits until it is there again; returns how it is called. */
  String comesBack() throws Exception;

  /** Whether those who show something else in its place are refused. */
  boolean strangersAreRefused(String server, ObjectNode evidence) throws Exception;

  /** A pod of DaemonSet kube-system/kube-proxy. */
  record InPod(Mesh mesh, String node) implements KubeProxyCaller {
    private static final String NAMESPACE = "kube-system";
    private static final ListOptions PODS =
        ListOptions.inNamespace(NAMESPACE).withLabelSelector("k8s-app=kube-proxy");

    private Account account() {
      return new Account(mesh, NAMESPACE, "kube-proxy");
    }

    @Override
    public String user() {
      return account().user();
    }

    @Override
    public String group() {
      return "system:serviceaccounts:" + NAMESPACE;
    }

    @Override
    public Probe probe() throws Exception {
      var pod = running("");
      return Probe.withToken(
          mesh,
          new PodFiles(
                  mesh, node, NAMESPACE, pod.getMetadata().getName(), pod.getMetadata().getUid())
              .token());
    }

    /** Waits until one runs that isn't this one. */
    private Pod running(String otherThan) throws Exception {
      return Checks.eventually(Checks.PATIENCE, () -> find(otherThan), Optional::isPresent)
          .orElseThrow(() -> new IOException("no kube-proxy runs on " + node));
    }

    private Optional<Pod> find(String otherThan) throws Exception {
      return Component.await(mesh.admin().list(Resource.PODS, PODS)).objects().stream()
          .filter(pod -> node.equals(pod.getSpec().getNodeName()))
          .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
          .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
          .filter(pod -> !pod.getMetadata().getName().equals(otherThan))
          .findFirst();
    }

    /** Whoever deletes it gets another one from the DaemonSet, on the same node. */
    @Override
    public String comesBack() throws Exception {
      var name = running("").getMetadata().getName();
      Component.await(mesh.admin().delete(Resource.PODS, NAMESPACE, name, DeleteOptions.DEFAULT));
      return running(name).getMetadata().getName();
    }

    @Override
    public boolean strangersAreRefused(String server, ObjectNode evidence) throws Exception {
      var url = server + "/api/v1/services";
      var refused = true;
      try (var nobody = Probe.anonymous(mesh)) {
        refused &= KubeProxyRoute.unauthenticated(nobody.get(url), "noCredentials", evidence);
      }
      for (var wrong : account().wrongTokens().entrySet()) {
        try (var stranger = Probe.withToken(mesh, wrong.getValue())) {
          refused &= KubeProxyRoute.unauthenticated(stranger.get(url), wrong.getKey(), evidence);
        }
      }
      return refused;
    }
  }

  /** A process of its host. */
  record OnHost(Mesh mesh, String node) implements KubeProxyCaller {
    @Override
    public String user() {
      return "system:kube-proxy";
    }

    @Override
    public String group() {
      return "system:authenticated";
    }

    @Override
    public Probe probe() throws Exception {
      return Probe.as(
          mesh,
          Kubeconfig.read(mesh.nodeDirectory(node).resolve("kube-proxy.kubeconfig"))
              .user()
              .identity()
              .orElseThrow(() -> new IOException("node " + node + " has no kube-proxy's key")));
    }

    @Override
    public String comesBack() throws Exception {
      mesh.restartKubeProxy(node);
      return "kube-proxy on " + node;
    }

    @Override
    public boolean strangersAreRefused(String server, ObjectNode evidence) throws Exception {
      return Checks.refusesStrangers(
          mesh, server + "/api/v1/services", user(), List.of(), evidence);
    }
  }
}
