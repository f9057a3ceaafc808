package io.hubspoke.lab;

import io.hubspoke.lab.cluster.LabAddress;
import java.io.IOException;
import java.io.PrintWriter;

/** Says who can reach a member of a lab cluster, where that is more than this machine. */
final class LabWarning {
  private LabWarning() {}

  static void unlessLoopback(LabAddress address, PrintWriter err) throws IOException {
    try {
      if (address.isLoopback()) {
        return;
      }
    } catch (IOException e) {
      throw new IOException("--lab-address " + address + ": no such host", e);
    }
    err.printf(
        "warning: other machines reach this member of the lab at %s; it lets in whoever has a"
            + " key of --lab-keys%n",
        address);
    err.flush();
  }
}
