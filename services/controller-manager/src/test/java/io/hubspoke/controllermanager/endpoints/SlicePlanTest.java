package io.hubspoke.controllermanager.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hubspoke.api.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlicePlanTest {
  private static final int MOST = 5;
  private static final SliceOwner OWNER =
      SliceOwner.of(
          new ServiceBuilder()
              .withNewMetadata()
              .withName("web")
              .withNamespace("shop")
              .withUid("service")
              .addToLabels("app", "web")
              .endMetadata()
              .build(),
          "me",
          false,
          Map.of());
  private static final SliceGroup HTTP = group(80);

  /** Slices as they are in the store. */
  private final Map<String, EndpointSlice> store = new LinkedHashMap<>();

  private int names;

  @Test
  void oneMorePodChangesTheFullestSliceThatHasRoom() {
    apply(plan(Map.of(HTTP, endpoints(0, 12))));
    assertThat(sizes()).containsExactly(5, 5, 2);
    var plan = plan(Map.of(HTTP, endpoints(0, 13)));
    assertThat(plan.create()).isEmpty();
    assertThat(plan.delete()).isEmpty();
    assertThat(plan.update()).singleElement().satisfies(s -> assertThat(name(s)).isEqualTo("s2"));
  }

  @Test
  void aPodsStateChangesItsSliceAloneAndItStaysInItsPlace() {
    apply(plan(Map.of(HTTP, endpoints(0, 12))));
    var wanted = new ArrayList<>(endpoints(0, 12));
    wanted.set(6, endpoint(6, false));
    var plan = plan(Map.of(HTTP, wanted));
    assertThat(plan.update()).singleElement().satisfies(s -> assertThat(name(s)).isEqualTo("s1"));
    assertThat(plan.update().getFirst().getEndpoints().get(1).getConditions().getReady()).isFalse();
    assertThat(plan.create()).isEmpty();
  }

  @Test
  void whatComesGoesWhereSomethingWentAndNothingElseIsWritten() {
    apply(plan(Map.of(HTTP, endpoints(0, 12))));
    var wanted = new ArrayList<>(endpoints(0, 12));
    wanted.remove(1);
    wanted.addAll(endpoints(20, 21));
    var plan = plan(Map.of(HTTP, wanted));
    assertThat(plan.update()).singleElement().satisfies(s -> assertThat(name(s)).isEqualTo("s0"));
    assertThat(plan.create()).isEmpty();
    apply(plan);
    assertThat(sizes()).containsExactly(5, 5, 2);
  }

  @Test
  void slicesThatAreHalfEmptyAreLetAlone() {
    apply(plan(Map.of(HTTP, endpoints(0, 10))));
    var few = new ArrayList<>(endpoints(0, 2));
    few.addAll(endpoints(5, 7));
    apply(plan(Map.of(HTTP, few)));
    assertThat(sizes()).containsExactly(2, 2);
    assertThat(plan(Map.of(HTTP, few)).isEmpty()).isTrue();
  }

  @Test
  void otherPortsMakeOtherSlicesAndTheEmptiedOneIsUsedAgain() {
    apply(plan(Map.of(HTTP, endpoints(0, 3))));
    var plan = plan(Map.of(group(8080), endpoints(0, 3)));
    assertThat(plan.create()).isEmpty();
    assertThat(plan.delete()).isEmpty();
    assertThat(plan.update())
        .singleElement()
        .satisfies(
            s -> {
              assertThat(name(s)).isEqualTo("s0");
              assertThat(s.getPorts().getFirst().getPort()).isEqualTo(8080);
              assertThat(s.getEndpoints()).hasSize(3);
            });
  }

  @Test
  void nothingIsOneEmptySliceAndStaysIt() {
    Map<SliceGroup, List<Endpoint>> nothing =
        Map.of(SliceGroup.of(AddressFamily.IPV4, List.of()), List.of());
    apply(plan(nothing));
    assertThat(sizes()).containsExactly(0);
    assertThat(plan(nothing).isEmpty()).isTrue();
    apply(plan(Map.of(HTTP, endpoints(0, 7))));
    apply(plan(nothing));
    assertThat(sizes()).containsExactly(0);
  }

  @Test
  void slicesOfAnotherOwnerGoAndLabelsAreMended() {
    apply(plan(Map.of(HTTP, endpoints(0, 6))));
    edit(
        "s0",
        b ->
            b.editMetadata()
                .editFirstOwnerReference()
                .withUid("old")
                .endOwnerReference()
                .endMetadata());
    edit("s1", b -> b.editMetadata().addToLabels("stray", "1").endMetadata());
    var plan = plan(Map.of(HTTP, endpoints(0, 6)));
    assertThat(plan.delete()).singleElement().satisfies(s -> assertThat(name(s)).isEqualTo("s0"));
    apply(plan);
    assertThat(store.values()).allMatch(OWNER::describes);
    assertThat(sizes()).containsExactlyInAnyOrder(5, 1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverHappensEveryEndpointIsInOneSliceOfItsPorts(long seed) {
    var random = new Random(seed);
    for (var round = 0; round < 200; round++) {
      var wanted = new HashMap<SliceGroup, List<Endpoint>>();
      for (var port : List.of(80, 81, 82)) {
        var some =
            IntStream.range(0, 30)
                .filter(i -> random.nextInt(3) > 0)
                .mapToObj(i -> endpoint(i + 100 * port, random.nextInt(8) > 0))
                .toList();
        if (!some.isEmpty() && random.nextInt(5) > 0) {
          wanted.put(group(port), some);
        }
      }
      if (wanted.isEmpty()) {
        wanted.put(SliceGroup.of(AddressFamily.IPV4, List.of()), List.of());
      }
      apply(plan(wanted));

      assertThat(store.values()).allMatch(s -> s.getEndpoints().size() <= MOST);
      wanted.forEach(
          (group, endpoints) ->
              assertThat(
                      store.values().stream()
                          .filter(group::matches)
                          .flatMap(s -> s.getEndpoints().stream()))
                  .containsExactlyInAnyOrderElementsOf(endpoints));
      assertThat(store.values())
          .allMatch(s -> wanted.keySet().stream().anyMatch(group -> group.matches(s)));
      assertThat(plan(wanted).isEmpty()).isTrue();
    }
  }

  private SlicePlan plan(Map<SliceGroup, List<Endpoint>> wanted) {
    return SlicePlan.of(OWNER, wanted, store.values(), MOST);
  }

  private void apply(SlicePlan plan) {
    plan.delete().forEach(slice -> store.remove(name(slice)));
    plan.update().forEach(slice -> store.put(name(slice), stored(slice, name(slice))));
    for (var slice : plan.create()) {
      var name = "s" + names++;
      store.put(name, stored(slice, name));
    }
  }

  /** As the informer shows it: read from JSON. */
  private static EndpointSlice stored(EndpointSlice slice, String name) {
    var named = new EndpointSliceBuilder(slice).editMetadata().withName(name).endMetadata().build();
    return Json.convert(Json.tree(named), EndpointSlice.class);
  }

  private void edit(String name, UnaryOperator<EndpointSliceBuilder> edit) {
    store.put(name, edit.apply(new EndpointSliceBuilder(store.get(name))).build());
  }

  private List<Integer> sizes() {
    return store.values().stream().map(slice -> slice.getEndpoints().size()).toList();
  }

  private static String name(EndpointSlice slice) {
    return slice.getMetadata().getName();
  }

  private static SliceGroup group(int port) {
    return SliceGroup.of(
        AddressFamily.IPV4,
        List.of(new EndpointPortBuilder().withName("").withPort(port).withProtocol("TCP").build()));
  }

  private static List<Endpoint> endpoints(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> endpoint(i, true)).toList();
  }

  private static Endpoint endpoint(int i, boolean ready) {
    return new EndpointBuilder()
        .withAddresses("10.0.%d.%d".formatted(i / 250, i % 250))
        .withNewConditions()
        .withReady(ready)
        .withServing(ready)
        .withTerminating(false)
        .endConditions()
        .withNodeName("node")
        .withNewTargetRef()
        .withKind("Pod")
        .withName("pod-" + i)
        .withUid("uid-" + i)
        .endTargetRef()
        .build();
  }
}
