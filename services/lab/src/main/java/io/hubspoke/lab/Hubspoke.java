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
import io.hubspoke.lab.images.KubeProxies;
import io.hubspoke.lab.images.WebhookImage;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Logging;
import io.hubspoke.runtime.NetworkNamespace;
import io.hubspoke.scheduler.SchedulerCommand;
import io.hubspoke.sshd.SshdCommand;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
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
    subcommands = {
      UpCommand.class,
      TokenCommand.class,
      JoinCommand.class,
      CertsCommand.class,
      DemoCommand.class,
      AuditCommand.class,
      ScaleCommand.class,
      NetnsDemoCommand.class,
      BenchCommand.class
    },
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

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  /** Runs the command line and ends the JVM with its status. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /** Runs a command line: 0 when all went well, 1 when it failed, 2 when it made no sense. */
  static int run(String... arguments) {
    return commandLine().execute(arguments);
  }

  /** The components are known by the names of the real binaries too. */
  static CommandLine commandLine() {
    return new CommandLine(new Hubspoke())
        .addSubcommand("apiserver", new ApiserverCommand(), "kube-apiserver")
        .addSubcommand(
            "controller-manager", new ControllerManagerCommand(), "kube-controller-manager")
        .addSubcommand("scheduler", new SchedulerCommand(), "kube-scheduler")
        .addSubcommand("kubelet", new KubeletCommand(Hubspoke::images))
        .addSubcommand("kube-proxy", new KubeProxyCommand())
        .addSubcommand("proxy-server", new KonnectivityServerCommand())
        .addSubcommand("proxy-agent", new KonnectivityAgentCommand())
        .addSubcommand("sshd", new SshdCommand())
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
        WebhookImage.image());
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
