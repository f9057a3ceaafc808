package io.hubspoke.lab;

import io.hubspoke.apiserver.ApiserverCommand;
import io.hubspoke.controllermanager.ControllerManagerCommand;
import io.hubspoke.konnectivity.agent.KonnectivityAgentCommand;
import io.hubspoke.konnectivity.server.KonnectivityServerCommand;
import io.hubspoke.kubelet.KubeletCommand;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubeproxy.KubeProxyCommand;
import io.hubspoke.kubeproxy.Proxiers;
import io.hubspoke.lab.images.ApiClientImage;
import io.hubspoke.lab.images.KonnectivityAgentImage;
import io.hubspoke.lab.images.KubeProxies;
import io.hubspoke.lab.images.WebhookImage;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Logging;
import io.hubspoke.runtime.NetworkNamespace;
import io.hubspoke.scheduler.SchedulerCommand;
import io.hubspoke.sshd.SshdCommand;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code hubspoke} command: meshes and their audit, and each component by itself. */
@Command(
    name = "hubspoke",
    mixinStandardHelpOptions = true,
    version = "hubspoke " + Hubspoke.VERSION + " (Kubernetes v1.33)",
    description = "A wind tunnel for Kubernetes control-plane and node networking.",
    footer = {"", "Example:", "  hubspoke up --nodes 3 --dir lab"})
public final class Hubspoke implements Runnable {
  static final String VERSION = "0.1.0";

  @Spec private CommandSpec spec;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Log more: -v what happens, -vv every step.")
  void verbose(boolean[] given) {
    Logging.level(given.length > 1 ? "DEBUG" : "INFO");
  }

  @Option(
      names = "--logging-format",
      scope = ScopeType.INHERIT,
      paramLabel = "FORMAT",
      description = "Log lines as text, or as json: an object each.")
  void loggingFormat(String format) {
    try {
      Logging.format(format);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--logging-format: " + e.getMessage(), e);
    }
  }

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  /** Runs the command line and ends the JVM with its status. */
  public static void main(String[] arguments) {
    System.exit(unwinds(arguments) ? Unwinding.run(() -> run(arguments)) : run(arguments));
  }

  /** Whether more than this process has to be put right when it is told to end. */
  private static boolean unwinds(String... arguments) {
    return switch (command(arguments)) {
      case "bench" -> true;
      case "audit" -> List.of(arguments).contains("--in-cluster");
      default -> false;
    };
  }

  /** Returns what is to be run, before which there may be flags of all commands. */
  static String command(String... arguments) {
    return Arrays.stream(arguments)
        .filter(word -> PARTS.stream().anyMatch(part -> part.names.contains(word)))
        .findFirst()
        .orElse("");
  }

  /** Runs a command line: 0 when all went well, 1 when it failed, 2 when it made no sense. */
  static int run(String... arguments) {
    return commandLine(arguments).execute(Verbosity.asOneWord(arguments));
  }

  /** A command, with the names of the real binary if it is a component. */
  private record Part(Supplier<Object> make, List<String> names) {}

  private static final List<Part> PARTS =
      List.of(
          new Part(UpCommand::new, List.of("up")),
          new Part(TokenCommand::new, List.of("token")),
          new Part(JoinCommand::new, List.of("join")),
          new Part(CertsCommand::new, List.of("certs")),
          new Part(DemoCommand::new, List.of("demo")),
          new Part(AuditCommand::new, List.of("audit")),
          new Part(ScaleCommand::new, List.of("scale")),
          new Part(NetnsDemoCommand::new, List.of("netns-demo")),
          new Part(BenchCommand::new, List.of("bench")),
          new Part(ApiserverCommand::new, List.of("apiserver", "kube-apiserver")),
          new Part(
              ControllerManagerCommand::new,
              List.of("controller-manager", "kube-controller-manager")),
          new Part(SchedulerCommand::new, List.of("scheduler", "kube-scheduler")),
          new Part(() -> new KubeletCommand(Hubspoke::images), List.of("kubelet")),
          new Part(KubeProxyCommand::new, List.of("kube-proxy")),
          new Part(KonnectivityServerCommand::new, List.of("proxy-server")),
          new Part(KonnectivityAgentCommand::new, List.of("proxy-agent")),
          new Part(SshdCommand::new, List.of("sshd")));

  /** Returns all commands, or only the one that these arguments begin with. */
  static CommandLine commandLine(String... arguments) {
    var line = new CommandLine(new Hubspoke());
    // What is known of a command is read by reflection and kept: thousands of flags of all.
    var wanted =
        PARTS.stream()
            .filter(part -> arguments.length > 0 && part.names.contains(arguments[0]))
            .toList();
    for (var part : wanted.isEmpty() ? PARTS : wanted) {
      var aliases = part.names.stream().skip(1).toArray(String[]::new);
      line.addSubcommand(part.names.getFirst(), part.make.get(), aliases);
    }
    return line
        // As Go's flags: the last one counts.
        .setOverwrittenOptionsAllowed(true)
        .setParameterExceptionHandler(Hubspoke::misused)
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              command.getErr().println("error: " + Component.reason(failure));
              return 1;
            });
  }

  /** What a node that is a process of its own has beside the runtime's own images. */
  static List<InProcessImage> images(Path rootDir) {
    return List.of(
        new KubeProxies(
                rootDir.resolve("kube-proxies"),
                node -> Proxiers.standard(),
                NetworkNamespace.isOwn())
            .image(),
        ApiClientImage.of(UnaryOperator.identity()),
        WebhookImage.image(),
        KonnectivityAgentImage.image());
  }

  /** One line that says what is wrong, and one that says where to read on. */
  private static int misused(ParameterException failure, String[] arguments) {
    PrintWriter err = failure.getCommandLine().getErr();
    var reason = failure.getMessage().lines().findFirst().orElse("bad arguments");
    // Of groups of options picocli says so itself.
    reason = reason.startsWith("Error: ") ? reason.substring("Error: ".length()) : reason;
    var name = failure.getCommandLine().getCommandSpec().qualifiedName();
    err.println("error: " + reason + " (see " + name + " --help)");
    return 2;
  }
}
