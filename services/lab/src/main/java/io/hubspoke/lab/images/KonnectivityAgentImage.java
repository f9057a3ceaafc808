package io.hubspoke.lab.images;

import io.hubspoke.konnectivity.agent.KonnectivityAgent;
import io.hubspoke.konnectivity.agent.KonnectivityAgentCommand;
import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.runtime.Program.Surroundings;
import io.vertx.core.Deployable;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Image {@code hubspoke/proxy-agent}: a Konnectivity agent that is the process of a container, with
 * the flags of the real one. Files are those of its pod's mounts, and what it serves is on its
 * pod's address.
 */
public final class KonnectivityAgentImage {
  public static final String NAME = "hubspoke/proxy-agent";

  private static final String ENTRYPOINT = "/proxy-agent";
  private static final String NAMESPACE = "kube-system";

  private KonnectivityAgentImage() {}

  public static InProcessImage image() {
    return new InProcessImage(NAME, ENTRYPOINT, Agent::new);
  }

  private static final class Agent extends VerticleProgram<KonnectivityAgentOptions> {
    private static final Set<String> FILES =
        Set.of("--ca-cert", "--agent-cert", "--agent-key", "--service-account-token-path");

    /** A kubeconfig names files in its turn, and without one it would be this process's own. */
    private static final Set<String> NOT_HERE = Set.of("--kubeconfig", "--count-server-leases");

    Agent(Surroundings given) {
      super(given, 0);
    }

    @Override
    Deployable verticle(KonnectivityAgentOptions options) {
      return new KonnectivityAgent(options);
    }

    @Override
    String name() {
      return "the agent";
    }

    /**
     * What it connects to is on its node's network, which takes more than the right to run pods.
     */
    private void checkPermitted() {
      var namespace = given.config().pod().getMetadata().getNamespace();
      if (!NAMESPACE.equals(namespace)) {
        throw new IllegalArgumentException(
            "namespace \"%s\": agents connect from the node's network, from namespace %s alone"
                .formatted(namespace, NAMESPACE));
      }
    }

    @Override
    KonnectivityAgentOptions options() throws IOException {
      checkPermitted();
      var line = new ArrayList<String>();
      for (var argument : given.arguments()) {
        line.add(onHost(argument));
      }
      var command = new KonnectivityAgentCommand();
      try {
        // Such a file would be one of this process.
        new CommandLine(command).setExpandAtFiles(false).parseArgs(line.toArray(String[]::new));
      } catch (ParameterException e) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
      var options = command.options();
      return options.withServing(options.health().map(at -> inPod(at.port())).orElse(null), null);
    }

    private SocketAddress inPod(int port) {
      return SocketAddress.inetSocketAddress(port, given.listenIp());
    }

    /** This process could read any of the machine's files: a flag says which of the pod's. */
    private String onHost(String argument) throws IOException {
      var equals = argument.indexOf('=');
      var flag = equals < 0 ? argument : argument.substring(0, equals);
      if (NOT_HERE.contains(flag)) {
        throw new IllegalArgumentException(
            flag
                + " is not supported in a pod of this node: the apiserver is not asked from there");
      }
      if (!FILES.contains(flag)) {
        return argument;
      }
      if (equals < 0) {
        throw new IllegalArgumentException(flag + " must be given as " + flag + "=FILE");
      }
      return flag + "=" + given.files().file(argument.substring(equals + 1));
    }
  }
}
