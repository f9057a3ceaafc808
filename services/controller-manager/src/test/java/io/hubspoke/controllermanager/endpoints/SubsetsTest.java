package io.hubspoke.controllermanager.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.EndpointSubset;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SubsetsTest {
  @Test
  void portsOfTheSameAddressesShareASubset() {
    var subsets = subsets(service("http", "metrics"), List.of(pod(1, 80, 9), pod(2, 80, 9)));
    assertThat(subsets).singleElement().satisfies(s -> assertThat(s.getPorts()).hasSize(2));
    assertThat(ips(subsets.getFirst().getAddresses())).containsExactly("10.0.0.1", "10.0.0.2");
  }

  @Test
  void aNameThatIsAnotherNumberElsewhereMakesAnotherSubset() {
    var subsets = subsets(service("http", "metrics"), List.of(pod(1, 80, 9), pod(2, 81, 9)));
    assertThat(subsets.stream().map(s -> s.getPorts().size() + ":" + ips(s.getAddresses())))
        .containsExactly("1:[10.0.0.1]", "1:[10.0.0.2]", "1:[10.0.0.1, 10.0.0.2]");
  }

  @Test
  void unreadyPodsAreThereAsSuchAndTerminatingOnesAreNot() {
    var unready = pod(1, 80, 9);
    unready.getStatus().setConditions(List.of());
    var going = pod(2, 80, 9);
    going.getMetadata().setDeletionTimestamp("2026-01-01T00:00:00Z");
    var service = service("http");
    var subsets = subsets(service, List.of(unready, going, pod(3, 80, 9)));
    assertThat(ips(subsets.getFirst().getAddresses())).containsExactly("10.0.0.3");
    assertThat(ips(subsets.getFirst().getNotReadyAddresses())).containsExactly("10.0.0.1");

    service.getSpec().setPublishNotReadyAddresses(true);
    assertThat(ips(subsets(service, List.of(unready, going)).getFirst().getAddresses()))
        .containsExactly("10.0.0.1", "10.0.0.2");
  }

  @Test
  void theOrderOfPodsMakesNoDifference() {
    var pods =
        new ArrayList<>(IntStream.range(1, 60).mapToObj(i -> pod(i, 80 + i % 3, 9)).toList());
    var service = service("http", "metrics");
    var subsets = subsets(service, pods);
    Collections.shuffle(pods);
    assertThat(subsets(service, pods)).isEqualTo(subsets);
  }

  @Test
  void thousandAddressesAreKeptReadyOnesFirst() {
    var pods = new ArrayList<Pod>();
    IntStream.range(1, 1301)
        .forEach(
            i -> {
              var pod = pod(i, i % 2 == 0 ? 80 : 81, 9);
              if (i > 900) {
                pod.getStatus().setConditions(List.of());
              }
              pods.add(pod);
            });
    var subsets = Subsets.truncated(subsets(service("http"), pods));
    assertThat(Subsets.size(subsets)).isEqualTo(1000);
    assertThat(subsets.stream().mapToInt(s -> s.getAddresses().size()).sum()).isEqualTo(900);
    assertThat(subsets).allMatch(s -> s.getNotReadyAddresses().size() == 50);

    var ready = IntStream.range(1, 1501).mapToObj(i -> pod(i, i % 2 == 0 ? 80 : 81, 9)).toList();
    assertThat(Subsets.truncated(subsets(service("http"), ready)))
        .allMatch(s -> s.getAddresses().size() == 500);
  }

  private static List<EndpointSubset> subsets(Service service, List<Pod> pods) {
    return Subsets.of(service, pods.stream().map(BackendPod::new).toList());
  }

  private static List<String> ips(List<EndpointAddress> addresses) {
    return addresses.stream().map(EndpointAddress::getIp).toList();
  }

  private static Service service(String... ports) {
    var service =
        new ServiceBuilder()
            .withNewMetadata()
            .withName("web")
            .withNamespace("shop")
            .endMetadata()
            .withNewSpec()
            .withClusterIP("127.96.0.9")
            .withIpFamilies("IPv4")
            .withSelector(Map.of("app", "web"))
            .endSpec();
    for (var port : ports) {
      service
          .editSpec()
          .addNewPort()
          .withName(port)
          .withPort(1)
          .withProtocol("TCP")
          .withTargetPort(new IntOrString(port))
          .endPort()
          .endSpec();
    }
    return service.build();
  }

  private static Pod pod(int i, int http, int metrics) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("pod-" + i)
        .withNamespace("shop")
        .withUid("uid-" + i)
        .endMetadata()
        .withNewSpec()
        .withNodeName("node")
        .addNewContainer()
        .addNewPort()
        .withName("http")
        .withContainerPort(http)
        .withProtocol("TCP")
        .endPort()
        .addNewPort()
        .withName("metrics")
        .withContainerPort(metrics)
        .withProtocol("TCP")
        .endPort()
        .endContainer()
        .endSpec()
        .withNewStatus()
        .addNewPodIP()
        .withIp("10.0.%d.%d".formatted(i / 250, i % 250))
        .endPodIP()
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }
}
