package io.hubspoke.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An apiserver that calls kubelets, for which a test answers, and objects of nodes and pods. */
public final class TestNodes {
  private TestNodes() {}

  /**
   * Starts an apiserver with a client certificate for kubelets.
   *
   * @param verified whether it verifies theirs, by an authority that signs none
   * @param timeout of its connections to them
   */
  public static TestApiserver apiserver(Path dir, boolean verified, Duration timeout)
      throws Exception {
    return apiserver(dir, verified, timeout, EgressOptions.NONE);
  }

  /** Starts one that reaches nodes and pods through something else than the network. */
  public static TestApiserver apiserver(
      Path dir, boolean verified, Duration timeout, EgressOptions egress) throws Exception {
    CertificateAuthority.create("kubelet-client-ca", TestApiserver.VALIDITY)
        .issueClient("kube-apiserver-kubelet-client", List.of(), TestApiserver.VALIDITY)
        .write(dir.resolve("kubelet-client.crt"), dir.resolve("kubelet-client.key"));
    var kubeletCa = CertificateAuthority.create("kubelet-ca", TestApiserver.VALIDITY);
    Pem.writeCertificates(dir.resolve("kubelet-ca.crt"), List.of(kubeletCa.certificate()));
    return new TestApiserver(
        dir,
        options ->
            options
                .with(egress)
                .with(
                    new KubeletClientOptions(
                        dir.resolve("kubelet-client.crt"),
                        dir.resolve("kubelet-client.key"),
                        verified ? dir.resolve("kubelet-ca.crt") : null,
                        KubeletClientOptions.DEFAULT_ADDRESS_TYPES,
                        timeout,
                        "127.0.10.1",
                        KubeletClientOptions.LAB_RANGES)));
  }

  /** Returns what the kubelet at 127.10.0.1 serves with, of an authority that nobody trusts. */
  public static Identity serving() {
    return CertificateAuthority.create("somebody-else", TestApiserver.VALIDITY)
        .issueServer("n1", SubjectAltNames.of("127.10.0.1"), TestApiserver.VALIDITY);
  }

  public static void made(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
  }

  public static ObjectNode node(String name, String address, int port) {
    return Json.parseObject(
        """
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "%s"},
         "status": {"addresses": [{"type": "InternalIP", "address": "%s"}],
           "daemonEndpoints": {"kubeletEndpoint": {"Port": %d}}}}
        """
            .formatted(name, address, port)
            .getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Describes a pod.
   *
   * @param node empty for one that is on none yet
   */
  public static ObjectNode pod(String name, String node, String... containers) {
    ObjectNode pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", name);
    ObjectNode spec = pod.putObject("spec");
    if (!node.isEmpty()) {
      spec.put("nodeName", node);
    }
    for (String container : containers) {
      spec.withArray("containers").addObject().put("name", container).put("image", "hubspoke/echo");
    }
    return pod;
  }
}
