package io.hubspoke.lab.scale;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.lab.bench.Latencies;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

class CostPlotTest {
  @Test
  void everyRunIsAPointOfEachCurve() throws Exception {
    var svg = CostPlot.of(List.of(run(10_000, 290), run(100, 4), run(1_000, 27), run(5_000, 130)));

    var drawing =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    assertThat(drawing.getElementsByTagName("polyline").getLength()).isEqualTo(4);
    assertThat(drawing.getElementsByTagName("circle").getLength()).isEqualTo(16);
    assertThat(svg)
        .contains("Time until all are ready (s)", "Memory, all processes (MB)", ">nodes<")
        .contains(">10,000<", ">290<");
  }

  static ScaleResult run(int nodes, double seconds) {
    return new ScaleResult(
        new ScalePlan(nodes, 1, 0, Duration.ofSeconds(30), 5, Path.of("lab")),
        seconds,
        0,
        List.of(
            new ScaleResult.ProcessCost(
                "control plane", 200, 220, seconds * 1.7, 0.05 + nodes / 10_000.0)),
        300 + nodes / 3,
        280 + nodes / 3,
        List.of(),
        List.of(),
        new Latencies(),
        new LeaseWatch.Renewals(0, new Latencies(), 0, 0),
        0,
        0,
        new Sample.Result(0, List.of()),
        List.of());
  }
}
