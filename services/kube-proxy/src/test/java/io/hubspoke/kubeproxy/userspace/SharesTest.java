package io.hubspoke.kubeproxy.userspace;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SharesTest {
  private final Shares shares = new Shares(100);

  private static InetAddress client(int number) {
    return InetAddress.ofLiteral("10.0.0." + number);
  }

  private int takeAll(InetAddress client) {
    return (int) IntStream.range(0, 200).filter(i -> shares.take(client)).count();
  }

  @Test
  void oneAloneHasHalfAndEachOneAfterItHalfOfTheRest() {
    assertThat(takeAll(client(1))).isEqualTo(50);
    assertThat(takeAll(client(2))).isEqualTo(25);
    assertThat(takeAll(client(3))).isBetween(12, 13);
    assertThat(takeAll(client(1))).isZero();
  }

  @Test
  void whatIsGivenBackIsThereForOthers() {
    takeAll(client(1));
    for (int i = 0; i < 50; i++) {
      shares.give(client(1));
    }

    assertThat(shares.open()).isZero();
    assertThat(takeAll(client(2))).isEqualTo(50);
  }
}
