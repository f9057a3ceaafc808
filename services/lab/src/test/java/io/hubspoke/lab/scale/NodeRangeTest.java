package io.hubspoke.lab.scale;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NodeRangeTest {
  @Test
  void everyNodeIsInOnePool() {
    var ranges = NodeRange.deal(10, 3);

    assertThat(ranges)
        .containsExactly(new NodeRange(1, 3), new NodeRange(4, 6), new NodeRange(7, 10));
    assertThat(ranges.stream().mapToInt(NodeRange::size).sum()).isEqualTo(10);
  }
}
