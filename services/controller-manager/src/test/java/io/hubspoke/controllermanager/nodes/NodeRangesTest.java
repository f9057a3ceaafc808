package io.hubspoke.controllermanager.nodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.AddressRange;
import org.junit.jupiter.api.Test;

class NodeRangesTest {
  private static NodeRanges of(String cluster, int maskSize) {
    return new NodeRanges(AddressRange.parse(cluster), maskSize);
  }

  @Test
  void nodesGetPartsOfTheirOwnUntilNoneIsLeft() {
    var ranges = of("10.244.9.9/16", 18);
    assertThat(ranges.assign("a")).contains("10.244.0.0/18");
    assertThat(ranges.assign("b")).contains("10.244.64.0/18");
    assertThat(ranges.assign("a")).contains("10.244.0.0/18");
    assertThat(ranges.assign("c")).contains("10.244.128.0/18");
    assertThat(ranges.assign("d")).contains("10.244.192.0/18");
    assertThat(ranges.assign("e")).isEmpty();
    ranges.release("b");
    assertThat(ranges.assign("e")).contains("10.244.64.0/18");
  }

  @Test
  void whatNodesHaveAlreadyIsNotGivenToOthers() {
    var ranges = of("127.20.0.0/16", 24);
    ranges.occupied("old", "127.20.0.0/24");
    ranges.occupied("foreign", "127.21.1.0/24");
    ranges.occupied("other size", "127.20.1.0/25");
    ranges.occupied("broken", "none");
    assertThat(ranges.assign("new")).contains("127.20.1.0/24");
    // Two that somebody gave the same: it is free when both are gone.
    ranges.occupied("twin", "127.20.0.0/24");
    ranges.release("old");
    assertThat(ranges.assign("next")).contains("127.20.2.0/24");
    ranges.release("twin");
    assertThat(ranges.assign("last")).contains("127.20.0.0/24");
  }

  @Test
  void aSizeThatDoesNotDivideTheRangeIsRefusedWithItsFlag() {
    assertThatThrownBy(() -> of("10.0.0.0/24", 16)).hasMessageContaining("--node-cidr-mask-size");
    assertThatThrownBy(() -> of("10.0.0.0/8", 25)).hasMessageContaining("--node-cidr-mask-size");
    assertThatThrownBy(() -> of("fd00::/48", 64)).hasMessageContaining("--cluster-cidr");
  }
}
