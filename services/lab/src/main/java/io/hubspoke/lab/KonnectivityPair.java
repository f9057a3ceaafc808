package io.hubspoke.lab;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.lab.bench.tunnel.BareTls;
import io.hubspoke.lab.bench.tunnel.TunnelEnds;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.konnectivity.GrpcDialer;
import io.hubspoke.tunnel.konnectivity.HttpConnectDialer;
import io.hubspoke.tunnel.konnectivity.TunnelServer;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Konnectivity server and an agent in processes of their own, with certificates at both ends of
 * both ways; ours, or the real ones.
 */
final class KonnectivityPair implements TunnelEnds {
  private static final Duration VALIDITY = Duration.ofDays(1);
  private static final String ADDRESS = "127.0.0.1";

  private final String way;
  private final Path directory;
  private final Process server;
  private final Process agent;
  private final Dialer dialer;
  private final int port;

  private KonnectivityPair(
      String way, Path directory, Process server, Process agent, Dialer dialer, int port) {
    this.way = way;
    this.directory = directory;
    this.server = server;
    this.agent = agent;
    this.dialer = dialer;
    this.port = port;
  }

  /**
   * Starts one; it is not ready yet.
   *
   * @param mode as the server's flag has it: {@code grpc} or {@code http-connect}
   * @param peers the folder of the real ones; null for ours
   */
  static KonnectivityPair start(Vertx vertx, String mode, Path peers) throws IOException {
    var directory = Files.createTempDirectory("hubspoke-bench-");
    var authority = CertificateAuthority.create("konnectivity", VALIDITY);
    authority.write(directory.resolve("ca.crt"), directory.resolve("ca.key"));
    authority
        .issueServer("konnectivity-server", SubjectAltNames.of(List.of(ADDRESS)), VALIDITY)
        .write(directory.resolve("server.crt"), directory.resolve("server.key"));
    authority
        .issueClient("konnectivity-agent", List.of(), VALIDITY)
        .write(directory.resolve("agent.crt"), directory.resolve("agent.key"));
    Identity client = authority.issueClient("kube-apiserver", List.of(), VALIDITY);
    client.write(directory.resolve("client.crt"), directory.resolve("client.key"));
    int port = FreePort.at(ADDRESS);
    int agentPort = FreePort.at(ADDRESS);
    var server = start("proxy-server", peers, serverFlags(directory, mode, port, agentPort));
    var agent = start("proxy-agent", peers, agentFlags(directory, agentPort));
    var frontend =
        TunnelServer.tls(
            ADDRESS, port, new ReloadableKeys(client), Tls.trust(List.of(authority.certificate())));
    var way = peers == null ? mode : "real " + mode;
    Dialer dialer =
        mode.equals("grpc")
            ? new GrpcDialer(vertx, way, frontend)
            : new HttpConnectDialer(vertx, way, frontend);
    return new KonnectivityPair(way, directory, server, agent, dialer, port);
  }

  private static Process start(String component, Path peers, List<String> flags)
      throws IOException {
    var arguments = new ArrayList<String>();
    if (peers == null) {
      arguments.add(component);
      arguments.addAll(flags);
      return OwnCommand.component(arguments);
    }
    arguments.add(peers.resolve(component).toString());
    arguments.addAll(flags);
    // They tell everything that they do.
    return new ProcessBuilder(arguments)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static List<String> serverFlags(Path directory, String mode, int port, int agentPort)
      throws IOException {
    return List.of(
        "--mode=" + mode,
        "--server-bind-address=" + ADDRESS,
        "--server-port=" + port,
        "--server-ca-cert=" + directory.resolve("ca.crt"),
        "--server-cert=" + directory.resolve("server.crt"),
        "--server-key=" + directory.resolve("server.key"),
        "--agent-bind-address=" + ADDRESS,
        "--agent-port=" + agentPort,
        "--cluster-ca-cert=" + directory.resolve("ca.crt"),
        "--cluster-cert=" + directory.resolve("server.crt"),
        "--cluster-key=" + directory.resolve("server.key"),
        "--health-bind-address=" + ADDRESS,
        "--health-port=" + FreePort.at(ADDRESS),
        "--admin-bind-address=" + ADDRESS,
        "--admin-port=" + FreePort.at(ADDRESS));
  }

  private static List<String> agentFlags(Path directory, int agentPort) throws IOException {
    return List.of(
        "--proxy-server-host=" + ADDRESS,
        "--proxy-server-port=" + agentPort,
        "--ca-cert=" + directory.resolve("ca.crt"),
        "--agent-cert=" + directory.resolve("agent.crt"),
        "--agent-key=" + directory.resolve("agent.key"),
        "--health-server-host=" + ADDRESS,
        "--health-server-port=" + FreePort.at(ADDRESS),
        "--admin-bind-address=" + ADDRESS,
        "--admin-server-port=" + FreePort.at(ADDRESS));
  }

  @Override
  public String way() {
    return way;
  }

  @Override
  public Dialer dialer() {
    return dialer;
  }

  @Override
  public Map<String, ServerProcess> processes() {
    var processes = new LinkedHashMap<String, ServerProcess>();
    processes.put("server", new ServerProcess(server.pid()));
    processes.put("agent", new ServerProcess(agent.pid()));
    return processes;
  }

  @Override
  public List<String> curl() {
    return dialer instanceof HttpConnectDialer
        ? List.of(
            "--proxytunnel",
            "--proxy",
            "https://" + ADDRESS + ":" + port,
            "--proxy-cacert",
            directory.resolve("ca.crt").toString(),
            "--proxy-cert",
            directory.resolve("client.crt").toString(),
            "--proxy-key",
            directory.resolve("client.key").toString())
        : null;
  }

  @Override
  public BareTls bareTls() throws IOException, InterruptedException {
    return dialer instanceof HttpConnectDialer
        ? BareTls.start(ADDRESS, FreePort.at(ADDRESS), directory)
        : null;
  }

  @Override
  public void close() throws IOException {
    // Nobody waits: no connection of it is left.
    dialer.close().otherwiseEmpty();
    ServerProcess.end(agent);
    ServerProcess.end(server);
    DirectoryTree.delete(directory);
  }
}
