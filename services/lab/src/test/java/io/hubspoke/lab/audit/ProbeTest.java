package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProbeTest {
  private static final String LONG = "x".repeat(500);

  @Test
  void anAnswerIsQuotedByTheBeginningOfItsFirstLine() {
    assertThat(new Probe.Answer(404, "none\nat all").brief()).isEqualTo("404 none");
    assertThat(new Probe.Answer(200, LONG).brief()).isEqualTo("200 " + LONG.substring(0, 160));
    assertThat(new Probe.Answer(204, "").brief()).isEqualTo("204 ");
  }

  @Test
  void whatWasAlteredInALongAnswerIsAmongWhatIsQuoted() {
    assertThat(new Probe.Answer(200, "first\n" + LONG + "forged" + LONG).brief("forged"))
        .isEqualTo("200 ..." + LONG.substring(0, 154) + "forged");
    assertThat(new Probe.Answer(200, "forged" + LONG).brief("forged"))
        .isEqualTo("200 forged" + LONG.substring(0, 154));
    assertThat(new Probe.Answer(502, "nothing of it").brief("forged"))
        .isEqualTo("502 nothing of it");
  }
}
