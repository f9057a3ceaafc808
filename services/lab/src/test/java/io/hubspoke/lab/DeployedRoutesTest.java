package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DeployedRoutesTest {
  private static final List<Meshes.Kind> OVERLAYS =
      Stream.concat(
              Stream.of(Egress.values()).map(egress -> new Meshes.Kind(Posture.DEFAULT, egress)),
              Stream.of(new Meshes.Kind(Posture.VERIFIED, Egress.DIRECT)))
          .toList();

  private static List<String> measured(Posture posture, Egress egress) {
    return new DeployedRoutes(new Meshes.Kind(posture, egress))
        .passes(Audit.routes()).stream()
            .flatMap(pass -> pass.routes().stream())
            .map(Route::label)
            .toList();
  }

  @Test
  void eachRouteIsMeasuredOrNotForAReason() {
    for (var kind : OVERLAYS) {
      var routes = new DeployedRoutes(kind);
      var said =
          Stream.concat(
                  routes.passes(Audit.routes()).stream().flatMap(pass -> pass.routes().stream()),
                  routes.notMeasured().values().stream().flatMap(List::stream))
              .map(Route::label)
              .toList();
      assertThat(said)
          .containsExactlyInAnyOrderElementsOf(Audit.routes().stream().map(Route::label).toList());
    }
  }

  @Test
  void theOverlaysTogetherMeasureAllThatCanBe() {
    var all = new HashSet<String>();
    OVERLAYS.forEach(kind -> all.addAll(measured(kind.posture(), kind.egress())));
    assertThat(all)
        .containsExactlyInAnyOrderElementsOf(
            Audit.routes().stream().filter(DeployedRoutes::somewhere).map(Route::label).toList());
  }

  @Test
  void anOverlayMeasuresItsOwn() {
    assertThat(measured(Posture.DEFAULT, Egress.DIRECT))
        .contains(
            "N1", "N2", "N6", "N7", "N8", "N9", "C1", "C4", "C4k", "C5s", "C6", "C7", "C7c", "W1")
        .doesNotContain("N3", "C1v", "C1/ssh", "N11c");
    assertThat(measured(Posture.VERIFIED, Egress.DIRECT))
        .contains("N10", "C1v", "C4kv")
        .doesNotContain("C1");
    assertThat(measured(Posture.DEFAULT, Egress.SSH))
        .contains("T1/ssh", "C6s/ssh")
        .doesNotContain("N1");
    assertThat(measured(Posture.DEFAULT, Egress.KONNECTIVITY_GRPC))
        .contains("T2/konnectivity-grpc", "N11")
        .doesNotContain("T3/konnectivity-http-connect", "N11c");
    assertThat(measured(Posture.DEFAULT, Egress.KONNECTIVITY_HTTP_CONNECT))
        .contains("T3/konnectivity-http-connect", "N9k", "N11c")
        .doesNotContain("N9", "N11");
  }
}
