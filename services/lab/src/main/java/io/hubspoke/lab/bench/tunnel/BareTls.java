package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.runtime.Programs;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * OpenSSL's own server with nothing behind it: what a client's handshake takes where there is no
 * tunnel.
 *
 * @param options by which curl shows its certificate
 */
public record BareTls(Process process, List<String> options, String url) implements AutoCloseable {
  private static final int POLL_MILLIS = 20;

  /**
   * Starts one that verifies its clients.
   *
   * @param files with {@code ca.crt}, and certificates and keys of {@code server} and {@code
   *     client}
   * @return null where OpenSSL is not on the PATH
   */
  public static BareTls start(String address, int port, Path files)
      throws IOException, InterruptedException {
    var openssl = Programs.find("openssl");
    if (openssl.isEmpty()) {
      return null;
    }
    var process =
        new ProcessBuilder(
                openssl.get().toString(),
                "s_server",
                "-quiet",
                "-www",
                "-accept",
                address + ":" + port,
                "-cert",
                files.resolve("server.crt").toString(),
                "-key",
                files.resolve("server.key").toString(),
                "-CAfile",
                files.resolve("ca.crt").toString(),
                "-Verify",
                "1",
                "-verify_return_error")
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD)
            .start();
    var bare =
        new BareTls(
            process,
            List.of(
                "--cacert",
                files.resolve("ca.crt").toString(),
                "--cert",
                files.resolve("client.crt").toString(),
                "--key",
                files.resolve("client.key").toString()),
            "https://%s:%d/".formatted(address, port));
    try {
      awaitListening(process, address, port);
      return bare;
    } catch (IOException | InterruptedException e) {
      bare.close();
      throw e;
    }
  }

  private static void awaitListening(Process process, String address, int port)
      throws IOException, InterruptedException {
    while (true) {
      try (var _ = new Socket(address, port)) {
        return;
      } catch (ConnectException notYet) {
        if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new IOException(
              "openssl s_server ended with status " + process.exitValue(), notYet);
        }
      }
    }
  }

  @Override
  public void close() {
    ServerProcess.end(process);
  }
}
