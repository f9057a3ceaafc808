package io.hubspoke.lab.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.Json;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
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

  @Test
  void anEarlierRunIsReadFromItsFigures() {
    var run = run(1_000, 27);
    var json =
        Json.object()
            .put("nodes", run.nodes())
            .put("readySeconds", run.readySeconds())
            .put("holdMegabytes", run.megabytes())
            .put("joinCpuSeconds", run.joinCpuSeconds())
            .put("holdCpus", run.holdCpus());

    assertThat(ScaleCost.of(json)).isEqualTo(run);
    assertThatThrownBy(() -> ScaleCost.of(Json.object().put("nodes", 3)))
        .hasMessage("holds a run without nodes or readySeconds");
  }

  private static ScaleCost run(int nodes, double seconds) {
    return new ScaleCost(
        nodes, 0, seconds, 280 + nodes / 3, seconds * 1.7, 0.05 + nodes / 10_000.0);
  }
}
