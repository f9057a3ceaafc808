package io.hubspoke.lab;

import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The control plane of {@code hubspoke scale}, in a process of its own, until its input ends. */
@Command(
    name = "control-plane",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Runs apiserver, controller manager and scheduler until the input ends.",
    footer = {"", "Example:", "  hubspoke scale control-plane --dir lab"})
final class ScaleControlPlaneCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "Where certificates, keys and kubeconfig files go.")
  private Path directory;

  @Option(
      names = "--address",
      defaultValue = "",
      paramLabel = "IP",
      description = "Where the apiserver serves (default: an address of loopback).")
  private String address;

  @Override
  public Integer call() throws Exception {
    var controlPlane = new LocalControlPlane(directory, address);
    var out = spec.commandLine().getOut();
    out.println(controlPlane.ready().json());
    out.flush();
    System.in.transferTo(OutputStream.nullOutputStream());
    // What is in memory is nobody's once the nodes are gone: the process just ends.
    return controlPlane.isAlive() ? 0 : 1;
  }
}
