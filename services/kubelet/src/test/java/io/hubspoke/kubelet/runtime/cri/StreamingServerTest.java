package io.hubspoke.kubelet.runtime.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamingServerTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:39123/exec/token",
        "http://[::1]:39123/exec/token",
        "http://localhost:39123/exec/token"
      })
  void a_server_on_loopback_is_taken(String url) {
    assertThat(StreamingServer.at(url).getURI()).isEqualTo("/exec/token");
    assertThat(StreamingServer.at(url).getPort()).isEqualTo(39123);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://10.0.0.1:39123/exec/token",
        "http://0.0.0.0:39123/exec/token",
        "http://127.0.0.1.example.com:39123/exec/token",
        "http://127.0.0.1@example.com:39123/exec/token",
        "http://example.com:39123/exec/token",
        "https://127.0.0.1:39123/exec/token",
        "http://127.0.0.1/exec/token",
        "/exec/token",
        "not a url",
        ""
      })
  void any_other_is_refused_without_telling_the_token(String url) {
    assertThatThrownBy(() -> StreamingServer.at(url))
        .isInstanceOf(StartException.class)
        .hasMessageNotContaining("token");
  }
}
