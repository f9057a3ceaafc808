package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VerbosityTest {
  @Test
  void aLevelIsTakenAsGoTakesIt() {
    for (var go : new String[][] {{"-v", "4"}, {"-v=4"}, {"-v4"}, {"--v=4"}}) {
      var arguments = new String[go.length + 2];
      arguments[0] = "proxy-agent";
      System.arraycopy(go, 0, arguments, 1, go.length);
      arguments[go.length + 1] = "--help";
      assertThat(Verbosity.asOneWord(arguments)).containsExactly("proxy-agent", "--v=4", "--help");
    }
  }

  @Test
  void flagsOfAllCommandsMayComeBefore() {
    assertThat(Verbosity.asOneWord("--logging-format", "text", "proxy-agent", "-v", "4"))
        .containsExactly("--logging-format", "text", "proxy-agent", "--v=4");
  }

  @Test
  void withoutALevelItIsLeftAsItIs() {
    assertThat(Verbosity.asOneWord("proxy-server", "-v", "--mode=grpc", "-vv"))
        .containsExactly("proxy-server", "-v", "--mode=grpc", "-vv");
    assertThat(Verbosity.asOneWord("up", "-v", "4")).containsExactly("up", "-v", "4");
    assertThat(Verbosity.asOneWord()).isEmpty();
  }
}
