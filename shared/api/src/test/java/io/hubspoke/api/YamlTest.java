package io.hubspoke.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class YamlTest {

  @Test
  void readsScalarsAsJsonHasThem() {
    assertThat(
            yaml(
                """
                a: 1
                b: "1"
                c: true
                d: null
                e: [1.5, 0x10, 0644, -3]
                f: {g: text}
                h: 2024-01-01
                i: &x {j: 1}
                k: *x
                """))
        .hasToString(
            "{\"a\":1,\"b\":\"1\",\"c\":true,\"d\":null,\"e\":[1.5,16,420,-3],"
                + "\"f\":{\"g\":\"text\"},\"h\":\"2024-01-01\",\"i\":{\"j\":1},\"k\":{\"j\":1}}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "- a", "a: [", "a: b\n---\nc: d", "a: 1\na: 2", "&a [*a]", "? [x]\n: y"})
  void refusesWhatIsNoObject(String text) {
    assertThatThrownBy(() -> yaml(text))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400));
  }

  @Test
  @Timeout(20)
  void refusesAnAliasBomb() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      String alias = "*a" + (i - 1);
      bomb.append("a%d: &a%d [%s, %s, %s, %s]%n".formatted(i, i, alias, alias, alias, alias));
    }
    assertThatThrownBy(() -> yaml(bomb.toString())).isInstanceOf(ApiException.class);
  }

  @Test
  void refusesAnObjectThatContainsItself() {
    assertThatThrownBy(() -> yaml("a: &a {b: *a}")).isInstanceOf(ApiException.class);
  }

  @Test
  void refusesDeepNesting() {
    assertThatThrownBy(() -> yaml("a: " + "[".repeat(10_000) + "]".repeat(10_000)))
        .isInstanceOf(ApiException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"- x\n", "[", "{", "x: 1\n", "- ", "? ", "!a &b c\n", "[x,"})
  @Timeout(10)
  void hostileBodiesCostLittle(String part) {
    byte[] body = ("a:\n" + part.repeat((Yaml.MAX_BYTES - 10) / part.length())).getBytes(UTF_8);
    // Without a bound the graph of such a body takes hundreds of megabytes.
    long before = allocated();
    assertThatThrownBy(() -> Yaml.parseObject(body))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400));
    assertThat(allocated() - before).isLessThan(200L * 1024 * 1024);
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  @Test
  void refusesMoreThanAMegabyteUnread() {
    assertThatThrownBy(() -> Yaml.parseObject(new byte[Yaml.MAX_BYTES + 1]))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(413));
    assertThat(yaml("a: " + "x".repeat(Yaml.MAX_BYTES - 3)).toString()).hasSizeGreaterThan(1000);
  }

  private static Object yaml(String text) {
    return Yaml.parseObject(text.getBytes(StandardCharsets.UTF_8));
  }
}
