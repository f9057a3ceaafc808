package io.hubspoke.testing;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Linux tells of its sockets (proc_net_tcp.txt of its documentation). */
public final class KernelSockets {
  private KernelSockets() {}

  /** Returns how many bytes the other end's kernel doesn't have yet; 0 when there is no socket. */
  public static long unacknowledged(Socket socket) throws IOException {
    String local = "%04X".formatted(socket.getLocalPort());
    String remote = "%04X".formatted(socket.getPort());
    for (String table : List.of("tcp", "tcp6")) {
      for (String line : Files.readAllLines(Path.of("/proc/net/" + table))) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields[1].endsWith(":" + local) && fields[2].endsWith(":" + remote)) {
          return Long.parseLong(fields[4].substring(0, 8), 16);
        }
      }
    }
    return 0;
  }
}
