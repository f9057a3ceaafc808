package io.hubspoke.kubeproxy.nftables;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Gives scripts to the kernel by {@code nft -f -}. Its methods block. */
final class Nft {
  /** What a kube-proxy needs of the kernel. */
  private static final String TRIAL =
      """
      table ip kube-proxy-trial {
      map chosen { type ipv4_addr . inet_proto . inet_service : verdict; }
      chain services {
      ip daddr . meta l4proto . th dport vmap @chosen
      numgen random mod 2 0 meta l4proto tcp dnat to 192.0.2.1:80
      }
      chain prerouting {
      type nat hook prerouting priority dstnat; policy accept;
      fib daddr type local jump services
      }
      chain postrouting {
      type nat hook postrouting priority srcnat; policy accept;
      masquerade fully-random
      }
      }
      """;

  private final Tool tool;

  private Nft(Tool tool) {
    this.tool = tool;
  }

  /** Writes commands, one a line. */
  @FunctionalInterface
  interface Script {
    void writeTo(Appendable out) throws IOException;
  }

  /**
   * Finds nft.
   *
   * @throws IOException where it isn't
   */
  static Nft find(List<String> prefix) throws IOException {
    return new Nft(
        Tool.find("nft", prefix)
            .orElseThrow(
                () ->
                    new IOException("nft is not on the PATH (Debian: apt-get install nftables)")));
  }

  /** Returns in one line why the packet filter can't be programmed, empty when it can. */
  static Optional<String> hindrance(List<String> prefix) {
    try {
      find(prefix).run(out -> out.append(TRIAL), List.of("--check", "-f", "-"));
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * Carries a script out, all of it or nothing.
   *
   * @throws IOException with what nft complained of first
   */
  void run(Script script) throws IOException {
    run(script, List.of("-f", "-"));
  }

  /** Returns whether the tables are there; they would be deleted, which is only tried. */
  boolean has(Script deletion) {
    try {
      run(deletion, List.of("--check", "-f", "-"));
      return true;
    } catch (IOException absent) {
      return false;
    }
  }

  private void run(Script script, List<String> arguments) throws IOException {
    var process = tool.start(ProcessBuilder.Redirect.DISCARD, arguments);
    // nft complains while it reads, so that somebody has to listen while it is told.
    var teller = Thread.startVirtualThread(() -> tell(process, script));
    Optional<String> failure;
    try {
      failure = Tool.failure(process);
      teller.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    if (failure.isPresent()) {
      throw new IOException("nft: " + brief(failure.get()));
    }
  }

  private static void tell(Process process, Script script) {
    try (var out = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), UTF_8))) {
      script.writeTo(out);
    } catch (IOException e) {
      // It has ended early, and says itself why.
      process.destroy();
    }
  }

  /** Returns the first complaint, with what it is about. */
  private static String brief(String complaints) {
    return complaints
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.matches("[\\^~ ]+"))
        .limit(2)
        .map(line -> line.length() > 300 ? line.substring(0, 300) + "..." : line)
        .collect(Collectors.joining(": "));
  }
}
