package io.hubspoke.lab;

import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.Row;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.runtime.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The audit over processes that have a network namespace each. */
@Command(
    name = "netns-demo",
    mixinStandardHelpOptions = true,
    description = {
      "Measures routes as 'hubspoke demo' does, between real processes in network namespaces.",
      "Control plane and nodes have a namespace each, joined by an untrusted segment where the"
          + " audit's wires are; with tunnels a firewall cuts every other way to the nodes. Needs"
          + " Linux, root, iproute2 and nftables; all that it makes goes away with it."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every measurement is what the documents say",
      "1:one differs, or could not be made"
    },
    footer = {
      "",
      "Example:",
      "  hubspoke netns-demo --json report.json",
      "  hubspoke netns-demo --routes T1,C1/ssh --break firewall"
    })
final class NetnsDemoCommand extends MeasuringCommand {
  private static final long KILL_SECONDS = 5;

  /** A protection that is left out to see which rows tell. */
  private enum Break {
    /** Between the control plane and nodes that are to be reached by a tunnel. */
    FIREWALL,
    /** Of kubelets' serving certificates by the apiserver, where it has their authority. */
    KUBELET_CA,
    /** Of the kubelets' callers. */
    KUBELET_AUTH;

    Changes changes() {
      return switch (this) {
        case FIREWALL -> Changes.NONE;
        case KUBELET_CA ->
            Changes.NONE.withApiserver(
                options -> options.with(options.kubelet().withCertificateAuthority(null)));
        case KUBELET_AUTH ->
            Changes.NONE.withKubelet(
                kubelet ->
                    kubelet.anonymousAuth(true).authorizationMode(AuthorizationMode.ALWAYS_ALLOW));
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Mixin private RouteFlags flags;

  @Option(
      names = "--break",
      paramLabel = "WHAT",
      description =
          "Leave a protection out, to see which rows tell: firewall, kubelet-ca (the apiserver"
              + " doesn't verify kubelets), kubelet-auth (kubelets let everybody in).")
  private String broken;

  @Option(names = "--in-segment", hidden = true)
  private String prefix;

  @Option(names = "--directory", hidden = true)
  private Path directory;

  private Segment segment;
  private boolean cleaned;

  @Override
  List<Route> routes() {
    return flags.routes(spec());
  }

  @Override
  public Integer call() throws Exception {
    var what = broken();
    if (prefix != null) {
      segment = Segment.entered(prefix);
      endWithParent();
      return super.call();
    }
    // What is wrong with the flags is said before anything is made.
    routes();
    var hindrance =
        NetworkNamespace.hindrance()
            .or(() -> NetworkNamespace.missing("nft", "nftables"))
            .or(() -> NetworkNamespace.missing("nsenter", "util-linux"));
    if (hindrance.isPresent()) {
      throw new IOException("netns-demo can't run here: " + hindrance.get());
    }
    for (var pid : Segment.sweepDead()) {
      deleteFiles(Segment.prefix(pid));
      progress("removed what run %d had left".formatted(pid));
    }
    if (what != null) {
      progress("broken on purpose: " + what);
    }
    return inSegment();
  }

  private Break broken() {
    return broken == null
        ? null
        : Arrays.stream(Break.values())
            .filter(one -> one.toString().equals(broken))
            .findFirst()
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec().commandLine(),
                        "--break must be one of %s, but is \"%s\""
                            .formatted(
                                String.join(
                                    ", ",
                                    Arrays.stream(Break.values()).map(Break::toString).toList()),
                                broken)));
  }

  /** Runs this command again inside of the segment, and cleans up whatever becomes of it. */
  private int inSegment() throws Exception {
    var names = Segment.prefix(ProcessHandle.current().pid());
    var files = Files.createTempDirectory(names);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(names, files), "clean up"));
    try {
      progress("the untrusted segment is network namespace " + names + "wire");
      var wire = Segment.make(names);
      var line = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + wire));
      var arguments =
          new ArrayList<>(spec().commandLine().getParent().getParseResult().originalArgs());
      arguments.add("--in-segment=" + names);
      arguments.add("--directory=" + files);
      line.addAll(OwnCommand.with(arguments));
      // There is no hardware whose address could tell this process from others.
      line.add(line.indexOf("-cp"), "-Dio.netty.machineId=02:00:00:00:00:01");
      var inside =
          new ProcessBuilder(line)
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      return inside.waitFor();
    } finally {
      cleanUp(names, files);
    }
  }

  private static void deleteFiles(String names) throws IOException {
    var folder = Path.of(System.getProperty("java.io.tmpdir"));
    try (var left = Files.newDirectoryStream(folder, names + "*")) {
      for (var directory : left) {
        DirectoryTree.delete(directory);
      }
    }
  }

  /** Once, after what runs inside has had the time to end in order. */
  private synchronized void cleanUp(String names, Path files) {
    if (cleaned) {
      return;
    }
    cleaned = true;
    try {
      for (var child : ProcessHandle.current().children().toList()) {
        child.destroy();
        child
            .onExit()
            .orTimeout(KILL_SECONDS, TimeUnit.SECONDS)
            .exceptionally(late -> child)
            .join();
        child.destroyForcibly();
      }
      Segment.sweep(names);
      DirectoryTree.delete(files);
    } catch (IOException e) {
      progress("cleaning up failed: " + e.getMessage());
    }
  }

  /** The process that made the segment holds the other end of this one's input. */
  private void endWithParent() {
    Thread.ofPlatform()
        .daemon()
        .name("parent")
        .start(
            () -> {
              try {
                while (System.in.read() >= 0) {
                  // Nothing is said here.
                }
              } catch (IOException e) {
                // The end as well.
              }
              endAtOnce();
              Runtime.getRuntime().halt(1);
            });
  }

  /** Nobody is left to tell, and nothing worth an orderly end. */
  private void endAtOnce() {
    try {
      segment.end();
      DirectoryTree.delete(directory);
    } catch (IOException e) {
      progress("cleaning up failed: " + e.getMessage());
    }
  }

  /** One mesh at a time, since each is a dozen processes. */
  @Override
  int measure(List<Route> routes, Reporting reporting) throws Exception {
    var what = broken();
    var changes = what == null ? Changes.NONE : what.changes();
    var rows = new HashMap<Route, Row>();
    try {
      for (var kind : routes.stream().map(Route::mesh).distinct().toList()) {
        measure(kind, routes, changes, what != Break.FIREWALL, rows);
      }
    } catch (Exception e) {
      tellLogs();
      throw e;
    }
    return reporting.report(routes.stream().map(rows::get).toList());
  }

  private void measure(
      Meshes.Kind kind, List<Route> routes, Changes changes, boolean firewall, Map<Route, Row> rows)
      throws Exception {
    var ofKind = routes.stream().filter(route -> route.mesh().equals(kind)).toList();
    var lab =
        Postures.start(
            directory.resolve("meshes"),
            (vertx, options) -> NamespaceSite.make(vertx, segment, options, logs(), firewall),
            NODES,
            ofKind,
            changes,
            this::progress);
    try {
      var measured = new Audit(lab.meshes(), this::progress).run(ofKind);
      for (var i = 0; i < measured.size(); i++) {
        rows.put(ofKind.get(i), measured.get(i));
      }
    } finally {
      lab.stop();
    }
  }

  private Path logs() {
    return directory.resolve("logs");
  }

  /** What components said last; their files go away. */
  private void tellLogs() throws IOException {
    if (!Files.isDirectory(logs())) {
      return;
    }
    try (var files = Files.newDirectoryStream(logs())) {
      for (var file : files) {
        var lines = Files.readAllLines(file);
        if (!lines.isEmpty()) {
          progress(file.getFileName() + ": " + lines.getLast());
        }
      }
    }
  }
}
