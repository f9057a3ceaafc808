package io.hubspoke.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DetachedSignatureTest {
  @Test
  void isWhatOthersComputeForTheSameTextAndToken() {
    // By openssl dgst -sha256 -hmac, over the header and the text in base64url.
    assertThat(DetachedSignature.of("payload", "abcdef", "0123456789abcdef"))
        .startsWith("eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..")
        .isEqualTo(
            "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..pQpAf41KnbpDpf53Otu_ufAeAbWD9CSytTS_WpoG4Mc");
  }

  @Test
  void matchesItsTextAndTokenAlone() {
    var signature = DetachedSignature.of("text", "abcdef", "0123456789abcdef");
    assertThat(DetachedSignature.matches(signature, "text", "abcdef", "0123456789abcdef")).isTrue();
    assertThat(DetachedSignature.matches(signature, "Text", "abcdef", "0123456789abcdef"))
        .isFalse();
    assertThat(DetachedSignature.matches(signature, "text", "abcdeg", "0123456789abcdef"))
        .isFalse();
    assertThat(DetachedSignature.matches(signature, "text", "abcdef", "0123456789abcdee"))
        .isFalse();
    assertThat(DetachedSignature.matches("", "text", "abcdef", "0123456789abcdef")).isFalse();
  }
}
