package io.hubspoke.lab.scale;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Draws what nodes cost against their number, as SVG: time to ready, memory, and processor time. A
 * dashed line goes on as the second of the runs began; where the drawn one leaves it, it bends.
 */
public final class CostPlot {
  private static final int WIDTH = 300;
  private static final int HEIGHT = 220;
  private static final int LEFT = 62;
  private static final int TOP = 44;
  private static final int GAP = 88;
  private static final int BOTTOM = 52;
  private static final int TICKS = 5;

  /** One quantity against the nodes. */
  private record Panel(String title, String unit, ToDoubleFunction<ScaleCost> value) {}

  private static final List<Panel> PANELS =
      List.of(
          new Panel("Time until all are ready", "s", ScaleCost::readySeconds),
          new Panel("Memory, all processes", "MB", ScaleCost::megabytes),
          new Panel("Processor time until ready", "s", ScaleCost::joinCpuSeconds),
          new Panel("Processors busy, at rest", "", ScaleCost::holdCpus));

  private final StringBuilder svg = new StringBuilder();

  private CostPlot() {}

  /** Returns the drawing of at least two runs, by their number of nodes. */
  public static String of(List<ScaleCost> runs) {
    var sorted = runs.stream().sorted(Comparator.comparingInt(ScaleCost::nodes)).toList();
    return new CostPlot().draw(sorted);
  }

  private String draw(List<ScaleCost> runs) {
    int columns = 2;
    int rows = Math.ceilDiv(PANELS.size(), columns);
    int width = columns * (LEFT + WIDTH) + GAP;
    int height = rows * (TOP + HEIGHT + BOTTOM) + 8;
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
            + " font-family=\"sans-serif\" font-size=\"12\" fill=\"#24292f\">",
        width, height, width, height);
    add("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", width, height);
    for (int i = 0; i < PANELS.size(); i++) {
      int x = LEFT + i % columns * (WIDTH + GAP);
      int y = TOP + i / columns * (TOP + HEIGHT + BOTTOM);
      panel(PANELS.get(i), runs, x, y);
    }
    add("</svg>");
    return svg.toString();
  }

  private void panel(Panel panel, List<ScaleCost> runs, int x, int y) {
    double mostNodes = runs.getLast().nodes();
    double most = runs.stream().mapToDouble(panel.value).max().orElse(1);
    double step = step(most / TICKS);
    double top = Math.ceil(most / step) * step;
    add(
        "<text x=\"%d\" y=\"%d\" font-size=\"14\" font-weight=\"bold\">%s%s</text>",
        x, y - 16, panel.title, panel.unit.isEmpty() ? "" : " (" + panel.unit + ")");
    for (double tick = 0; tick <= top * 1.001; tick += step) {
      double at = y + HEIGHT - tick / top * HEIGHT;
      add(
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#d8dee4\"/>",
          x, at, x + WIDTH, at);
      add("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", x - 8, at + 4, label(tick));
    }
    double nodeStep = step(mostNodes / TICKS);
    for (double tick = 0; tick <= mostNodes * 1.001; tick += nodeStep) {
      double at = x + tick / mostNodes * WIDTH;
      add(
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
          at, y + HEIGHT + 18, label(tick));
    }
    add(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#57606a\">nodes</text>",
        x + WIDTH / 2, y + HEIGHT + 36);
    straight(panel, runs, x, y, mostNodes, top);
    var points = new StringBuilder();
    for (var run : runs) {
      double at = x + run.nodes() / mostNodes * WIDTH;
      double height = y + HEIGHT - panel.value.applyAsDouble(run) / top * HEIGHT;
      points.append(format("%.1f,%.1f ", at, height));
      add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#0969da\"/>", at, height);
    }
    add(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"#0969da\" stroke-width=\"2\"/>",
        points.toString().strip());
    var last = runs.getLast();
    add(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" fill=\"#0969da\">%s</text>",
        x + WIDTH - 8.0,
        y + HEIGHT - panel.value.applyAsDouble(last) / top * HEIGHT - 8,
        label(panel.value.applyAsDouble(last)));
  }

  /** What it would be if every node cost what those cost that the second run had more. */
  private void straight(
      Panel panel, List<ScaleCost> runs, int x, int y, double mostNodes, double top) {
    var first = runs.get(0);
    var second = runs.get(1);
    double slope =
        (panel.value.applyAsDouble(second) - panel.value.applyAsDouble(first))
            / (second.nodes() - first.nodes());
    double from = panel.value.applyAsDouble(first);
    double to = from + slope * (mostNodes - first.nodes());
    double end = mostNodes;
    if (to > top) {
      end = first.nodes() + (top - from) / slope;
      to = top;
    }
    add(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#8c959f\""
            + " stroke-dasharray=\"4 4\"/>",
        x + first.nodes() / mostNodes * WIDTH,
        y + HEIGHT - from / top * HEIGHT,
        x + end / mostNodes * WIDTH,
        y + HEIGHT - Math.max(0, to) / top * HEIGHT);
  }

  /** Returns a round number: 1, 2 or 5 times a power of ten. */
  private static double step(double least) {
    double power = Math.pow(10, Math.floor(Math.log10(Math.max(least, 1e-6))));
    for (int times : new int[] {1, 2, 5}) {
      if (times * power >= least) {
        return times * power;
      }
    }
    return 10 * power;
  }

  private static String label(double value) {
    return value == Math.rint(value) || value >= 100
        ? format("%,.0f", value)
        : format(value >= 10 ? "%.1f" : "%.2f", value);
  }

  private void add(String line, Object... values) {
    svg.append(format(line, values)).append('\n');
  }

  private static String format(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }
}
