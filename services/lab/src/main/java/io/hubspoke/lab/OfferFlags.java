package io.hubspoke.lab;

import io.hubspoke.lab.cluster.LabAddress;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Which lab cluster a process joins, and how its nodes join the lab's control plane. */
final class OfferFlags extends DiscoveryFlags {
  @Option(
      names = "--join",
      required = true,
      paramLabel = "HOST:PORT",
      description = "The --lab-address of a running hubspoke scale.")
  private String lab;

  @Option(
      names = "--lab-keys",
      required = true,
      paramLabel = "DIR",
      description =
          "The lab's ca.crt, member.crt and member.key: who has them is a member, may read all"
              + " that members tell each other and give them orders.")
  private Path keys;

  @Option(
      names = "--lab-address",
      paramLabel = "HOST[:PORT]",
      description =
          "Where this one listens for other members, by mutual TLS; the next port is its event bus's"
              + " (default: any ports of the address from which this machine reaches the lab).")
  private String own;

  Path keys() {
    return keys;
  }

  LabAddress lab(CommandSpec spec) {
    return parsed(spec, "--join ", () -> LabAddress.parse(lab));
  }

  LabAddress own(CommandSpec spec) throws IOException {
    if (own == null) {
      return new LabAddress(lab(spec).reachedFrom(), 0);
    }
    return parsed(
        spec, "--lab-address ", () -> LabAddress.parse(own.contains(":") ? own : own + ":0"));
  }
}
