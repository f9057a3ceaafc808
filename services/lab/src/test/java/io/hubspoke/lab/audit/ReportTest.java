package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.lab.Egress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final String REFUSED = "the interceptor was refused";

  @Test
  void whatIsToBeSaidOfSeveralRowsIsSaidOnce() {
    var text =
        printed(
            row("N1", "-", REFUSED),
            row("C1", "direct", "the interceptor read: x", "and the caller received: y"),
            row("C1v", "direct", REFUSED));

    assertThat(text)
        .contains(
            """
            Seen on the wire:
            N1 C1v
                 the interceptor was refused
            C1   the interceptor read: x
                 and the caller received: y

            """);
  }

  @Test
  void eachTunnelSpeaksForItself() {
    var text =
        printed(
            row("N11", "-", REFUSED),
            row("T1", Egress.SSH.toString(), REFUSED, "behind it, all"),
            row("C1v", Egress.SSH.toString(), REFUSED),
            row("C2", Egress.SSH.toString(), REFUSED, "behind it, all"),
            row("T2", Egress.KONNECTIVITY_GRPC.toString(), REFUSED, "behind it, all"));

    assertThat(text)
        .contains(
            """
            Seen on the wire:
            N11  the interceptor was refused
            T1 C2 through ssh
                 the interceptor was refused
                 behind it, all
            C1v through ssh
                 the interceptor was refused
            T2 through konnectivity-grpc
                 the interceptor was refused
                 behind it, all

            """);
  }

  @Test
  void theJsonHasTheEvidenceOfEveryRow() {
    var report = report(row("N1", "-", REFUSED), row("N2", "-", REFUSED));

    assertThat(report.json().path("routes"))
        .hasSize(2)
        .allSatisfy(route -> assertThat(route.toString()).contains(REFUSED));
  }

  @Test
  void nothingMeasuredIsNotAsExpected() {
    assertThat(report().asExpected()).isFalse();
    assertThat(report(row("N1", "-", REFUSED)).asExpected()).isTrue();
  }

  @Test
  void whatCouldNotBeMeasuredIsSaidAndCountsForNothing() {
    var measured = row("T2", Egress.KONNECTIVITY_GRPC.toString(), REFUSED);
    var row =
        new Row(
            measured.id(),
            measured.title(),
            measured.posture(),
            measured.egress(),
            Map.of(Property.SERVER_VERIFIED, true, Property.CLIENT_AUTHENTICATED, true),
            Map.of(),
            Map.of(
                Property.SERVER_VERIFIED,
                measured.verdicts().get(Property.SERVER_VERIFIED),
                Property.CLIENT_AUTHENTICATED,
                new Verdict.NotMeasured("it is elsewhere")),
            Optional.empty(),
            Duration.ZERO);

    assertThat(printed(row))
        .contains(
            "is not measured: it is elsewhere",
            "1 of 1 routes as expected, 1 of all measured in part");
    assertThat(report(row).json().at("/routes/0/properties").toString())
        .contains("{\"expected\":true,\"measured\":\"-\",\"reason\":\"it is elsewhere\"}");
  }

  private static String printed(Row... rows) {
    var out = new StringWriter();
    report(rows).print(new PrintWriter(out), false);
    return out.toString().replace(System.lineSeparator(), "\n");
  }

  private static Report report(Row... rows) {
    return new Report(List.of(rows), Duration.ofSeconds(1));
  }

  private static Row row(String id, String egress, String... inShort) {
    var evidence = Checks.evidence();
    List.of(inShort).forEach(line -> Checks.inShort(evidence, line));
    return new Row(
        id,
        "a route",
        "default",
        egress,
        Map.of(Property.SERVER_VERIFIED, true),
        Map.of(),
        Map.of(Property.SERVER_VERIFIED, new Verdict.Holds(evidence)),
        Optional.empty(),
        Duration.ZERO);
  }
}
