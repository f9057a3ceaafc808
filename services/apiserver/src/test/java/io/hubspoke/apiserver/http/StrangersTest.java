package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.SilentClients;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Those who connect and don't show who they are leave room for others. */
class StrangersTest {
  private static final int MOST = 16;
  private static final int MOST_STRANGERS = 12;

  @TempDir private Path dir;

  private TestApiserver server;

  @BeforeEach
  void start() throws Exception {
    server = new TestApiserver(dir, StrangersTest::narrow);
  }

  private static ApiserverOptions narrow(ApiserverOptions options) {
    Duration ever = Duration.ofMinutes(5);
    return options.with(
        new Limits(
            Duration.ofSeconds(20), 0, 0, new ConnectionLimits(MOST, ever, ever, ever, ever)));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void thoseWithoutAHandshakeAreFew() throws Exception {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    try (var silent = new SilentClients(address, 100)) {
      Await.until("those too many are let go", silent::open, open -> open <= MOST_STRANGERS);
      assertThat(silent.open()).as("those that are not too many").isPositive();
    }
  }

  @Test
  void thoseWithoutARequestAreFew() throws Exception {
    var tls = SSLContext.getInstance("TLS");
    tls.init(null, new TrustManager[] {Tls.trustAny(List.of())}, null);
    List<SSLSocket> strangers = new ArrayList<>();
    try {
      for (int i = 0; i < 3 * MOST; i++) {
        var socket = (SSLSocket) tls.getSocketFactory().createSocket();
        strangers.add(socket);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        begin(socket);
      }
      Await.until("an administrator's answer", this::administratorIsServed);
    } finally {
      for (var socket : strangers) {
        socket.close();
      }
    }
  }

  private static void begin(SSLSocket socket) {
    try {
      socket.startHandshake();
    } catch (IOException e) {
      // It has been let go already, or refused.
    }
  }

  private boolean administratorIsServed() throws Exception {
    try {
      return server.admin().get("/api/v1/nodes").code() == 200;
    } catch (IOException refused) {
      return false;
    }
  }
}
